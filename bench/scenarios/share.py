"""Our share of a tick: from the value that was read to the bytes that gRPC writes, in this process.

Neither ccxt nor the fast lane's decoding comes before it, nor gRPC's write after it.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import cast

from bench.report import Result
from bench.run import Run, Scenario
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
    one, many = await _us(1), await _us(10)
    result.add("one client, CPU us a tick", f"{one:.1f}", "8", us=one)
    result.add("ten clients, CPU us a message written", f"{many / 10:.1f}", "", us_of_ten=many / 10)


async def _us(clients: int) -> float:
    """Give the CPU microseconds of a tick, best of some rounds."""
    source = _Source()
    config = FeedsConfig(price=PriceFeed(max_per_second=0, heartbeat_s=60))
    feeds = Feeds(cast("Sources", source), cast("PrivateSources", source), config, "binance")
    scheduler = LoopScheduler(asyncio.get_running_loop())
    once = Once(PriceChange.SerializeToString)
    bridges: list[Bridge[PriceChange]] = []
    for _ in range(clients):
        buffer: LatestByKey[PriceChange] = LatestByKey(lambda message: message.symbol, 1_000)
        bridges.append(Bridge(feeds.prices({SYMBOL: SYMBOL}), buffer, scheduler))
        await bridges[-1].__aenter__()
    await asyncio.sleep(SUBSCRIBED_S)
    prices = [Price(SYMBOL, f"{97_000 + n % 50}.10", 1_749_993_300_000 + n) for n in range(ITEMS)]
    deliver, least = source.channel.deliver, float("inf")
    try:
        for _ in range(ROUNDS):
            began = time.process_time()
            for told in prices:
                deliver(SYMBOL, told)
                for bridge in bridges:
                    once(await anext(bridge))
            least = min(least, time.process_time() - began)
            prices = [Price(SYMBOL, each.price, each.timestamp_ms + ITEMS) for each in prices]
    finally:
        for bridge in bridges:
            await bridge.__aexit__(None, None, None)
        feeds.close()
        await source.channel.close()
    return least / ITEMS * 1e6


SCENARIO = Scenario("share", "our share of a tick: neither decoding nor gRPC's write", _measure)
