"""A rate that a reader can bear, for each key."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable

from connector.operators.operator import Operator, ignore, the_scheduler

T = TypeVar("T")

_ZERO = timedelta(0)
_MILLISECOND = timedelta(milliseconds=1)


class _Window(Generic[T]):
    """A key's last delivery, and the newest item that waits for its turn."""

    __slots__ = ("opened", "timer", "waiting")

    def __init__(self, opened: datetime) -> None:
        self.opened = opened
        self.waiting: list[T] = []
        self.timer: DisposableBase | None = None


def coalesce(
    key: Callable[[T], Hashable],
    max_per_second: float,
    on_coalesced: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Space the items of a key by at least 1/max_per_second, replacing what waits by what is newer.

    Marble:     in  -a-b-c-------d-|        out  -a---c-------d-|     (4 ticks between two)
    Guarantee:  the first passes at once; the newest of each key always arrives, at the latest when
                its spacing is over; at completion or error what waits is sent first. Holds one
                item and one timer a key. `max_per_second` 0 lets everything through.
    Errors:     the source's pass through, after what waits; what `key` or `on_coalesced` raises
                ends the stream. ValueError for a negative rate.
    Units:      items per second and key; time from the scheduler given at subscribe.
    """
    if max_per_second < 0:
        raise ValueError(f"coalesce: max_per_second is 0 or more, not {max_per_second}")
    if max_per_second == 0:
        return lambda source: source
    spacing = timedelta(microseconds=-(-1_000_000 // max_per_second))  # rounded up: never too many

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "coalesce")
            windows: dict[Hashable, _Window[T]] = {}
            forward = observer.on_next

            def on_next(item: T) -> None:
                try:
                    item_key = key(item)
                    window = windows.get(item_key)
                    if window is not None and window.waiting:
                        window.waiting[0] = item
                        on_coalesced()
                        return
                except Exception as error:
                    observer.on_error(error)
                    return
                now = clock.now
                if window is None:
                    windows[item_key] = _Window(now)
                    forward(item)
                    return
                elapsed = now - window.opened
                if _ZERO <= elapsed < spacing:  # below zero: the wall clock was set back
                    window.waiting.append(item)
                    window.timer = clock.schedule_relative(spacing - elapsed, release, window)
                else:
                    window.opened = now
                    forward(item)

            def release(_: SchedulerBase, window: _Window[T] | None) -> None:
                if window is None or not window.waiting:
                    return
                now = clock.now
                early = spacing - (now - window.opened)
                if _ZERO < early <= spacing:  # event loops keep whole milliseconds
                    window.timer = clock.schedule_relative(
                        max(early, _MILLISECOND), release, window
                    )
                    return
                window.opened = now
                forward(window.waiting.pop())

            def flush() -> None:
                for window in sorted(windows.values(), key=lambda each: each.opened):
                    if window.waiting:
                        forward(window.waiting.pop())

            def on_completed() -> None:
                flush()
                observer.on_completed()

            def on_error(error: Exception) -> None:
                flush()
                observer.on_error(error)

            def let_go() -> None:
                upstream.dispose()
                for window in windows.values():
                    if window.timer is not None:
                        window.timer.dispose()

            upstream = source.subscribe(on_next, on_error, on_completed, scheduler=clock)
            return Disposable(let_go)

        return Observable(subscribe)

    return apply
