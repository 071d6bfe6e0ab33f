"""Whatever shapes the forming bars, the closed ones stay."""

from collections.abc import Callable, Hashable
from typing import TypeVar

import reactivex
from reactivex import Observable
from reactivex import operators as ops

from connector.operators import Operator
from connector.operators.each_item import choose

T = TypeVar("T")


def keep_closed(
    shape: Operator[T, T],
    is_closed: Callable[[T], bool],
    key: Callable[[T], Hashable],
    at_ms: Callable[[T], int],
) -> Operator[T, T]:
    """Let `shape` have the forming bars alone; a closed one passes at once.

    Marble:     in  -a-b-B-c-|    out  -a---B-c-|    (B closes b; `shape` held b back)
    Guarantee:  every closed bar passes, in order, once; what `shape` tells of a bar that is closed
                by then is dropped.
    Errors:     those of the source and of `shape`.
    """

    def apply(source: Observable[T]) -> Observable[T]:
        def split(shared: Observable[T]) -> Observable[T]:
            forming = shared.pipe(ops.filter(lambda bar: not is_closed(bar)), shape)
            return reactivex.merge(shared.pipe(ops.filter(is_closed)), forming)

        def make() -> Callable[[T], bool]:
            closed: dict[Hashable, int] = {}

            def is_wanted(bar: T) -> bool:
                symbol, opened = key(bar), at_ms(bar)
                if is_closed(bar):
                    closed[symbol] = opened
                    return True
                return opened > closed.get(symbol, -1)

            return is_wanted

        return source.pipe(ops.publish(split), choose(make))

    return apply
