"""A stream on the screen: a live view on a terminal, plain lines when piped."""

import asyncio
import sys
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Generic, TypeVar

import grpc
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from connector.terminal.client import Client, Target, connected, refusal
from connector.terminal.rows import Row, View

RECONNECT_S = 1.0
REFRESH_PER_SECOND = 10
AROUND = 6
"""Lines of the screen that a view's head, its frame and the note take."""
FINAL = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
)
"""Asking again would be answered the same."""

M = TypeVar("M")
Open = Callable[[Client], AsyncIterable[M]]
Ask = Callable[[Client], Awaitable[Iterable[M]]]


class Screen(Generic[M]):
    """A view redrawn in place on a terminal; one line an update when piped.

    An outage is said once, until something arrives again. `first` asks for what is there already,
    on a terminal alone; `empty` is the note when that is nothing.
    Errors:  Refused, with the server's own line.
    """

    def __init__(self, view: View[M], first: Ask[M] | None = None, empty: str = "") -> None:
        self._view, self._first, self._empty = view, first, empty
        self._console = Console()
        self._note, self._told, self._seen = "connecting", False, False
        self._live: Live | None = None

    async def show(self, target: Target, streams: Sequence[Open[M]]) -> None:
        """Follow the streams until interrupted."""
        live = Live(
            console=self._console,
            get_renderable=self._drawn,
            refresh_per_second=REFRESH_PER_SECOND,
        )
        self._live = live if self._console.is_terminal else None
        with self._live or nullcontext():
            async with connected(target) as client:
                await asyncio.gather(*(self._follow(client, open_) for open_ in streams))

    async def _follow(self, client: Client, open_: Open[M]) -> None:
        while True:
            try:
                stream = open_(client)  # before the question: nothing falls between
                if self._first is not None and self._live is not None:
                    for message in await self._first(client):
                        self._view.take(message)
                        self._seen = True
                    self._tell_all_is_well()
                async for message in stream:
                    self._seen = True
                    self._tell_all_is_well()
                    self._print(self._view.take(message))
            except grpc.aio.AioRpcError as error:
                told = refusal(client.target, error)
                if error.code() in FINAL:
                    raise told from None
                self._tell(f"{told}; trying again until Ctrl-C")
            await asyncio.sleep(RECONNECT_S)

    def _print(self, row: Row) -> None:
        if self._live is None:
            print("\t".join(str(cell) for cell in row), flush=True)

    def _tell_all_is_well(self) -> None:
        self._note, self._told = "" if self._seen else self._empty, False

    def _tell(self, note: str) -> None:
        if self._live is None and not self._told:
            print(note, file=sys.stderr, flush=True)
        self._note, self._told = note, True

    def _drawn(self) -> RenderableType:
        note = Text(self._note, style="italic")
        if not self._seen:
            return note
        table = self._view.table(self._console.height - AROUND)
        return Group(table, note) if self._note else table
