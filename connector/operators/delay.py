"""Everything, a while later."""

from datetime import timedelta
from typing import TypeVar

from reactivex import Observable
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.errors import Overflow
from connector.operators.operator import Operator, the_scheduler

T = TypeVar("T")

MOST_HELD = 10_000
"""A client may ask for this stage in each of its streams."""


def delay(by: timedelta) -> Operator[T, T]:
    """Tell each item `by` later: how an engine bears a slow connector. For tests.

    Marble:     in  -a-b---|    out  ---a-b---|    (2 ticks)
    Guarantee:  order and spacing kept, nothing lost; what is on its way is held, up to 10,000.
    Errors:     ValueError for a negative delay; Overflow beyond 10,000 items on their way; the
                source's pass at once, before what waits.
    Units:      time from the scheduler given at subscribe.
    """
    if by < timedelta(0):
        raise ValueError(f"delay: by is 0 or more, not {by}")

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock, held = the_scheduler(scheduler, "delay"), 0

            def enter(_: T) -> None:
                nonlocal held
                if held == MOST_HELD:
                    raise Overflow(f"delay: more than {MOST_HELD} items are on their way")
                held += 1

            def leave(_: T) -> None:
                nonlocal held
                held -= 1

            late = (ops.do_action(enter), ops.delay(by, scheduler=clock), ops.do_action(leave))
            return source.pipe(*late).subscribe(observer, scheduler=clock)

        return Observable(subscribe)

    return apply
