"""Everything, a while later."""

from datetime import timedelta
from typing import TypeVar

from reactivex import Observable
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.operators.operator import Operator, the_scheduler

T = TypeVar("T")


def delay(by: timedelta) -> Operator[T, T]:
    """Tell each item `by` later: how an engine bears a slow connector. For tests.

    Marble:     in  -a-b---|    out  ---a-b---|    (2 ticks)
    Guarantee:  order and spacing kept, nothing lost; what is on its way is held, unbounded.
    Errors:     ValueError for a negative delay; the source's pass at once, before what waits.
    Units:      time from the scheduler given at subscribe.
    """
    if by < timedelta(0):
        raise ValueError(f"delay: by is 0 or more, not {by}")

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "delay")
            return source.pipe(ops.delay(by, scheduler=clock)).subscribe(observer, scheduler=clock)

        return Observable(subscribe)

    return apply
