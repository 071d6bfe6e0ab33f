"""What the exchange tells of the account's balances and positions, as its frames are handled."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog

from connector.domain import MarketType
from connector.errors import Unsupported
from connector.exchange.account import AccountData
from connector.exchange.channel import Leave, OnError
from connector.exchange.private_channel import ALL, private_channel, wait_until_open
from connector.exchange.readable import readable
from connector.exchange.session import Session
from connector.exchange.sockets import hang_up
from connector.trading import Position

log = structlog.get_logger(__name__)


class AccountEvents:
    """Balances and positions of one session's account.

    Frames of balances are taken as news alone: most tell wallets and not what is free of them, nor
    margins. Errors:  Denied without credentials, Unsupported where ccxt streams none, Transient.
    """

    def __init__(self, session: Session, account: AccountData) -> None:
        self._session, self._account = session, account
        ccxt = session.ccxt
        self._balances = private_channel(
            session, "balances", lambda: ccxt.watch_balance(), _undivided
        )
        self._positions = private_channel(
            session, "positions", lambda: ccxt.watch_positions(), _undivided
        )

    @property
    def tells_balances(self) -> bool:
        """Whether the exchange streams balances."""
        return self._session.offers("watchBalance")

    @property
    def tells_positions(self) -> bool:
        """Whether the exchange streams positions."""
        is_swap = self._session.market_type is MarketType.SWAP
        return is_swap and self._session.offers("watchPositions")

    async def close(self) -> None:
        """Stop keeping subscriptions."""
        await self._balances.close()
        await self._positions.close()

    def listen_balances(self, on_news: Callable[[None], None], on_error: OnError) -> Leave:
        """Hear that balances changed."""
        if not self.tells_balances:
            raise Unsupported(f"{self._session.ccxt.id} streams no balances")
        return self._balances.listen(ALL, lambda _: on_news(None), on_error)

    def listen_positions(self, on_position: Callable[[Position], None], on_error: OnError) -> Leave:
        """Hear every position that a frame tells; a closed one has size 0."""
        if not self.tells_positions:
            raise Unsupported(f"{self._session.ccxt.id} streams no positions")

        def hear(raws: Any) -> None:
            for raw in _rows(raws):
                position = readable("position", lambda raw=raw: self._account.heard(raw))
                if position is not None:
                    on_position(position)

        return self._positions.listen(ALL, hear, on_error)

    async def balances_opened(self) -> None:
        """Wait until the websocket that tells balances is open. Errors: Transient after 10 s."""
        await wait_until_open(self._session, self._balances.owns)

    async def positions_opened(self) -> None:
        """Wait until the websocket that tells positions is open. Errors: Transient after 10 s."""
        await wait_until_open(self._session, self._positions.owns)

    def hang_up(self) -> None:
        """Open the websocket of positions anew, with a new listen key.

        For one that is open and deaf, as behind an expired key; one that is away is let alone.
        """
        ccxt, owns = self._session.ccxt, self._positions.owns
        clients: Iterable[Any] = ccxt.clients.values()
        served = [c for c in clients if any(owns(each) for each in c.listeners.values())]
        if not any(client.isConnected for client in served):
            return
        log.warning("private stream is deaf: positions changed and nothing was heard")
        self._session.way.forget_listen_key(ccxt)
        hang_up(ccxt, owns)


def _undivided(told: Any) -> Iterable[tuple[str, Any]]:
    return [(ALL, told)]


def _rows(raws: Any) -> Iterable[Mapping[str, Any]]:
    """Take one structure, or a list of them."""
    rows = raws if isinstance(raws, list) else [raws]
    return [row for row in rows if isinstance(row, Mapping)]
