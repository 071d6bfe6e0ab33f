"""Pictures of all positions become their changes."""

from collections.abc import Iterator

from msgspec.structs import replace
from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase

from connector.operators.keep_positions import Positions, is_flat
from connector.operators.operator import Operator
from connector.trading import Position


def positions_changed() -> Operator[Positions | Position, Position]:
    """Tell each change of a position once; one that is gone from a picture, or flat, once with 0.

    Marble:     in  (ab)-(ab)-b'-(a)---|    out  (ab)---b'-b0---|    (pictures in brackets)
    Guarantee:  the first picture is told whole, without flat ones; afterwards what changed, in the
                picture's order, and what vanished after it. A symbol of which nothing was told is
                never told flat.
    Errors:     the source's pass through.
    """

    def apply(source: Observable[Positions | Position]) -> Observable[Position]:
        def subscribe(
            observer: ObserverBase[Position], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            told: dict[str, Position] = {}

            def changed(position: Position) -> Iterator[Position]:
                before = told.get(position.symbol)
                if is_flat(position):
                    if before is not None:
                        del told[position.symbol]
                        yield flattened(position)
                elif position != before:
                    told[position.symbol] = position
                    yield position

            def on_next(heard: Positions | Position) -> None:
                try:
                    changes = [*changes_of(heard)]
                except Exception as error:
                    observer.on_error(error)
                    return
                for position in changes:
                    observer.on_next(position)

            def changes_of(heard: Positions | Position) -> Iterator[Position]:
                if isinstance(heard, Position):
                    yield from changed(heard)
                    return
                for position in heard:
                    yield from changed(position)
                pictured = {each.symbol for each in heard}
                for symbol in [each for each in told if each not in pictured]:
                    yield flattened(told.pop(symbol))

            return source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=scheduler
            )

        return Observable(subscribe)

    return apply


def flattened(position: Position) -> Position:
    """Give a position's symbol without a position."""
    return replace(
        position,
        size="0",
        entry_price=None,
        unrealized_pnl="0",
        isolated_margin=None,
        liquidation_price=None,
        maintenance_margin=None,
    )
