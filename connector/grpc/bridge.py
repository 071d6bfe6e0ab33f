"""From an Observable, which never waits, to an async iterator, which gRPC reads at its own pace."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from reactivex import Observable, abc
from reactivex.disposable import SerialDisposable

from connector import metrics
from connector.errors import Overflow
from connector.grpc.buffers import Buffer

T = TypeVar("T")

Step = Callable[[], None]
CAME = 16
"""So many items at most wait for a reader's turn to be put into its buffer."""
LATE_S = 0.001
"""Looked after the moment, never at it: nobody is behind at it."""


class Bridge(Generic[T]):
    """Iterate over what an Observable emits while the `async with` block lasts.

    Guarantee:  subscribed on entering, disposed on leaving for whatever reason, also while waiting
                for an item: at once, or in its turn when cancelled; items in the buffer's order.
    Errors:     the Observable's error, once what was emitted before it has been read; Overflow at
                once, when the buffer has no more room, or what waits has done so for too long.
    """

    def __init__(
        self,
        source: Observable[T],
        buffer: Buffer[T],
        scheduler: abc.SchedulerBase,
        on_overflow: Callable[[Overflow], None] = lambda _: None,
        in_turn: Callable[[Step], None] = lambda step: step(),
    ) -> None:
        """`on_overflow` is told beside the reader, who may not come back to hear of it.

        `in_turn` wakes the reader and lets it leave, at once or when it is its turn. What comes
        while a reader waits for its turn is put into the buffer then, with all else that costs.
        """
        self._source, self._buffer, self._scheduler = source, buffer, scheduler
        self._on_overflow, self._in_turn, self._called = on_overflow, in_turn, False
        self._subscription, self._look = SerialDisposable(), SerialDisposable()
        self._behind_s, self._looking = buffer.behind_s, False
        self._error: Exception | None = None
        self._ended = False
        self._waiter: asyncio.Future[None] | None = None
        self._came: deque[tuple[T, float]] = deque()
        """Beside when its frame arrived: what waits for the reader's turn, to be put then."""

    async def __aenter__(self) -> Self:
        self._subscription.disposable = self._source.subscribe(
            self._on_next, self._on_error, self._on_completed, scheduler=self._scheduler
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is asyncio.CancelledError:
                await self._turn_to_leave()
        finally:
            self._subscription.dispose()
            self._look.dispose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while not isinstance(self._error, Overflow) and not len(self._buffer):
            if self._ended:
                break
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if len(self._buffer) and not isinstance(self._error, Overflow):
            return self._buffer.take()
        if self._error is not None:
            raise self._error
        raise StopAsyncIteration

    async def _turn_to_leave(self) -> None:
        """A client that goes leaves all its streams at once."""
        turn = asyncio.Event()
        self._in_turn(turn.set)
        await turn.wait()

    def _on_next(self, item: T) -> None:
        if self._ended:
            return
        if not self._came and not self._is_waited_for():
            self._put(item, metrics.FRAME.arrived)
            return
        self._came.append((item, metrics.FRAME.arrived))
        self._wake()
        if len(self._came) >= CAME:
            self._put_what_came()

    def _put_what_came(self) -> None:
        while self._came:
            self._put(*self._came.popleft())

    def _put(self, item: T, arrived: float) -> None:
        try:
            self._buffer.put(item, arrived)
        except Overflow as error:
            self._overflow(error)
            return
        if self._behind_s is not None and not self._looking:
            self._look_in(self._behind_s)

    def _overflow(self, error: Overflow) -> None:
        if isinstance(self._error, Overflow):
            return  # told before, as by what came while the reader was late, too
        self._subscription.dispose()
        self._came.clear()
        self._on_error(error)
        self._on_overflow(error)

    def _look_in(self, seconds: float) -> None:
        """Look whether the reader is too far behind, whether more comes or not."""

        def look(_: abc.SchedulerBase, __: object = None) -> None:
            self._looking = False
            try:
                spare_s = self._buffer.spare_s()
            except Overflow as error:
                self._overflow(error)
                return
            if spare_s < math.inf:
                self._look_in(spare_s)

        self._looking = True
        self._look.disposable = self._scheduler.schedule_relative(seconds + LATE_S, look)

    def _on_error(self, error: Exception) -> None:
        self._error = error
        self._on_completed()

    def _on_completed(self) -> None:
        self._ended = True
        self._wake()

    def _is_waited_for(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _wake(self) -> None:
        if not self._called and self._is_waited_for():
            self._called = True
            self._in_turn(self._go_on)

    def _go_on(self) -> None:
        self._called = False
        self._put_what_came()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
