"""A stream on the screen: a live table on a terminal, plain lines when piped."""

import asyncio
import sys
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import nullcontext
from typing import Generic, TypeVar

import grpc
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


class Screen(Generic[M]):
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
        """Follow the streams until interrupted."""
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
