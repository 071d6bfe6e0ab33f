"""What has been said of a symbol's bars, and what an update means after that."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from connector.domain import Candle

FORGIVEN_AFTER = 8
"""So many updates of older bars in a row were right, and the newest bar was none."""

HELD_BARS = 16
"""How many bars' updates wait for a fetch; the oldest is let go first, and is fetched later."""


class Gap(NamedTuple):
    """Bars that nobody has seen closed: opening instants in ms, from inclusive, until exclusive."""

    from_open_ms: int
    until_open_ms: int


class Bars:
    """The memory of one symbol's bars: all before `next_open_ms` are closed, or given up for good.

    Guarantee:  what `take`, `fill`, `close_forming` and `give_up` give is ascending, has each bar
                closed at most once, and nothing of a bar after its close.
    Units:      interval and instants in ms; bars of one length (calendar months have none).
    """

    def __init__(self, interval_ms: int, flagged: bool) -> None:
        self.next_open_ms: int | None = None
        self.forming: Candle | None = None  # of the bar at next_open_ms
        self._interval_ms = interval_ms
        self._flagged = flagged
        self._witnessed = True
        self._older = 0

    def interrupted(self) -> None:
        """Note that updates may have been missed since the last one."""
        self._witnessed = False

    def gap_before(self, candle: Candle) -> Gap | None:
        """Say which bars must be fetched before this update may go out, if any."""
        expected = self.next_open_ms
        if expected is None or candle.timestamp_ms <= expected or self._closes_forming(candle):
            return None
        return Gap(expected, candle.timestamp_ms)

    def _closes_forming(self, candle: Candle) -> bool:
        return (
            not self._flagged
            and self._witnessed
            and self.forming is not None
            and candle.timestamp_ms == self.forming.timestamp_ms + self._interval_ms
        )

    def take(self, candle: Candle) -> tuple[Candle, ...]:
        """Give what goes out for an update that has no gap before it: nothing if it is too old."""
        opened, expected = candle.timestamp_ms, self.next_open_ms
        if expected is not None and opened < expected:
            if not self._forgives(opened):
                return ()
            self.forming = None
        self._older = 0
        before = self.forming
        if candle.is_closed:
            self.next_open_ms, self.forming = opened + self._interval_ms, None
        else:
            self.next_open_ms, self.forming = opened, candle
            self._witnessed = True
        if before is None or before.timestamp_ms == opened:
            return (candle,)
        return (replace(before, is_closed=True), candle)

    def _forgives(self, opened: int) -> bool:
        """Say whether the newest bar was wrong: a clock set back, or one frame of a far future."""
        if self.next_open_ms is None or opened >= self.next_open_ms - self._interval_ms:
            return False
        self._older += 1
        return self._older > FORGIVEN_AFTER

    def fill(self, gap: Gap, fetched: Iterable[Candle]) -> Iterator[Candle]:
        """Give the fetched bars of the gap that are still to be told, closed and in order.

        A bar the exchange left out, but has a later one of, never came to be; if updates of it
        were seen, it is closed with the last of them.
        """
        for bar in sorted(fetched, key=lambda each: each.timestamp_ms):
            opened, expected = bar.timestamp_ms, self.next_open_ms
            if expected is None or not expected <= opened < gap.until_open_ms:
                continue
            if opened > expected:
                yield from self.close_forming()
            self.next_open_ms, self.forming = opened + self._interval_ms, None
            yield replace(bar, is_closed=True)

    def close_forming(self) -> Iterator[Candle]:
        """Close the forming bar with the last values seen of it, if there are some."""
        if self.forming is not None:
            last, self.forming = self.forming, None
            self.next_open_ms = last.timestamp_ms + self._interval_ms
            yield replace(last, is_closed=True)

    def give_up(self, gap: Gap) -> Iterator[Candle]:
        """Go on without what the gap still misses; what was seen forming is closed as seen."""
        yield from self.close_forming()
        self.next_open_ms = gap.until_open_ms

    def misses(self, gap: Gap) -> bool:
        """Say whether the last bar of the gap isn't closed yet."""
        return self.next_open_ms is not None and self.next_open_ms < gap.until_open_ms

    def overdue(self, settled_ms: int) -> Gap | None:
        """Say which bars, unclosed, had ended at that instant."""
        if self.next_open_ms is None:
            return None
        ended = (settled_ms - self.next_open_ms) // self._interval_ms
        if ended < 1:
            return None
        return Gap(self.next_open_ms, self.next_open_ms + ended * self._interval_ms)


class LatestByBar:
    """Updates that wait for a fetch: of each bar the newest, or its close once that has come.

    Guarantee:  at most HELD_BARS; what is let go shows as a gap before the next, and is fetched.
    """

    def __init__(self) -> None:
        self._held: dict[int, Candle] = {}

    def __bool__(self) -> bool:
        return bool(self._held)

    def put(self, candle: Candle) -> None:
        """Hold an update."""
        held = self._held
        known = held.get(candle.timestamp_ms)
        if known is None or candle.is_closed or not known.is_closed:
            held[candle.timestamp_ms] = candle
        if len(held) > HELD_BARS:
            del held[min(held)]

    def take_oldest(self) -> Candle:
        """Give the update of the oldest bar, and hold it no longer."""
        return self._held.pop(min(self._held))

    def reaches(self, open_ms: int) -> bool:
        """Say whether an update of that bar or a later one waits."""
        return any(opened >= open_ms for opened in self._held)

    def closed_besides(self, fetched: Iterable[Candle]) -> list[Candle]:
        """Give the closes that wait, of bars that weren't fetched."""
        known = {each.timestamp_ms for each in fetched}
        held = self._held.values()
        return [each for each in held if each.is_closed and each.timestamp_ms not in known]

    def clear(self) -> None:
        """Hold nothing."""
        self._held.clear()
