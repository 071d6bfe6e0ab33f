"""Domain values into messages."""

from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.errors import Malformed
from connector.operators.operator import Operator, ignore

T = TypeVar("T")
M = TypeVar("M")


def map_to_proto(
    encode: Callable[[T], M], on_malformed: Callable[[Malformed], None] = ignore
) -> Operator[T, M]:
    """Encode each item as its message; an item that has no message is dropped and told.

    Marble:     in  -a-?-b-|        out  -A---B-|     (`?`: encode raises Malformed)
    Guarantee:  order kept, one message an item, encoded once for each subscription: share after it.
    Errors:     Malformed goes to `on_malformed` and the stream goes on; what else `encode` or
                `on_malformed` raises ends the stream; the source's pass through.
    """

    def apply(source: Observable[T]) -> Observable[M]:
        def subscribe(
            observer: ObserverBase[M], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            forward = observer.on_next

            def on_next(item: T) -> None:
                try:
                    message = encode(item)
                except Malformed as unusable:
                    tell(unusable)
                    return
                except Exception as error:
                    observer.on_error(error)
                    return
                forward(message)

            def tell(unusable: Malformed) -> None:
                try:
                    on_malformed(unusable)
                except Exception as error:
                    observer.on_error(error)

            return source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=scheduler
            )

        return Observable(subscribe)

    return apply
