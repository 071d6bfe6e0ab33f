import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.simulator.on_loopback import WITHIN, Exchange


@pytest.fixture
async def exchanges() -> AsyncIterator[Callable[..., Awaitable[Exchange]]]:
    """Start exchanges; afterwards each is stopped, and no task is left."""
    before = {asyncio.current_task(), *asyncio.all_tasks()}
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
        while left := asyncio.all_tasks() - before - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=0.05)


@pytest.fixture
async def exchange(exchanges: Callable[..., Awaitable[Exchange]]) -> Exchange:
    """Three symbols, five trades of each in a second that the manual clock is moved on by."""
    return await exchanges(symbols=("BTCUSDT", "ETHUSDT", "1000SATSUSDT"))
