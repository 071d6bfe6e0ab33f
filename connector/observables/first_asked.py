"""A stream whose first value is asked for when none comes by itself."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import reactivex
from reactivex import Observable, abc
from reactivex.disposable import CompositeDisposable, SerialDisposable

T = TypeVar("T")

LONGEST = timedelta(seconds=30)
"""Between two questions at most."""


def first_asked(
    question: Observable[T], after: timedelta, settled: Callable[[], bool] = lambda: True
) -> Callable[[Observable[T]], Observable[T]]:
    """Ask, if the source stayed silent for `after`, until a value came by either way.

    `settled` says whether the source would tell what changes from now on. What is asked for before
    is emitted, and asked for again: what changed in between was told by nobody.

    Marble:     in  -----------a-|   question  --q|   after 4 ticks
                out ------q----a-|
    Errors:     the source's pass through; after one of the question's it is asked again, each
                time twice as late, up to LONGEST.
    Units:      time from the scheduler given at subscribe.
    """

    def operator(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            if scheduler is None:
                raise ValueError("first_asked needs the scheduler that subscribe is given")
            asking = SerialDisposable()

            def on_next(item: T) -> None:
                if not asking.is_disposed:
                    asking.dispose()
                observer.on_next(item)

            def ask(_: abc.SchedulerBase, pause: timedelta | None = None) -> None:
                later = min(2 * (pause or after), LONGEST)

                def ask_again(_: Exception | None = None) -> None:
                    asking.disposable = scheduler.schedule_relative(later, ask, later)

                def too_early(item: T) -> None:
                    observer.on_next(item)
                    ask_again()

                asking.disposable = question.subscribe(
                    on_next if settled() else too_early, ask_again, scheduler=scheduler
                )

            asking.disposable = scheduler.schedule_relative(after, ask, after)
            return CompositeDisposable(
                source.subscribe(
                    on_next, observer.on_error, observer.on_completed, scheduler=scheduler
                ),
                asking,
            )

        return reactivex.create(subscribe)

    return operator
