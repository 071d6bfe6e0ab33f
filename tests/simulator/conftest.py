import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro
import pytest

from connector.simulator import ManualClock, Simulator, SimulatorConfig

START_MS = 1_749_993_342_250
"""2025-06-15 13:15:42.250 UTC, a Sunday: in the middle of a minute, quarter, hour, day and week."""

WITHIN = 5.0
"""Seconds that any wait may last."""

Frames = list[tuple[str, str]]


class Exchange(Simulator):
    """A simulator on a manual clock that keeps what it sent."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("start_ms", START_MS)
        self.sent: Frames = []
        super().__init__(
            SimulatorConfig(**settings),
            clock=ManualClock(),
            on_frame=lambda stream, text: self.sent.append((stream, text)),
        )


@pytest.fixture
async def exchanges() -> AsyncIterator[Callable[..., Awaitable[Exchange]]]:
    """Start exchanges; afterwards each is stopped, and no task is left."""
    before = asyncio.all_tasks()
    started: list[Exchange] = []

    async def start(**settings: Any) -> Exchange:
        exchange = Exchange(**settings)
        await exchange.start()
        started.append(exchange)
        return exchange

    yield start
    for exchange in started:
        await exchange.stop()
    async with asyncio.timeout(WITHIN):
        while asyncio.all_tasks() - before - {asyncio.current_task()}:
            await asyncio.sleep(0)


@pytest.fixture
async def exchange(exchanges: Callable[..., Awaitable[Exchange]]) -> Exchange:
    """Three symbols that trade by hand only, beside five times a second each once advanced."""
    return await exchanges(symbols=("BTCUSDT", "ETHUSDT", "1000SATSUSDT"), updates_per_second=5.0)


def pointed_at(urls: Any, rest_url: str, ws_url: str) -> Any:
    """Put our own host into every address of a table, however deep."""
    if isinstance(urls, dict):
        return {key: pointed_at(value, rest_url, ws_url) for key, value in urls.items()}
    scheme, _, rest = urls.partition("://")
    path = rest.partition("/")[2]
    return f"{ws_url if scheme.startswith('ws') else rest_url}/{path}"


@asynccontextmanager
async def ccxt_client(simulator: Simulator) -> AsyncIterator[Any]:
    """Give ccxt's own class, with exact numbers, all its addresses on loopback."""
    client: Any = ccxt.pro.binanceusdm({"enableRateLimit": False, "newUpdates": True})
    client.number = str
    client.urls["api"] = pointed_at(client.urls["api"], simulator.rest_url, simulator.ws_url)
    try:
        yield client
    finally:
        await client.close()
