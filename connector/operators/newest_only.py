"""Order by the source's own clock."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.operators.operator import Operator, ignore

T = TypeVar("T")


FORGIVEN_AFTER = 8
"""So many older items in a row were right, and the newest was wrong."""


def newest_only(
    key: Callable[[T], Hashable], at_ms: Callable[[T], int], on_older: Callable[[], None] = ignore
) -> Operator[T, T]:
    """Drop an item older than the newest already seen of its key.

    A source whose clock was set back, or that told one wrong time, would be silent until that time
    has come: after FORGIVEN_AFTER older items of a key in a row, the next one counts as newest.

    Marble:     in  -a3-b1-a2-|        out  -a3-b1----|     (letter = key, digit = at_ms)
    Guarantee:  order kept, equal times pass, keys never forgotten (two ints per symbol).
    Errors:     what `key`, `at_ms` or `on_older` (told of each drop) raises ends the stream; the
                source's pass through.
    Units:      at_ms in UTC epoch milliseconds, any one clock.
    """

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            newest: dict[Hashable, int] = {}
            older: dict[Hashable, int] = {}
            forward = observer.on_next

            def on_next(item: T) -> None:
                try:
                    item_key = key(item)
                    at = at_ms(item)
                    if at < newest.get(item_key, at):
                        dropped = older.get(item_key, 0) + 1
                        if dropped <= FORGIVEN_AFTER:
                            older[item_key] = dropped
                            on_older()
                            return
                    if older:
                        older.pop(item_key, None)
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
