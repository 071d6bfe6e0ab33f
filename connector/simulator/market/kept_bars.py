"""Closed bars of the live market: packed, consecutive, the oldest let go beyond a limit."""

from array import array

from connector.simulator.market.bar import Bar

_FIELDS = 11
_WORD = 1 << 60
"""A day's turnover in small units can exceed 64 bits: turnovers take two numbers each."""


class NewestBars:
    """The newest closed bars of one length, 88 bytes each.

    Guarantee:  bars are consecutive; at least `kept` of the newest are there.
    """

    def __init__(self, first_ms: int, length_ms: int, kept: int) -> None:
        self._first_ms = first_ms
        self._length_ms = length_ms
        self._kept = kept
        self._numbers = array("q")

    @property
    def first_ms(self) -> int:
        """Opening of the oldest bar kept (or of the next one, if none)."""
        return self._first_ms

    def append(self, bar: Bar) -> None:
        """Keep the bar that follows the newest."""
        self._numbers.extend(
            (
                bar.open,
                bar.high,
                bar.low,
                bar.close,
                bar.volume,
                bar.count,
                bar.bought,
                *divmod(bar.turnover, _WORD),
                *divmod(bar.bought_turnover, _WORD),
            )
        )
        if len(self._numbers) > self._kept * _FIELDS * 5 // 4:
            dropped = self._kept // 4
            del self._numbers[: dropped * _FIELDS]
            self._first_ms += dropped * self._length_ms

    def between(self, first_ms: int, end_ms: int) -> list[Bar]:
        """Give the kept bars that open in [first_ms, end_ms), oldest first."""
        first_ms = max(first_ms, self._first_ms)
        count = len(self._numbers) // _FIELDS
        begin = min(-(-(first_ms - self._first_ms) // self._length_ms), count)
        end = min(-(-(end_ms - self._first_ms) // self._length_ms), count)
        return [self._bar(place) for place in range(begin, max(begin, end))]

    def _bar(self, place: int) -> Bar:
        opened, high, low, close, volume, count, bought, *turnovers = self._numbers[
            place * _FIELDS : (place + 1) * _FIELDS
        ]
        return Bar(
            self._first_ms + place * self._length_ms,
            opened,
            high,
            low,
            close,
            volume,
            turnovers[0] * _WORD + turnovers[1],
            count,
            bought,
            turnovers[2] * _WORD + turnovers[3],
        )
