"""The trend of a value, the noise halved away."""

from collections.abc import Callable, Hashable
from datetime import timedelta
from decimal import Context, Decimal
from functools import lru_cache
from typing import TypeVar

from connector.operators.each_item import each_item
from connector.operators.operator import Operator

T = TypeVar("T")

_AS_A_FLOAT = Context(prec=18)
"""More digits than a weight has make it no truer, and each product slower."""


def smooth(
    key: Callable[[T], Hashable],
    value: Callable[[T], Decimal],
    at_ms: Callable[[T], int],
    half_life: timedelta,
    with_value: Callable[[T, Decimal], T],
) -> Operator[T, T]:
    """Replace each value by its key's exponential mean: what is `half_life` old weighs half.

    Time is the items' own, so that a replay gives the same; an item no younger than the one
    before takes its weight from no time: it changes nothing.

    Marble:     in  -a0-a8-a8-|    out  -a0-a4-a6-|    (digit = value; a half-life between two)
    Guarantee:  as many out as in, in order; a key's first passes unchanged. The mean keeps 28
                digits; `with_value` rounds what is told, never what is remembered.
    Errors:     ValueError for a half-life that isn't above 0; what the callbacks raise ends the
                stream; the source's pass through.
    Units:      at_ms in milliseconds of one clock.
    """
    if half_life <= timedelta(0):
        raise ValueError(f"smooth: half_life is above 0, not {half_life}")
    half_life_ms = half_life / timedelta(milliseconds=1)

    @lru_cache(maxsize=4096)
    def weight(elapsed_ms: int) -> Decimal:
        return _AS_A_FLOAT.create_decimal_from_float(1 - 0.5 ** (elapsed_ms / half_life_ms))

    def make(forward: Callable[[T], None]) -> Callable[[T], None]:
        means: dict[Hashable, tuple[Decimal, int]] = {}

        def do(item: T) -> None:
            item_key, number, at = key(item), value(item), at_ms(item)
            before = means.get(item_key)
            if before is None:
                means[item_key] = number, at
                forward(item)
                return
            mean, then = before
            if at > then:
                mean += (number - mean) * weight(at - then)
                means[item_key] = mean, at
            forward(with_value(item, mean))

        return do

    return each_item(make)
