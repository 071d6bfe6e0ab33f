"""An order's events don't overtake the answer that made the order."""

from collections import deque
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Generic, TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SingleAssignmentDisposable

from connector.operators.operator import Operator, ignore, the_scheduler

T = TypeVar("T")

_ZERO = timedelta(0)


class _Held(Generic[T]):
    """What waits of one key, for an answer or for its time to run out."""

    __slots__ = ("answer", "is_let_through", "items", "timer")

    def __init__(self) -> None:
        self.items: deque[T] = deque()
        self.answer = SingleAssignmentDisposable()
        self.timer = SingleAssignmentDisposable()
        self.is_let_through = False


def hold_until(
    key_of: Callable[[T], Hashable],
    answered: Callable[[T], Observable[object] | None],
    at_most: timedelta = timedelta(seconds=1),
    on_held: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Hold the items of a key until its answer is out, or `at_most` has passed.

    `answered(item)` gives None when no answer is pending, else what emits, completes or fails when
    it is out; it is asked for an item of which nothing waits yet. `on_held`
    is told of each that waits.

    Marble:     in  -a-A-a----|    answered(a) ----x    out  ---A-(aa)-|    (upper case: other key)
    Guarantee:  the items of a key stay in order, other keys pass. A key waits `at_most` in all,
                from its first held item on. At completion or error what waits is sent first.
    Errors:     the source's pass through; what the callbacks raise ends the stream. ValueError for
                a negative `at_most`.
    Units:      time from the scheduler given at subscribe. Memory: what arrives for a pending key
                within `at_most`.
    """
    if at_most < _ZERO:
        raise ValueError(f"hold_until: at_most is zero or more, not {at_most}")

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "hold_until")
            upstream = SingleAssignmentDisposable()
            holding: dict[Hashable, _Held[T]] = {}

            def on_next(item: T) -> None:
                try:
                    key = key_of(item)
                    held = holding.get(key)
                    pending = answered(item) if held is None else None
                except Exception as error:
                    observer.on_error(error)
                    return
                if held is not None and not held.is_let_through:
                    held.items.append(item)
                    on_held()
                elif pending is None:
                    observer.on_next(item)
                else:
                    hold(key, item, pending)

            def hold(key: Hashable, item: T, pending: Observable[object]) -> None:
                held = holding[key] = _Held()
                held.items.append(item)
                on_held()

                def out(_: object = None) -> None:
                    if holding.get(key) is held:
                        let_through(held)
                        del holding[key]
                        held.answer.dispose()
                        held.timer.dispose()

                def late(_: SchedulerBase, __: object = None) -> None:
                    let_through(held)

                held.timer.disposable = clock.schedule_relative(at_most, late)
                held.answer.disposable = pending.subscribe(out, out, out, scheduler=clock)

            def let_through(held: _Held[T]) -> None:
                while held.items:
                    observer.on_next(held.items.popleft())
                held.is_let_through = True

            def flush() -> None:
                for held in tuple(holding.values()):
                    let_through(held)

            def on_completed() -> None:
                flush()
                observer.on_completed()

            def on_error(error: Exception) -> None:
                flush()
                observer.on_error(error)

            def let_go() -> None:
                upstream.dispose()
                for held in holding.values():
                    held.answer.dispose()
                    held.timer.dispose()

            upstream.disposable = source.subscribe(on_next, on_error, on_completed, scheduler=clock)
            return Disposable(let_go)

        return Observable(subscribe)

    return apply
