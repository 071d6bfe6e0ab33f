"""The newest at each beat."""

from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import CompositeDisposable, SerialDisposable

from connector.operators.operator import Operator, ignore, the_scheduler

T = TypeVar("T")


def sample(
    key: Callable[[T], Hashable],
    every: timedelta,
    on_replaced: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Tell the newest of each key at the beats, which are `every` apart from subscribing on.

    Marble:     in  -a-b--c------d|        out  ----b---c-----(d|)     (a beat every 4 ticks)
    Guarantee:  the newest of each key arrives, at the latest at the next beat; at completion or
                error what waits is sent first. A key without news is silent at a beat. One item a
                key and one timer are held, none while nothing waits.
    Errors:     ValueError for a pause that isn't above 0; what `key` raises ends the stream; the
                source's pass through, after what waits.
    Units:      time from the scheduler given at subscribe.
    """
    if every <= timedelta(0):
        raise ValueError(f"sample: every is above 0, not {every}")

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "sample")
            began = clock.now
            waiting: dict[Hashable, T] = {}
            timer = SerialDisposable()

            def on_next(item: T) -> None:
                try:
                    item_key = key(item)
                    if item_key in waiting:
                        on_replaced()
                except Exception as error:
                    observer.on_error(error)
                    return
                if not waiting:
                    into = (clock.now - began) % every
                    timer.disposable = clock.schedule_relative(every - into, beat)
                waiting[item_key] = item

            def beat(_: SchedulerBase | None = None, __: object = None) -> None:
                due = list(waiting.values())
                waiting.clear()
                for item in due:
                    observer.on_next(item)

            def on_completed() -> None:
                beat()
                observer.on_completed()

            def on_error(error: Exception) -> None:
                beat()
                observer.on_error(error)

            return CompositeDisposable(
                timer, source.subscribe(on_next, on_error, on_completed, scheduler=clock)
            )

        return Observable(subscribe)

    return apply
