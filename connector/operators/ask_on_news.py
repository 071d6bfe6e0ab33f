"""News is followed by asking how things stand."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import CompositeDisposable, Disposable, SerialDisposable

from connector.operators.operator import Operator, ignore, the_scheduler

A = TypeVar("A")
T = TypeVar("T")

_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Pace:
    """When to ask: `settle` after news, `spacing` between two questions at least, `every` at most.

    Up to `jitter_ratio` of `every` is taken off at random, so that many don't ask at once.

    Units:   `random` gives a ratio in [0, 1).
    Errors:  ValueError for an `every` that isn't positive, a negative pause, a ratio out of range.
    """

    every: timedelta
    settle: timedelta = timedelta(milliseconds=250)
    spacing: timedelta = timedelta(seconds=1)
    jitter_ratio: float = 0.2
    random: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.every <= _ZERO or self.settle < _ZERO or self.spacing < _ZERO:
            raise ValueError(f"pace: every above zero, settle and spacing not below, not {self}")
        if not 0 <= self.jitter_ratio < 1:
            raise ValueError(f"pace: jitter_ratio is within 0 and 1, not {self.jitter_ratio}")

    def until_next(self) -> timedelta:
        """Give the pause after a question without news."""
        return self.every * (1 - self.jitter_ratio * self.random())

    def after_news(self, since_asked: timedelta) -> timedelta:
        """Give the pause after news, so long after the last question."""
        return max(self.settle, self.spacing - max(since_asked, _ZERO))


@dataclass(frozen=True, slots=True)
class Deafness(Generic[A]):
    """How to find that news no longer comes: an answer `differs` from what was believed.

    It counts when nothing was heard within `grace` after it; then `on_deaf` is called.
    """

    differs: Callable[[A, A], bool]
    on_deaf: Callable[[], None]
    grace: timedelta = timedelta(seconds=1)


def ask_on_news(
    ask: Callable[[], Observable[A]],
    with_news: Callable[[A, Sequence[T]], A],
    pace: Pace,
    deafness: Deafness[A] | None = None,
) -> Operator[T | None, T | A]:
    """Pass what is told, and ask how things stand: at once, after news, and every so often.

    None says only that there is news (a socket has opened), and isn't passed. An answer may be
    older than what was told while it was under way: that is laid over it.

    Marble:     in  ----n-------    asked: a, b, …    out  a---n-b---c    (every 4, settle 2)
    Guarantee:  at most one question at a time; none is left out: news during a question is followed
                by another. What was told before `None` is no longer believed when looking for
                deafness. Completes with the source.
    Errors:     the source's and a question's pass and let go of all, as what a callback raises.
    Units:      time from the scheduler given at subscribe. Memory: an answer, and what is told
                during a question.
    """

    def apply(source: Observable[T | None]) -> Observable[T | A]:
        def subscribe(
            observer: ObserverBase[T | A], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "ask_on_news")
            asking, timer, doubt = SerialDisposable(), SerialDisposable(), SerialDisposable()
            asked_at = clock.now
            told: list[T] = []  # while a question is under way
            believed: list[A] = []
            is_asking = is_planned = is_news = False

            def on_next(item: T | None) -> None:
                nonlocal is_news
                is_news = True
                doubt.disposable = Disposable()
                if item is None:
                    believed.clear()
                else:
                    if is_asking:
                        told.append(item)
                    try:
                        believed[:] = [with_news(each, (item,)) for each in believed]
                    except Exception as error:
                        observer.on_error(error)
                        return
                if not is_asking:
                    plan()
                if item is not None:
                    observer.on_next(item)

            def plan() -> None:
                nonlocal is_planned
                if not is_news:
                    timer.disposable = clock.schedule_relative(pace.until_next(), question)
                elif not is_planned:
                    is_planned = True
                    pause = pace.after_news(clock.now - asked_at)
                    timer.disposable = clock.schedule_relative(pause, question)

            def question(_: SchedulerBase | None = None, __: object = None) -> None:
                nonlocal is_asking, is_planned, is_news, asked_at
                is_asking, is_planned, is_news, asked_at = True, False, False, clock.now
                told.clear()
                try:
                    answer = ask()
                except Exception as error:
                    observer.on_error(error)
                    return
                asking.disposable = answer.subscribe(
                    answered, observer.on_error, unanswered, scheduler=clock
                )

            def answered(answer: A) -> None:
                try:
                    current = with_news(answer, tuple(told)) if told else answer
                    if deafness is not None and believed and deafness.differs(believed[0], current):
                        doubt.disposable = clock.schedule_relative(deafness.grace, deaf)
                except Exception as error:
                    observer.on_error(error)
                    return
                believed[:] = [current]
                observer.on_next(current)

            def unanswered() -> None:
                nonlocal is_asking
                is_asking = False
                plan()

            def deaf(_: SchedulerBase, __: object = None) -> None:
                try:
                    (deafness.on_deaf if deafness is not None else ignore)()
                except Exception as error:
                    observer.on_error(error)

            question()
            upstream = source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=clock
            )
            return CompositeDisposable(upstream, asking, timer, doubt)

        return Observable(subscribe)

    return apply
