"""A whole connector in this process: embedded exchange, real ccxt, real gRPC over loopback."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import msgspec
import pytest
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from connector.app import Connector
from connector.config import Config
from connector.exchange.embedded import embedded_urls
from connector.simulator import ManualClock, Simulator, SimulatorConfig

START_MS = 1_749_993_342_250
"""In the middle of a minute."""

SOON_LOST = {"recvWindow": 400}

WITHIN_S = 5.0
"""Bound of every wait."""


DIALECTS = ("binance", "bybit")

CLASSES = {"binance": "binanceusdm", "bybit": "bybit"}

PATHS = {
    "binance": {
        "markets": ("GET", "/fapi/v1/exchangeInfo"),
        "place": ("POST", "/fapi/v1/order"),
        "place batch": ("POST", "/fapi/v1/batchOrders"),
        "cancel": ("DELETE", "/fapi/v1/order"),
        "cancel batch": ("DELETE", "/fapi/v1/batchOrders"),
        "cancel all": ("DELETE", "/fapi/v1/allOpenOrders"),
        "order": ("GET", "/fapi/v1/order"),
        "open orders": ("GET", "/fapi/v1/openOrders"),
        "own trades": ("GET", "/fapi/v1/userTrades"),
        "private websocket": ("POST", "/fapi/v1/listenKey"),
    },
    "bybit": {
        "markets": ("GET", "/v5/market/instruments-info"),
        "place": ("POST", "/v5/order/create"),
        "place batch": ("POST", "/v5/order/create-batch"),
        "cancel": ("POST", "/v5/order/cancel"),
        "cancel batch": ("POST", "/v5/order/cancel-batch"),
        "cancel all": ("POST", "/v5/order/cancel-all"),
        "order": ("GET", "/v5/order/realtime"),
        "open orders": ("GET", "/v5/order/realtime"),
        "own trades": ("GET", "/v5/execution/list"),
        "private websocket": ("GET", "/v5/private"),
    },
}
TOPICS = {
    "binance": {"ticker": "{lower}@ticker", "kline": "{lower}@kline_1m"},
    "bybit": {"ticker": "tickers.{symbol}", "kline": "kline.1.{symbol}"},
}


class Served:
    """The exchange, whose clock the test moves, the connector, and a client with only the proto."""

    def __init__(
        self, exchange: Simulator, connector: Connector, channel: grpc.aio.Channel
    ) -> None:
        self.exchange, self.connector, self.channel = exchange, connector, channel
        self.stub = ExchangeServiceStub(channel)

    @property
    def dialect(self) -> str:
        """Whose protocol the exchange speaks."""
        return self.exchange.config.dialect

    def path(self, of: str) -> tuple[str, str]:
        """Give method and path of what the exchange is asked for."""
        return PATHS[self.dialect][of]

    def lose(self, of: str, how: str) -> None:
        """Cut one question's connection; aiohttp repeats a DELETE, so that one is cut twice."""
        method, path = self.path(of)
        self.exchange.fail_next(method, path, how, 2 if method == "DELETE" else 1)

    def topic(self, of: str, symbol: str = "BTCUSDT") -> str:
        """Give the exchange's name of a stream."""
        return TOPICS[self.dialect][of].format(symbol=symbol, lower=symbol.lower())

    async def until_private_topics(self) -> None:
        """Wait until the exchange has all that tells of orders: a socket, or two topics."""
        topics = {"order", "execution"} if self.dialect == "bybit" else set[str]()
        await self.until(
            lambda: self.exchange.private_connections == 1 and topics <= self.upstream()
        )

    def upstream(self) -> set[str]:
        """Which streams the exchange is asked for now."""
        return set(self.exchange.subscriptions())

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait, bounded, until a condition holds."""
        async with asyncio.timeout(WITHIN_S):
            while not met():
                await asyncio.sleep(0.002)


async def take(call: Any, count: int) -> list[Any]:
    """Read so many messages of a stream, bounded."""
    messages: list[Any] = []
    async with asyncio.timeout(WITHIN_S):
        while len(messages) < count:
            message = await call.read()
            assert message is not grpc.aio.EOF, f"ended: {await call.code()} {await call.details()}"
            messages.append(message)
    return messages


@contextlib.asynccontextmanager
async def serving(
    exchange: dict[str, Any] | None = None,
    feeds: dict[str, Any] | None = None,
    keys: bool = True,
    dialect: str = "binance",
    state: str = ":memory:",
    at: Simulator | None = None,
    options: dict[str, Any] | None = None,
    **server: Any,
) -> AsyncGenerator[Served]:
    """Serve an exchange: `exchange` are SimulatorConfig's settings, `feeds` the config's part.

    `at` is an exchange that runs already, `options` are ccxt's: unasked, what is lost counts as
    lost soon, which an exchange with a clock of its own doesn't check.
    """
    settings: dict[str, Any] = {"start_ms": START_MS, "updates_per_second": 0, "symbols": 3}
    settings |= {"dialect": dialect, **(exchange or {})}
    simulator = at or Simulator(msgspec.convert(settings, SimulatorConfig), clock=ManualClock())
    async with contextlib.AsyncExitStack() as stack:
        if at is None:
            await simulator.start()
            stack.push_async_callback(simulator.stop)
        config = Config.model_validate(
            {
                "exchange": {
                    "id": CLASSES[dialect],
                    "api_key": (keys and simulator.config.api_key) or "",
                    "api_secret": (keys and simulator.config.api_secret) or "",
                    "ccxt": {
                        "urls": embedded_urls(simulator.rest_url, simulator.ws_url, dialect),
                        "options": SOON_LOST if options is None else options,
                    },
                },
                "state": {"path": state},
                "server": {"port": 0, "refusal_pause_ms": 20, **server},
                "feeds": {"linger_s": 0.1, **(feeds or {})},
            }
        )
        connector = await stack.enter_async_context(Connector(config))
        channel = await stack.enter_async_context(
            grpc.aio.insecure_channel(f"127.0.0.1:{connector.port}")
        )
        async with asyncio.timeout(WITHIN_S):
            await connector.ready()
        yield Served(simulator, connector, channel)


Serve = Callable[..., Awaitable[Served]]


both_dialects = pytest.mark.parametrize("dialect", DIALECTS, indirect=True)
"""Marks tests that hold for whichever exchange is embedded.

Binance alone embeds what another protocol can't change: refusals by the server, limits, keys, TLS,
own pipelines, bridge and buffers, metrics and spans; listen keys, mark price streams and frames
written by hand, which are its own; and the count of a thousand subscriptions, which takes seconds.
"""


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """Whose protocol the exchange speaks: Binance's, where a test doesn't ask for others."""
    return str(getattr(request, "param", "binance"))


@pytest.fixture
async def serve(no_task_left: None, dialect: str) -> AsyncIterator[Serve]:
    """Serve an exchange, as `serving` does; afterwards nothing of it is left."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*settings: Any, **named: Any) -> Served:
            return await stack.enter_async_context(serving(*settings, dialect=dialect, **named))

        yield start
