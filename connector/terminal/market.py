"""Prices, candles and funding rates, watched."""

from collections.abc import Sequence
from decimal import Decimal

from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1.events_pb2 import FundingUpdate, PriceChange
from opensqt.market_maker.v1.resources_pb2 import Candle
from rich.text import Text

from connector.terminal.client import Target
from connector.terminal.rows import Row, Rows
from connector.terminal.screen import Open, Screen
from connector.terminal.words import clock, milliseconds


async def watch_prices(target: Target, symbols: Sequence[str]) -> None:
    """Show the newest price of each symbol until interrupted."""
    before: dict[str, str] = {}

    def row(price: PriceChange) -> Row:
        last = before.get(price.symbol, price.price.value)
        before[price.symbol] = price.price.value
        at_ms = milliseconds(price.timestamp)
        return price.symbol, price.price.value, _arrow(last, price.price.value), clock(at_ms)

    request = rpc.SubscribePriceRequest(symbols=symbols)
    screen = Screen(Rows(("symbol", "price", "", "time (UTC)"), lambda price: price.symbol, row))
    await screen.show(target, [lambda c: c.stub.SubscribePrice(request, metadata=c.metadata)])


async def watch_candles(target: Target, symbols: Sequence[str], interval: str) -> None:
    """Show the running candle of each symbol, and how many have closed, until interrupted."""
    closed = dict.fromkeys(symbols, 0)

    def row(candle: Candle) -> Row:
        closed[candle.symbol] += candle.is_closed
        return (
            candle.symbol,
            clock(candle.timestamp),
            candle.open.value,
            candle.high.value,
            candle.low.value,
            candle.close.value,
            candle.volume.value,
            "closed" if candle.is_closed else "forming",
            str(closed[candle.symbol]),
        )

    prices = ("open", "high", "low", "close")
    columns = ("symbol", f"{interval} from", *prices, "volume", None, "closed")
    request = rpc.SubscribeKlinesRequest(symbols=symbols, interval=interval)
    screen = Screen(Rows(columns, lambda candle: candle.symbol, row, wide=True))
    await screen.show(target, [lambda c: c.stub.SubscribeKlines(request, metadata=c.metadata)])


async def watch_fundings(target: Target, symbols: Sequence[str]) -> None:
    """Show the funding rate of each symbol until interrupted."""

    def row(funding: FundingUpdate) -> Row:
        return (
            funding.symbol,
            funding.rate.value,
            clock(funding.next_funding_time),
            clock(funding.timestamp),
        )

    def opening(symbol: str) -> Open[FundingUpdate]:
        request = rpc.SubscribeFundingRateRequest(symbol=symbol)
        return lambda c: c.stub.SubscribeFundingRate(request, metadata=c.metadata)

    columns = ("symbol", "rate", "next (UTC)", "time (UTC)")
    screen = Screen(Rows(columns, lambda funding: funding.symbol, row))
    await screen.show(target, [opening(symbol) for symbol in symbols])


def _arrow(before: str, now: str) -> Text:
    change = Decimal(now) - Decimal(before)
    if change > 0:
        return Text("▲", "green")
    return Text("▼", "red") if change < 0 else Text(" ")
