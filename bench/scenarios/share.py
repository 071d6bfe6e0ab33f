"""Our share of a tick: from the value that was read to the bytes that gRPC writes, in this process.

Neither ccxt nor the fast lane's decoding comes before it, nor gRPC's write after it. Its floor is
the message alone, made and serialised.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import cast

from bench.report import Result
from bench.run import Run, Scenario
from connector import wire
from connector.config import FeedsConfig, PriceFeed
from connector.domain import Price, PriceSource
from connector.exchange.channel import Channel, OnError
from connector.exchange.market_data import MarketData
from connector.feeds import Feeds
from connector.grpc.bridge import Bridge
from connector.grpc.buffers import LatestByKey
from connector.grpc.serialised import Once
from connector.observables import PrivateSources, Sources
from connector.observables.price import price
from connector.scheduling import LoopScheduler
from connector.wire import PriceChange

ITEMS, ROUNDS = 5_000, 9
SUBSCRIBED_S = 0.1
SYMBOL = "BTC/USDT:USDT"


class _Source:
    """As much of the exchange's side as a price's way needs: a channel, and nobody behind it."""

    def __init__(self) -> None:
        self.channel = Channel("Tickers", _nothing, _nothing, lambda _: ())

    def listen_price(
        self, symbol: str, _: PriceSource, on_price: Callable[[Price], None], on_error: OnError
    ) -> Callable[[], None]:
        return self.channel.listen(symbol, on_price, on_error)

    def renew_price(self, symbol: str, _: PriceSource) -> bool:
        return self.channel.renew(symbol)

    def price_settled(self, symbol: str, _: PriceSource) -> bool:
        return self.channel.settled(symbol)

    def price(self, symbol: str) -> object:
        stale = FeedsConfig().stale
        return price(cast("MarketData", self), symbol, PriceSource.TICKER, stale)

    def price_tick(self, _: str) -> Decimal:
        return Decimal("0.1")

    def canonical(self, symbol: str) -> str:
        return symbol

    def now_ms(self) -> int:
        return 0


async def _nothing(_: Sequence[str]) -> None:
    """Subscribe to nothing."""


async def _measure(run: Run, result: Result) -> None:
    one, many, message = await _us(1), await _us(10), _message_us()
    result.beside(
        "one client, CPU us a tick (floor: the message alone)",
        "us",
        one,
        floor=message,
        target="8",
        digits=1,
    )
    result.beside("ten clients, CPU us a message written", "us_of_ten", many / 10, digits=1)
    result.beside(
        "one client, its waiting task woken up too", "us_woken", await _woken_us(), digits=1
    )


async def _us(clients: int) -> float:
    """Give the CPU microseconds of a tick, best of some rounds."""
    async with _fed() as (channel, feeds, scheduler):
        once = Once(PriceChange.SerializeToString)
        bridges = [_bridge(feeds, scheduler) for _ in range(clients)]
        for bridge in bridges:
            await bridge.__aenter__()
        await asyncio.sleep(SUBSCRIBED_S)
        least = float("inf")
        for round_ in range(ROUNDS):
            prices = _prices(round_)
            began = time.process_time()
            for told in prices:
                channel.deliver(SYMBOL, told)
                for bridge in bridges:
                    once(await anext(bridge))
            least = min(least, time.process_time() - began)
        for bridge in bridges:
            await bridge.__aexit__(None, None, None)
    return least / ITEMS * 1e6


async def _woken_us() -> float:
    """Give the same where each tick finds its reader waiting, less the empty turns of the loop."""
    async with _fed() as (channel, feeds, scheduler):
        once = Once(PriceChange.SerializeToString)

        async def read() -> None:
            async with _bridge(feeds, scheduler) as bridge:
                async for message in bridge:
                    once(message)

        reading = asyncio.create_task(read())
        await asyncio.sleep(SUBSCRIBED_S)
        least = empty = float("inf")
        for round_ in range(ROUNDS):
            prices = _prices(round_)
            began = time.process_time()
            for told in prices:
                channel.deliver(SYMBOL, told)
                await asyncio.sleep(0)
            between = time.process_time()
            for _ in prices:
                await asyncio.sleep(0)
            least = min(least, between - began)
            empty = min(empty, time.process_time() - between)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return (least - empty) / ITEMS * 1e6


def _message_us() -> float:
    """Give what a price costs that is nothing but made into its message and serialised."""
    prices, least = _prices(0), float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for told in prices:
            wire.encode_price(told, "binance", SYMBOL).SerializeToString()
        least = min(least, time.process_time() - began)
    return least / ITEMS * 1e6


@asynccontextmanager
async def _fed() -> AsyncGenerator[tuple[Channel, Feeds, LoopScheduler]]:
    source = _Source()
    config = FeedsConfig(price=PriceFeed(max_per_second=0, heartbeat_s=60))
    feeds = Feeds(cast("Sources", source), cast("PrivateSources", source), config, "binance")
    try:
        yield source.channel, feeds, LoopScheduler(asyncio.get_running_loop())
    finally:
        feeds.close()
        await source.channel.close()


def _bridge(feeds: Feeds, scheduler: LoopScheduler) -> Bridge[PriceChange]:
    buffer: LatestByKey[PriceChange] = LatestByKey(lambda message: message.symbol, 1_000)
    return Bridge(feeds.prices({SYMBOL: SYMBOL}), buffer, scheduler)


def _prices(round_: int) -> list[Price]:
    first_ms = 1_749_993_300_000 + round_ * ITEMS
    return [Price(SYMBOL, f"{97_000 + n % 50}.10", first_ms + n) for n in range(ITEMS)]


SCENARIO = Scenario("share", "our share of a tick: neither decoding nor gRPC's write", _measure)
