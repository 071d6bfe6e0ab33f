"""Prices, candles and funding rates, watched."""

from collections.abc import Sequence
from decimal import Decimal

from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1.events_pb2 import FundingUpdate, PriceChange
from opensqt.market_maker.v1.resources_pb2 import Candle

from connector.terminal.screen import Open, Row, Screen
from connector.terminal.words import clock


async def watch_prices(address: str, symbols: Sequence[str]) -> None:
    """Show the newest price of each symbol until interrupted."""
    before: dict[str, str] = {}

    def row(price: PriceChange) -> Row:
        last = before.get(price.symbol, price.price.value)
        before[price.symbol] = price.price.value
        at_ms = price.timestamp.seconds * 1000 + price.timestamp.nanos // 1_000_000
        return price.symbol, price.price.value, _arrow(last, price.price.value), clock(at_ms)

    request = rpc.SubscribePriceRequest(symbols=symbols)
    screen = Screen(("symbol", "price", "", "time (UTC)"), row)
    await screen.show(address, [lambda stub: stub.SubscribePrice(request)])


async def watch_candles(address: str, symbols: Sequence[str], interval: str) -> None:
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

    columns = ("symbol", f"{interval} from", "open", "high", "low", "close", "volume", "state")
    request = rpc.SubscribeKlinesRequest(symbols=symbols, interval=interval)
    screen = Screen((*columns, "closed"), row)
    await screen.show(address, [lambda stub: stub.SubscribeKlines(request)])


async def watch_fundings(address: str, symbols: Sequence[str]) -> None:
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
        return lambda stub: stub.SubscribeFundingRate(request)

    screen = Screen(("symbol", "rate", "next (UTC)", "time (UTC)"), row)
    await screen.show(address, [opening(symbol) for symbol in symbols])


def _arrow(before: str, now: str) -> str:
    change = Decimal(now) - Decimal(before)
    return "[green]▲[/]" if change > 0 else "[red]▼[/]" if change < 0 else " "
