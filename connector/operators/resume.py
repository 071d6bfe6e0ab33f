"""Streams outlive outages."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import CompositeDisposable, SerialDisposable

from connector.errors import Transient
from connector.operators.operator import Operator, ignore, the_scheduler

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before each new attempt: first, first·factor, … never above `cap`.

    Of each pause up to `jitter_ratio` is taken off at random, so that many don't come back at
    once. A subscription that lived for `healthy_after` makes the next pause the first again.

    Units:   `random` gives a ratio in [0, 1).
    Errors:  ValueError for pauses that aren't positive or ratios out of their range.
    """

    first: timedelta = timedelta(milliseconds=100)
    factor: float = 2.0
    cap: timedelta = timedelta(seconds=30)
    jitter_ratio: float = 0.5
    healthy_after: timedelta = timedelta(seconds=60)
    random: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if not timedelta(0) < self.first <= self.cap:
            raise ValueError(f"backoff: 0 < first <= cap, not {self.first} and {self.cap}")
        if self.factor < 1:
            raise ValueError(f"backoff: factor is at least 1, not {self.factor}")
        if not 0 <= self.jitter_ratio <= 1:
            raise ValueError(f"backoff: jitter_ratio is within 0 and 1, not {self.jitter_ratio}")

    def after(self, pause: timedelta) -> timedelta:
        """Give the pause that follows this one, before jitter."""
        return min(pause * self.factor, self.cap)

    def jittered(self, pause: timedelta) -> timedelta:
        """Take a random part off, at most `jitter_ratio` of it."""
        return pause * (1 - self.jitter_ratio * self.random())


def resume(
    backoff: Backoff, on_retry: Callable[[Exception, timedelta], None] = ignore
) -> Operator[T, T]:
    """Subscribe again, after a pause, when the source failed with a Transient error.

    Marble:     in  -a-#   then  -b-|        out  -a-...-b-|     (... the pause)
    Guarantee:  one subscription or one timer at a time, never both; a pause is never shorter than
                the error's `retry_after`, even where that exceeds the cap; attempts don't nest,
                however many fail at once. What the source missed meanwhile is its own to fetch.
    Errors:     Transient is told to `on_retry(error, pause)`; any other passes; what `on_retry`
                or `backoff.random` raises ends the stream.
    Units:      all timedelta; time from the scheduler given at subscribe.
    """

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "resume")
            upstream = SerialDisposable()
            timer = SerialDisposable()
            pause = backoff.first
            since = clock.now

            def attempt(_: SchedulerBase | None = None, __: object = None) -> None:
                nonlocal since
                since = clock.now
                upstream.disposable = source.subscribe(
                    observer.on_next, on_error, observer.on_completed, scheduler=clock
                )

            def on_error(error: Exception) -> None:
                if not isinstance(error, Transient):
                    observer.on_error(error)
                    return
                try:
                    wait = next_pause(error)
                    on_retry(error, wait)
                except Exception as own:
                    observer.on_error(own)
                    return
                timer.disposable = clock.schedule_relative(wait, attempt)

            def next_pause(error: Transient) -> timedelta:
                nonlocal pause
                if clock.now - since >= backoff.healthy_after:
                    pause = backoff.first
                wait = backoff.jittered(pause)
                pause = backoff.after(pause)
                return wait if error.retry_after is None else max(wait, error.retry_after)

            attempt()
            return CompositeDisposable(timer, upstream)

        return Observable(subscribe)

    return apply
