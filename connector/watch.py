"""A gRPC client that has only the proto: a live table on a terminal, plain lines when piped."""

import asyncio
import sys
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from typing import Generic, TypeVar

import grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1.events_pb2 import FundingUpdate, PriceChange
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub
from opensqt.market_maker.v1.resources_pb2 import Candle
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from connector.errors import Refused

RECONNECT_S = 1.0
REFRESH_PER_SECOND = 10
FINAL = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
)
"""Asking again would be answered the same."""

M = TypeVar("M", PriceChange, Candle, FundingUpdate)
Row = Sequence[str]
Open = Callable[[ExchangeServiceStub], AsyncIterable[M]]


async def watch_prices(address: str, symbols: Sequence[str]) -> None:
    """Show the newest price of each symbol until interrupted."""
    before: dict[str, str] = {}

    def row(price: PriceChange) -> Row:
        last = before.get(price.symbol, price.price.value)
        before[price.symbol] = price.price.value
        at_ms = price.timestamp.seconds * 1000 + price.timestamp.nanos // 1_000_000
        return price.symbol, price.price.value, _arrow(last, price.price.value), _clock(at_ms)

    request = rpc.SubscribePriceRequest(symbols=symbols)
    screen = _Screen(("symbol", "price", "", "time (UTC)"), row)
    await screen.show(address, [lambda stub: stub.SubscribePrice(request)])


async def watch_candles(address: str, symbols: Sequence[str], interval: str) -> None:
    """Show the running candle of each symbol, and how many have closed, until interrupted."""
    closed = dict.fromkeys(symbols, 0)

    def row(candle: Candle) -> Row:
        closed[candle.symbol] += candle.is_closed
        return (
            candle.symbol,
            _clock(candle.timestamp),
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
    screen = _Screen((*columns, "closed"), row)
    await screen.show(address, [lambda stub: stub.SubscribeKlines(request)])


async def watch_fundings(address: str, symbols: Sequence[str]) -> None:
    """Show the funding rate of each symbol until interrupted."""

    def row(funding: FundingUpdate) -> Row:
        return (
            funding.symbol,
            funding.rate.value,
            _clock(funding.next_funding_time),
            _clock(funding.timestamp),
        )

    def opening(symbol: str) -> Open[FundingUpdate]:
        request = rpc.SubscribeFundingRateRequest(symbol=symbol)
        return lambda stub: stub.SubscribeFundingRate(request)

    screen = _Screen(("symbol", "rate", "next (UTC)", "time (UTC)"), row)
    await screen.show(address, [opening(symbol) for symbol in symbols])


class _Screen(Generic[M]):
    """One row a symbol, redrawn in place on a terminal; one line an update when piped.

    An outage is said once, until something arrives again.
    Errors:  Refused, with the server's own line.
    """

    def __init__(self, columns: Row, row: Callable[[M], Row]) -> None:
        self._columns, self._row = columns, row
        self._rows: dict[str, Row] = {}
        self._console = Console()
        self._note = "connecting"
        self._told = False
        self._live: Live | None = None

    async def show(self, address: str, streams: Sequence[Open[M]]) -> None:
        live = Live(
            console=self._console,
            get_renderable=self._table,
            refresh_per_second=REFRESH_PER_SECOND,
        )
        self._live = live if self._console.is_terminal else None
        with self._live or nullcontext():
            async with grpc.aio.insecure_channel(address) as channel:
                stub = ExchangeServiceStub(channel)
                await asyncio.gather(*(self._follow(stub, address, open_) for open_ in streams))

    async def _follow(self, stub: ExchangeServiceStub, address: str, open_: Open[M]) -> None:
        while True:
            try:
                async for message in open_(stub):
                    self._update(message.symbol, self._row(message))
            except grpc.aio.AioRpcError as error:
                if error.code() in FINAL:
                    raise Refused(error.details() or error.code().name) from None
                self._tell(f"{address}: {error.details()}; trying again until Ctrl-C")
            await asyncio.sleep(RECONNECT_S)

    def _update(self, symbol: str, row: Row) -> None:
        self._rows[symbol] = row
        self._note, self._told = "", False
        if self._live is None:
            print("\t".join(Text.from_markup(cell).plain for cell in row), flush=True)

    def _tell(self, note: str) -> None:
        if self._live is None and not self._told:
            print(note, file=sys.stderr, flush=True)
        self._note, self._told = note, True

    def _table(self) -> Table:
        table = Table(caption=self._note or None)
        for column in self._columns:
            table.add_column(column, justify="left" if column == "symbol" else "right")
        for symbol in sorted(self._rows):
            table.add_row(*self._rows[symbol])
        return table


def _arrow(before: str, now: str) -> str:
    change = Decimal(now) - Decimal(before)
    return "[green]▲[/]" if change > 0 else "[red]▼[/]" if change < 0 else " "


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S") if at_ms else "-"
