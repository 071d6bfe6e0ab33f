"""What a stage does with one item, without the rest of an Observable around it."""

from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.operators.operator import Operator

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")


def each_item(make: Callable[[Callable[[B], None]], Callable[[A], None]]) -> Operator[A, B]:
    """Do with each item what `make(forward)` says: pass it on by `forward`, or don't.

    Guarantee:  `make` is called once a subscription, so that no two share a memory.
    Errors:     what is raised for an item ends the stream and lets go of the source; the source's
                pass through.
    """

    def apply(source: Observable[A]) -> Observable[B]:
        def subscribe(
            observer: ObserverBase[B], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            do = make(observer.on_next)

            def on_next(item: A) -> None:
                try:
                    do(item)
                except Exception as error:
                    observer.on_error(error)

            return source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=scheduler
            )

        return Observable(subscribe)

    return apply


def choose(make: Callable[[], Callable[[T], bool]]) -> Operator[T, T]:
    """Pass the items of which `make()` says True; a memory of its own for each subscription.

    Errors:  as `each_item`.
    """

    def chosen(forward: Callable[[T], None]) -> Callable[[T], None]:
        is_wanted = make()

        def do(item: T) -> None:
            if is_wanted(item):
                forward(item)

        return do

    return each_item(chosen)
