"""One wild value is nobody's price."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Hashable
from decimal import Decimal
from typing import Generic, TypeVar

from connector.operators.each_item import each_item
from connector.operators.operator import Operator, ignore

T = TypeVar("T")


class _Seen(Generic[T]):
    """A key's values that passed, and those that wait to be confirmed."""

    __slots__ = ("held", "passed", "remember", "sorted")

    def __init__(self, remember: int) -> None:
        self.remember = remember
        self.passed: deque[Decimal] = deque()
        self.sorted: list[Decimal] = []
        self.held: list[tuple[T, Decimal]] = []

    def passes(self, number: Decimal) -> None:
        self.passed.append(number)
        insort(self.sorted, number)
        if len(self.passed) > self.remember:
            oldest = self.passed.popleft()
            del self.sorted[bisect_left(self.sorted, oldest)]

    def forget(self) -> None:
        self.passed.clear()
        self.sorted.clear()

    def median(self) -> Decimal:
        middle = len(self.sorted) // 2
        if len(self.sorted) % 2:
            return self.sorted[middle]
        return (self.sorted[middle - 1] + self.sorted[middle]) / 2


def outlier_guard(
    key: Callable[[T], Hashable],
    value: Callable[[T], Decimal],
    max_jump_ratio: Decimal,
    remember: int = 20,
    confirm: int = 2,
    on_held: Callable[[], None] = ignore,
    on_dropped: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Hold a value that jumps, until the next `confirm` values of its key jump to where it is.

    A jump is more than `max_jump_ratio` away from the median of the key's last `remember` values
    that passed. The held one and its confirmations pass together, in order, and are the new
    memory. A value back at the median, or a jump elsewhere, drops what is held.

    Marble:     in  -a-Z-b-c-X-Y-W-|    out  -a---b-c-----(XYW)-|    (Z jumps alone; X Y W agree)
    Guarantee:  order kept; a key's first value passes. Held: at most `confirm` items a key; at
                the source's end what is held is dropped.
    Errors:     ValueError for options out of bounds; what `key` or `value` raises ends the stream;
                the source's pass through.
    Units:      max_jump_ratio as a ratio (0.05 = 5 %); remember and confirm count items.
    """
    if max_jump_ratio.is_nan() or max_jump_ratio <= 0:
        raise ValueError(f"outlier_guard: max_jump_ratio is above 0, not {max_jump_ratio}")
    if remember < 1 or confirm < 1:
        raise ValueError("outlier_guard: remember and confirm are 1 or more")

    def is_near(number: Decimal, reference: Decimal) -> bool:
        return abs(number - reference) <= abs(reference) * max_jump_ratio

    def make(forward: Callable[[T], None]) -> Callable[[T], None]:
        by_key: dict[Hashable, _Seen[T]] = {}

        def do(item: T) -> None:
            item_key, number = key(item), value(item)
            seen = by_key.get(item_key)
            if seen is None:
                seen = by_key[item_key] = _Seen(remember)
            if not seen.passed or is_near(number, seen.median()):
                drop(seen)
                seen.passes(number)
                forward(item)
                return
            if seen.held and not is_near(number, seen.held[0][1]):
                drop(seen)
            seen.held.append((item, number))
            if len(seen.held) <= confirm:
                on_held()
                return
            agreed, seen.held = seen.held, []
            seen.forget()
            for _, each in agreed:
                seen.passes(each)
            for each, _ in agreed:
                forward(each)

        def drop(seen: _Seen[T]) -> None:
            for _ in seen.held:
                on_dropped()
            seen.held.clear()

        return do

    return each_item(make)
