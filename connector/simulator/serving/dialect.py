"""What the exchange asks of a dialect, and what it gives it to speak of."""

from collections.abc import Callable, Collection
from typing import Protocol

import msgspec
from aiohttp import web

from connector.simulator.config import SimulatorConfig
from connector.simulator.market.market import Market, MarketListener
from connector.simulator.serving.faults import Faults
from connector.simulator.serving.session import Session
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.events import TradingListener
from connector.simulator.trading.order import Order
from connector.simulator.trading.rules import Rules
from connector.simulator.trading.settings import Settings


class Exchange(msgspec.Struct, frozen=True):
    """All that a dialect speaks of."""

    config: SimulatorConfig
    market: Market
    desk: Desk
    settings: Settings
    faults: Faults
    now_ms: Callable[[], int]
    """The clock that requests are checked by, which may be ahead of what has happened."""
    catch_up: Callable[[], object]
    """Let what is due happen, and send it."""
    checks_timestamps: bool
    told_ms: Callable[[], int]
    """What it says when it is asked for the time."""


class Sockets(Protocol):
    """A dialect's hub, whatever its sessions are; `Hub` says what each does."""

    too_slow: int
    deliver: Callable[[Session], None]

    @property
    def sessions(self) -> Collection[Session]: ...  # noqa: D102

    async def until(self, condition: Callable[[], bool]) -> None: ...  # noqa: D102

    def flush(self) -> None: ...  # noqa: D102

    def flush_soon(self) -> None: ...  # noqa: D102

    def subscriptions(self) -> dict[str, int]: ...  # noqa: D102

    def forget(  # noqa: D102
        self, chosen: Callable[[Session], bool], meant: Callable[[str], bool]
    ) -> None: ...

    def send_raw(self, stream_name: str | None, text: str) -> int: ...  # noqa: D102

    def tell_changed(self) -> None: ...  # noqa: D102


class Dialect(MarketListener, TradingListener, Protocol):
    """One exchange's protocol over the market and the account: hears both, and serves."""

    rules: Rules
    """What it makes of orders that can't be kept as asked."""

    @property
    def hub(self) -> Sockets:
        """Its websockets and their subscriptions."""
        ...

    @property
    def muted(self) -> bool:
        """While true, the account's events are lost on their way."""
        ...

    @muted.setter
    def muted(self, muted: bool) -> None: ...

    @property
    def private_sockets(self) -> int:
        """Websockets that hear the account's events."""
        ...

    def application(self, exchange: Exchange) -> web.Application:
        """Serve; called once, before the exchange listens."""
        ...

    async def close_websockets(self) -> None:
        """Say goodbye to every websocket."""
        ...

    def order_id(self, order: Order) -> str:
        """Write an order's id as clients see it."""
        ...

    def expire_listen_keys(self, at_ms: int) -> None:
        """End the listen key, and say so; NotImplementedError where there are none."""
        ...
