"""Whatever shapes the forming bars, the closed ones stay."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import CompositeDisposable
from reactivex.subject import Subject

from connector.operators import Operator

T = TypeVar("T")


def keep_closed(
    shape: Operator[T, T],
    is_closed: Callable[[T], bool],
    key: Callable[[T], Hashable],
    at_ms: Callable[[T], int],
) -> Operator[T, T]:
    """Let `shape` have the forming bars alone; a closed one passes at once.

    Marble:     in  -a-b-B-c-|    out  -a---B-c-|    (B closes b; `shape` held b back)
    Guarantee:  every closed bar passes, in order, once; what `shape` tells of a bar that is closed
                by then is dropped. One instant a key is remembered.
    Errors:     those of the source, after what `shape` tells at its end; those of `shape`.
    """

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            forming: Subject[T] = Subject()
            closed: dict[Hashable, int] = {}

            def on_next(bar: T) -> None:
                try:
                    is_last = is_closed(bar)
                    if is_last:
                        closed[key(bar)] = at_ms(bar)
                except Exception as error:
                    observer.on_error(error)
                    return
                (observer if is_last else forming).on_next(bar)

            def on_shaped(bar: T) -> None:
                if at_ms(bar) > closed.get(key(bar), -1):
                    observer.on_next(bar)

            shaped = shape(forming).subscribe(
                on_shaped, observer.on_error, observer.on_completed, scheduler=scheduler
            )
            upstream = source.subscribe(
                on_next, forming.on_error, forming.on_completed, scheduler=scheduler
            )
            return CompositeDisposable(upstream, shaped)

        return Observable(subscribe)

    return apply
