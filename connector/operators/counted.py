"""Counting between the stages of a feed, without an operator's cost."""

import time
from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, OnCompleted, OnError, OnNext, SchedulerBase

from connector import metrics
from connector.metrics.tally import Tally
from connector.operators.operator import Operator, ignore

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")

Counting = Callable[[Tally, OnNext[T]], OnNext[T]]


class Counts:
    """The points of one feed's pipe at which items are counted.

    From a counted source on, what leaves one point goes into the next. Without one, as in a
    client's own stages behind those that all share, each stage is counted on both sides. `pipe`
    names the place; two pipes of one feed and name, as of two symbols, count together.

    Units:  some 0.08 µs an item and point (`python -m bench counting`).
    """

    def __init__(self, feed: str, pipe: str = "shared") -> None:
        self._feed = feed
        self._point = (pipe,)
        self._into: Tally | None = None

    def source(self, source: Observable[T]) -> Observable[T]:
        """Count what comes from the exchange, and when."""
        self._into = metrics.STREAM_MESSAGES.at(self._feed)
        return _Passed(source, self._into, _noting)

    def through(self, stage: str, operator: Operator[A, B]) -> Operator[A, B]:
        """Count what goes into a stage and what leaves it."""
        cells, labels = metrics.STAGE_ITEMS, (self._feed, stage)
        if self._into is None:
            into = cells.at(*labels, "in", place=self._point)
            out = cells.at(*labels, "out", place=self._point)
            return lambda source: _Passed(
                operator(_Passed(source, into, _counting)), out, _counting
            )
        self._point = (*self._point, stage)
        cells.put(self._into, (*labels, "in"), self._point)
        self._into = left = cells.at(*labels, "out", place=self._point)
        return lambda source: _Passed(operator(source), left, _counting)

    def did(self, stage: str, what: str) -> Callable[[], None]:
        """Give what counts one more item that a stage dropped, held or coalesced."""
        return metrics.STAGE_ITEMS.at(self._feed, stage, what).count


def _counting(tally: Tally, forward: OnNext[T]) -> OnNext[T]:
    def on_next(item: T) -> None:
        tally.n += 1
        forward(item)

    return on_next


def _noting(tally: Tally, forward: OnNext[T]) -> OnNext[T]:
    frame, now = metrics.FRAME, time.perf_counter

    def on_next(item: T) -> None:
        tally.n += 1
        tally.at = frame.arrived or now()
        forward(item)

    return on_next


class _Passed(Observable[T]):
    """The source, its items counted: what guards an observer is there already, on both sides."""

    def __init__(self, source: Observable[T], tally: Tally, counting: Counting[T]) -> None:
        super().__init__()
        self._source, self._tally, self._counting = source, tally, counting

    def subscribe(
        self,
        on_next: ObserverBase[T] | OnNext[T] | None = None,
        on_error: OnError | None = None,
        on_completed: OnCompleted | None = None,
        *,
        scheduler: SchedulerBase | None = None,
    ) -> DisposableBase:
        """Subscribe to the source."""
        if on_next is None or callable(on_next):
            forward = on_next or ignore
        else:
            forward = on_next.on_next
            on_error, on_completed = on_next.on_error, on_next.on_completed
        counting = self._counting(self._tally, forward)
        return self._source.subscribe(counting, on_error, on_completed, scheduler=scheduler)
