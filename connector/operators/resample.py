"""Short bars become long ones."""

from collections.abc import Callable
from decimal import Context, Decimal

from msgspec.structs import replace

from connector.domain import Candle
from connector.operators.each_item import each_item
from connector.operators.operator import Operator, ignore

_EXACTLY = Context(prec=200)
"""A number of ours has 100 characters at most: a sum of as many as make a bar fits."""


class _Long:
    """A long bar in the making: its closed short bars, and where the next one opens."""

    __slots__ = ("bar", "next_ms")

    def __init__(self, bar: Candle | None, next_ms: int) -> None:
        self.bar, self.next_ms = bar, next_ms


def resample(
    from_ms: int, to_ms: int, on_dropped: Callable[[], None] = ignore
) -> Operator[Candle, Candle]:
    """Join bars of `from_ms` into bars of `to_ms`, exactly: first open, last close, extremes, sum.

    Marble:     in  -a1-A1-b2-B2-a3-|    out  -a1-b1-c1-C1-a3-|    (upper case = closed; two to one)
    Guarantee:  each long bar is told forming at each change of its short ones and closed once,
                when its last short bar closes. A long bar of which a short one is missing (the
                stream began within it, a gap was not to be had) is not told further, never made
                up; `on_dropped` counts such places. One bar a symbol is kept.
    Errors:     ValueError unless `to_ms` is a multiple of `from_ms`, at least twice; the source's
                pass through.
    Units:      milliseconds of interval; long bars open at multiples of `to_ms` since the epoch,
                so weeks and calendar months are not made.
    """
    if from_ms <= 0 or to_ms < 2 * from_ms or to_ms % from_ms:
        raise ValueError(f"resample: {to_ms} ms is no multiple of {from_ms} ms, twice or more")

    def make(forward: Callable[[Candle], None]) -> Callable[[Candle], None]:
        longs: dict[str, _Long] = {}

        def do(short: Candle) -> None:
            opens_ms = short.timestamp_ms - short.timestamp_ms % to_ms
            long = longs.get(short.symbol)
            if long is None or long.next_ms < short.timestamp_ms:
                is_whole = short.timestamp_ms == opens_ms
                if long is not None or not is_whole:
                    on_dropped()
                long = _Long(None, opens_ms if is_whole else opens_ms + to_ms)
                longs[short.symbol] = long
            if short.timestamp_ms < long.next_ms:
                return
            joined = _joined(long.bar, short, opens_ms)
            is_last = short.timestamp_ms + from_ms == opens_ms + to_ms
            if short.is_closed:
                long.next_ms += from_ms
                long.bar = None if is_last else joined
            forward(replace(joined, is_closed=True) if short.is_closed and is_last else joined)

        return do

    return each_item(make)


def _joined(long: Candle | None, short: Candle, opens_ms: int) -> Candle:
    if long is None:
        return replace(short, timestamp_ms=opens_ms, is_closed=False)
    return Candle(
        symbol=long.symbol,
        timestamp_ms=opens_ms,
        open=long.open,
        high=long.high if Decimal(long.high) >= Decimal(short.high) else short.high,
        low=long.low if Decimal(long.low) <= Decimal(short.low) else short.low,
        close=short.close,
        volume=format(_EXACTLY.add(Decimal(long.volume), Decimal(short.volume)), "f"),
        is_closed=False,
    )
