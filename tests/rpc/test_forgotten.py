"""An exchange that forgets a subscription while its websocket lives, which no ping finds."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc

from connector import metrics
from tests.rpc.conftest import Serve, Served, both_dialects

FEEDS = ("price", "klines")
SOON = {"stale_s": 0.3}
LIVELY = {"updates_per_second": 50}


@contextlib.asynccontextmanager
async def living(served: Served) -> AsyncGenerator[None]:
    """Let the exchange's time go on."""

    async def go_on() -> None:
        while True:
            served.exchange.advance(0.02)
            await asyncio.sleep(0.02)

    going = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)


@pytest.fixture
async def read() -> AsyncIterator[Any]:
    """Read a call to its end, and give what has come of it so far."""
    reading: list[asyncio.Task[None]] = []

    def begin(call: Any) -> list[Any]:
        messages: list[Any] = []

        async def collect() -> None:
            async for message in call:
                messages.append(message)

        reading.append(asyncio.create_task(collect()))
        return messages

    yield begin
    for each in reading:
        each.cancel()
    await asyncio.gather(*reading, return_exceptions=True)


def renewed(feed: str) -> float:
    return metrics.RENEWED.labels(feed)._value.get()  # pyright: ignore[reportPrivateUsage]


async def until_news(served: Served, messages: list[Any], symbol: str) -> None:
    """Wait for a value of this symbol that differs from all that came before."""
    known = {str(each) for each in messages if each.symbol == symbol}
    await served.until(lambda: any(str(m) not in known for m in messages if m.symbol == symbol))


@both_dialects
async def test_a_forgotten_symbol_is_subscribed_anew_and_the_others_go_on(
    serve: Serve, read: Any
) -> None:
    served = await serve(LIVELY, SOON)
    stub: Any = served.stub
    symbols = ["BTCUSDT", "ETHUSDT"]
    prices = read(stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=symbols)))
    bars = read(stub.SubscribeKlines(rpc.SubscribeKlinesRequest(symbols=symbols, interval="1m")))
    async with living(served):
        for messages in (prices, bars):
            for symbol in symbols:
                await until_news(served, messages, symbol)
        before = [renewed(feed) for feed in FEEDS]
        lost = metrics.SOCKETS_LOST._value.get()  # pyright: ignore[reportPrivateUsage]

        served.exchange.begin_fault("forget:symbols=BTCUSDT")

        assert not any("BTCUSDT" in each.upper() for each in served.upstream())
        await served.until(lambda: served.topic("ticker") in served.upstream())
        await served.until(lambda: served.topic("kline") in served.upstream())
        await until_news(served, prices, "BTCUSDT")
        await until_news(served, bars, "BTCUSDT")
        assert all(renewed(feed) > was for feed, was in zip(FEEDS, before, strict=True))
        assert metrics.SOCKETS_LOST._value.get() == lost  # pyright: ignore[reportPrivateUsage]
