"""Say nothing twice."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from connector.operators.each_item import choose
from connector.operators.operator import Operator, ignore

T = TypeVar("T")


def distinct(
    key: Callable[[T], Hashable],
    value: Callable[[T], object],
    on_dropped: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Drop an item whose value equals that of its key's last one.

    Marble:     in  -a1-a1-b1-a2-a1-|    out  -a1----b1-a2-a1-|    (letter = key, digit = value)
    Guarantee:  order kept; one value a key is remembered.
    Errors:     what `key` or `value` raises ends the stream; the source's pass through.
    """

    def make() -> Callable[[T], bool]:
        last: dict[Hashable, object] = {}

        def is_wanted(item: T) -> bool:
            item_key, now = key(item), value(item)
            if item_key in last and last[item_key] == now:
                on_dropped()
                return False
            last[item_key] = now
            return True

        return is_wanted

    return choose(make)
