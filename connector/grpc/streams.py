"""The streams that are being served: each from its feed, through its buffer, to its client."""

from __future__ import annotations

import asyncio
from collections.abc import Sized
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from reactivex import Observable, abc
from reactivex.subject import Subject

from connector import metrics
from connector.errors import Closing, Overflow
from connector.grpc.bridge import Bridge
from connector.grpc.buffers import Buffer
from connector.grpc.turns import WHOSE, Turns
from connector.operators import until_disposed

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
M = TypeVar("M")

FAREWELL = "the connector is shutting down"


class Streams:
    """Every stream, until the connector shuts down.

    They write to the context, they don't yield: when a client leaves during a write, gRPC cancels
    the writer, whereas a generator would be left for the garbage collector to end.
    """

    def __init__(self, scheduler: abc.SchedulerBase) -> None:
        self._scheduler = scheduler
        self._closing: Subject[object] = Subject()
        self._closed = asyncio.Event()
        self._waiting: dict[str, list[Sized]] = {}
        self._turns = Turns()

    def close(self) -> None:
        """End every stream: the connector shuts down."""
        self._closed.set()
        self._closing.on_next(None)
        self._closing.on_completed()

    @property
    def open(self) -> int:
        """How many there are."""
        return sum(map(len, self._waiting.values()))

    def waiting(self, feed: str) -> list[Sized]:
        """Give what waits for each reader of a feed."""
        return list(self._waiting.get(feed, ()))

    async def wait_for(self, ready: asyncio.Event) -> None:
        """Wait for what streams need, as long as it takes. Errors: Closing."""
        if not ready.is_set():
            waits = [asyncio.ensure_future(event.wait()) for event in (ready, self._closed)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        if self._closed.is_set():
            raise Closing(FAREWELL)

    async def serve(
        self, feed: str, stream: Observable[M], buffer: Buffer[M], context: Context
    ) -> None:
        """Write a stream to its client until the connector shuts down, or the client leaves.

        Errors:  Closing in the end; Overflow for a reader who is too far behind; the stream's.
        """
        readers = self._waiting.setdefault(feed, [])
        readers.append(buffer)
        buffer.coalesced = metrics.READER_COALESCED.at(feed)
        ended = until_disposed(self._closing, lambda: readers.remove(buffer))
        try:
            await self._write(feed, stream.pipe(ended), buffer, context)
        except Overflow:
            metrics.OVERFLOWS.labels(feed).inc()
            raise
        raise Closing(FAREWELL)

    async def _write(
        self, feed: str, stream: Observable[M], buffer: Buffer[M], context: Context
    ) -> None:
        written, since_frame = metrics.WRITTEN.at(feed), metrics.FRAME_TO_WRITE.at(feed)
        told: list[Overflow] = []
        try:
            async with asyncio.timeout(None) as given_up:

                def on_overflow(error: Overflow) -> None:
                    """Break a write off that a reader holds up who has stopped."""
                    told.append(error)
                    given_up.reschedule(asyncio.get_running_loop().time())

                in_turn = self._turns.of(WHOSE.get())
                items = Bridge(stream, buffer, self._scheduler, on_overflow, in_turn)
                async with items:
                    async for item in items:
                        await context.write(item)
                        written.n += 1
                        if buffer.arrived:
                            since_frame.since(buffer.arrived)
        except TimeoutError:
            if told:
                raise told[0] from None
            raise
