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

WITHIN_S = 5.0
"""Bound of every wait."""


class Served:
    """The exchange, whose clock the test moves, the connector, and a client with only the proto."""

    def __init__(
        self, exchange: Simulator, connector: Connector, channel: grpc.aio.Channel
    ) -> None:
        self.exchange, self.connector, self.channel = exchange, connector, channel
        self.stub = ExchangeServiceStub(channel)

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
    **server: Any,
) -> AsyncGenerator[Served]:
    """Serve an exchange: `exchange` are SimulatorConfig's settings, `feeds` the config's part."""
    settings: dict[str, Any] = {"start_ms": START_MS, "updates_per_second": 0, "symbols": 3}
    settings |= exchange or {}
    simulator = Simulator(msgspec.convert(settings, SimulatorConfig), clock=ManualClock())
    async with contextlib.AsyncExitStack() as stack:
        await simulator.start()
        stack.push_async_callback(simulator.stop)
        config = Config.model_validate(
            {
                "exchange": {
                    "id": "binanceusdm",
                    "api_key": (keys and simulator.config.api_key) or "",
                    "api_secret": (keys and simulator.config.api_secret) or "",
                    "ccxt": {"urls": embedded_urls(simulator.rest_url, simulator.ws_url)},
                },
                "state": {"path": ":memory:"},
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


@pytest.fixture
async def serve(no_task_left: None) -> AsyncIterator[Serve]:
    """Serve an exchange, as `serving` does; afterwards nothing of it is left."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*settings: Any, **named: Any) -> Served:
            return await stack.enter_async_context(serving(*settings, **named))

        yield start
