"""Single positions become the complete picture."""

from decimal import Decimal

from reactivex import Observable
from reactivex import operators as ops

from connector.operators.operator import Operator
from connector.trading import Position

Positions = tuple[Position, ...]
"""A complete picture: what isn't in it is flat."""


def keep_positions() -> Operator[Positions | Position, Positions]:
    """Keep the complete picture: a single position takes its place in it, a picture replaces it.

    Marble:     in  (ab)-c-a0--|    out  (ab)-(abc)-(bc)--|    (a0: a is flat; pictures in brackets)
    Guarantee:  nothing before the first complete picture; flat positions aren't in it.
    Errors:     the source's pass through.
    """

    def apply(source: Observable[Positions | Position]) -> Observable[Positions]:
        def keep(kept: Positions | None, heard: Positions | Position) -> Positions | None:
            if isinstance(heard, tuple):
                return tuple(each for each in heard if not is_flat(each))
            if kept is None:
                return None
            by_symbol = {each.symbol: each for each in kept} | {heard.symbol: heard}
            return tuple(each for each in by_symbol.values() if not is_flat(each))

        nothing: Positions | None = None
        return source.pipe(
            ops.scan(keep, nothing),
            ops.filter(lambda kept: kept is not None),
            ops.map(lambda kept: kept or ()),
        )

    return apply


def is_flat(position: Position) -> bool:
    """Say whether nothing is held."""
    return not Decimal(position.size)
