"""A stage and a source of one's own."""

from collections import Counter
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import TypeVar

import reactivex
from pydantic import Field
from reactivex import Observable
from reactivex import operators as ops

from connector.domain import Price
from connector.observables import Around
from connector.operators import Operator
from connector.stages import Items, Options, Stage

T = TypeVar("T")

STATES = ("price", "klines", "funding", "account", "positions")
"""It loses items, so the orders feed would refuse it."""


def every_nth(
    key: Callable[[T], Hashable], n: int, on_dropped: Callable[[], None] = lambda: None
) -> Operator[T, T]:
    """Pass the first of each `n` items of a key.

    Marble:     in  -a-b-c-d-|    out  -a-----d-|    (n = 3)
    """

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribed(_: object) -> Observable[T]:
            seen: Counter[Hashable] = Counter()  # one for each subscription

            def is_wanted(item: T) -> bool:
                seen[key(item)] += 1
                if seen[key(item)] % n != 1 % n:
                    on_dropped()
                    return False
                return True

            return source.pipe(ops.filter(is_wanted))

        return reactivex.defer(subscribed)

    return apply


class EveryNth(Options):
    """Pass the first of each so many items of a key."""

    n: int = Field(ge=1, le=1000, description="of so many items one passes")


def _build(options: EveryNth, items: Items[T], /) -> Operator[T, T]:
    return every_nth(items.key, options.n, items.counted("every_nth", "dropped"))


EVERY_NTH = Stage("every_nth", EveryNth, _build, feeds=STATES)


class Saw(Around):
    """The exchange, but for its prices: from 100 to 109 and back, a step a second."""

    def price(self, symbol: str) -> Observable[Price]:
        """Emit a made-up price each second."""

        def made(n: int) -> Price:
            return Price(symbol, str(100 + n % 10), self.now_ms())

        return reactivex.interval(timedelta(seconds=1)).pipe(ops.map(made))
