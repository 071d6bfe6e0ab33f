"""Yesterday's price is no price."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from connector.operators.each_item import choose
from connector.operators.operator import Operator, ignore

T = TypeVar("T")


def stale_after(
    max_age: timedelta,
    at_ms: Callable[[T], int],
    now_ms: Callable[[], int],
    on_dropped: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Drop an item that is older than `max_age` when it comes.

    Marble:     in  -a1-b3-c2-|    out  -a1----c2-|    (digit = age on coming; max_age 2)
    Guarantee:  order kept, nothing remembered. An item from the future passes.
    Errors:     ValueError for an age that isn't above 0; what `at_ms` raises ends the stream; the
                source's pass through.
    Units:      at_ms and now_ms in UTC epoch milliseconds of one clock, the exchange's.
    """
    if max_age <= timedelta(0):
        raise ValueError(f"stale_after: max_age is above 0, not {max_age}")
    oldest_ms = max_age // timedelta(milliseconds=1)

    def is_wanted(item: T) -> bool:
        if now_ms() - at_ms(item) > oldest_ms:
            on_dropped()
            return False
        return True

    return choose(lambda: is_wanted)
