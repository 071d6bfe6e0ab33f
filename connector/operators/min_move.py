"""Small moves are noise to some."""

from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import TypeVar

from connector.operators.each_item import choose
from connector.operators.operator import Operator, ignore

T = TypeVar("T")


def min_move(
    key: Callable[[T], Hashable],
    value: Callable[[T], Decimal],
    least: Callable[[T, Decimal], Decimal],
    on_dropped: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Drop an item that moved less than `least(item, last)` from its key's last that passed.

    Marble:     in  -a5-a6-a8-a7-|    out  -a5----a8----|    (digit = value, least 3)
    Guarantee:  order kept; a key's first passes; small moves add up until together they are
                enough. One value a key is remembered.
    Errors:     what `key`, `value` or `least` raises ends the stream; the source's pass through.
    Units:      `least` in the value's own unit.
    """

    def make() -> Callable[[T], bool]:
        passed: dict[Hashable, Decimal] = {}

        def is_wanted(item: T) -> bool:
            item_key, number = key(item), value(item)
            last = passed.get(item_key)
            if last is not None and abs(number - last) < least(item, last):
                on_dropped()
                return False
            passed[item_key] = number
            return True

        return is_wanted

    return choose(make)


def basis_points(bps: Decimal) -> Callable[[object, Decimal], Decimal]:
    """Give the least move as basis points of the last value (1 bp = 0.0001)."""
    ratio = bps / 10_000
    return lambda _, last: abs(last) * ratio
