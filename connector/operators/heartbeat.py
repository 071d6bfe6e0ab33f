"""Silence told from death."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SerialDisposable

from connector.operators.operator import Operator, the_scheduler

T = TypeVar("T")

_ZERO = timedelta(0)


class _Beat(Generic[T]):
    """A key's last item, when it went out, and the one timer that looks after it."""

    __slots__ = ("at", "item", "timer")

    def __init__(self, item: T, at: datetime) -> None:
        self.item = item
        self.at = at
        self.timer = SerialDisposable()


def heartbeat(key: Callable[[T], Hashable], period: timedelta) -> Operator[T, T]:
    """Repeat the last item of a key that was silent for `period`, and again after each period.

    Marble:     in  -a-A-------|        out  -a-A--aA--(aA)...     (3 ticks, upper case: other key)
    Guarantee:  keys are independent and never forgotten (one item and one timer each); an item
                costs no timer: the pending one re-arms itself when it finds that its key was busy.
    Errors:     what `key` raises ends the stream; the source's pass through. ValueError for a
                period that isn't positive.
    Units:      time from the scheduler given at subscribe.
    """
    if period <= _ZERO:
        raise ValueError(f"heartbeat: period is above zero, not {period}")

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "heartbeat")
            beats: dict[Hashable, _Beat[T]] = {}
            forward = observer.on_next

            def on_next(item: T) -> None:
                try:
                    item_key = key(item)
                    beat = beats.get(item_key)
                except Exception as error:
                    observer.on_error(error)
                    return
                if beat is None:
                    beat = beats[item_key] = _Beat(item, clock.now)
                    arm(beat, period)
                else:
                    beat.item = item
                    beat.at = clock.now
                forward(item)

            def arm(beat: _Beat[T], wait: timedelta) -> None:
                beat.timer.disposable = clock.schedule_relative(wait, look, beat)

            def look(_: SchedulerBase, beat: _Beat[T] | None) -> None:
                if beat is None:
                    return
                now = clock.now
                silent = now - beat.at
                if _ZERO <= silent < period:
                    arm(beat, period - silent)
                    return
                beat.at = now
                arm(beat, period)
                if silent >= _ZERO:  # below zero: the wall clock was set back, count anew
                    forward(beat.item)

            def let_go() -> None:
                upstream.dispose()
                for beat in beats.values():
                    beat.timer.dispose()

            upstream = source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=clock
            )
            return Disposable(let_go)

        return Observable(subscribe)

    return apply
