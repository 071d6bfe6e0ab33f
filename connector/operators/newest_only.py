"""Order by the source's own clock."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.operators.operator import Operator

T = TypeVar("T")


def newest_only(key: Callable[[T], Hashable], at_ms: Callable[[T], int]) -> Operator[T, T]:
    """Drop an item older than the newest already seen of its key.

    Marble:     in  -a3-b1-a2-|        out  -a3-b1----|     (letter = key, digit = at_ms)
    Guarantee:  order kept, equal times pass, keys never forgotten (one int per symbol).
    Errors:     what `key` or `at_ms` raises ends the stream; the source's pass through.
    Units:      at_ms in UTC epoch milliseconds, any one clock.
    """

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            newest: dict[Hashable, int] = {}
            forward = observer.on_next

            def on_next(item: T) -> None:
                try:
                    item_key = key(item)
                    at = at_ms(item)
                    if at < newest.get(item_key, at):
                        return
                    newest[item_key] = at
                except Exception as error:
                    observer.on_error(error)
                    return
                forward(item)

            return source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=scheduler
            )

        return Observable(subscribe)

    return apply
