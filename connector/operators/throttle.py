"""At most so many, and what comes between is dropped."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.operators.each_item import choose
from connector.operators.operator import Operator, ignore, the_scheduler

T = TypeVar("T")


def throttle(
    key: Callable[[T], Hashable],
    max_per_second: float,
    on_dropped: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Drop an item that comes less than 1/max_per_second after its key's last that passed.

    No timer and nothing held: the newest may be among what is dropped. Where it must arrive, take
    `coalesce`.

    Marble:     in  -a-b-c-------d-|        out  -a-----------d-|     (8 ticks between two)
    Guarantee:  what passes, passes at once; one instant a key is remembered.
    Errors:     ValueError for a rate that isn't above 0; what `key` raises ends the stream; the
                source's pass through.
    Units:      items per second and key; time from the scheduler given at subscribe.
    """
    if not max_per_second > 0:
        raise ValueError(f"throttle: max_per_second is above 0, not {max_per_second}")
    spacing = timedelta(microseconds=-(-1_000_000 // max_per_second))

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "throttle")

            def make() -> Callable[[T], bool]:
                passed: dict[Hashable, datetime] = {}

                def is_wanted(item: T) -> bool:
                    item_key, now = key(item), clock.now
                    before = passed.get(item_key)
                    if before is not None and timedelta(0) <= now - before < spacing:
                        on_dropped()
                        return False
                    passed[item_key] = now
                    return True

                return is_wanted

            return source.pipe(choose(make)).subscribe(observer, scheduler=clock)

        return Observable(subscribe)

    return apply
