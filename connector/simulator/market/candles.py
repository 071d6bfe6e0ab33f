"""One instrument's candles: the drawn past and the live market as one."""

from connector.simulator.market.bar import Bar, copied, flat_bar
from connector.simulator.market.history import LEVELS_MS, History
from connector.simulator.market.interval import (
    DAY_MS,
    MINUTE_MS,
    moved_ms,
    opening_ms,
)
from connector.simulator.market.kept_bars import NewestBars

_LEVEL_INTERVALS = ("1d", "1h", "15m", "1m")
_MINUTES = 3


class Growing:
    """The closed minutes of a bar that is still forming."""

    def __init__(self, interval: str, bar: Bar) -> None:
        self.interval = interval
        self.bar = bar
        self.next_opening_ms = moved_ms(interval, bar.opening_ms, 1)


class Candles:
    """All bars of one instrument, from the first day of its history to the forming ones.

    Guarantee:  a bar of any interval is the aggregation of its minutes that had trades; a minute
                without trades is flat at the previous close; bars close on whole minutes.
    Memory:     `kept_minutes` minutes, and quarters, hours and days up to as many, of the live
                market; minutes older than that are gone, the history before the start is not.
    """

    def __init__(self, history: History, start_price: int, kept_minutes: int) -> None:
        self._history = history
        self._start_ms = history.start_ms
        self.forming_minute = flat_bar(self._start_ms, start_price)
        self._closed: list[NewestBars] = []
        self._growing: dict[str, Growing] = {}
        for level, length in enumerate(LEVELS_MS):
            unfinished = copied(history.unfinished(level))
            self._closed.append(NewestBars(unfinished.opening_ms, length, kept_minutes))
            if level != _MINUTES:
                interval = _LEVEL_INTERVALS[level]
                self._growing[interval] = Growing(interval, unfinished)
        self._tracked: dict[str, int] = {interval: 1 for interval in self._growing}

    @property
    def first_ms(self) -> int:
        """The first instant that has bars."""
        return self._history.first_ms

    def track(self, interval: str) -> None:
        """Follow an interval trade by trade, until `untrack`; counted."""
        if interval == "1m":
            return
        self._tracked[interval] = self._tracked.get(interval, 0) + 1
        if interval not in self._growing:
            opening = opening_ms(interval, self.forming_minute.opening_ms)
            bar = self._gathered(opening, self.forming_minute.opening_ms)
            self._growing[interval] = Growing(interval, bar)

    def untrack(self, interval: str) -> None:
        """Let go of one `track`."""
        if interval == "1m":
            return
        self._tracked[interval] -= 1
        if not self._tracked[interval]:
            del self._tracked[interval], self._growing[interval]

    def forming(self, interval: str) -> Bar:
        """Give the forming bar of a tracked interval as it is now."""
        if interval == "1m":
            return self.forming_minute
        bar = copied(self._growing[interval].bar)
        bar.add_bar(self.forming_minute)
        return bar

    def close_minute(self) -> dict[str, Bar]:
        """Close the forming minute, and give it and the tracked bars that close with it."""
        minute = self.forming_minute
        boundary = minute.opening_ms + MINUTE_MS
        self._closed[_MINUTES].append(minute)
        closed = {"1m": minute}
        for interval, growing in self._growing.items():
            growing.bar.add_bar(minute)
            if growing.next_opening_ms == boundary:
                closed[interval] = growing.bar
                self._growing[interval] = Growing(interval, flat_bar(boundary, minute.close))
        for level in range(_MINUTES):
            bar = closed.get(_LEVEL_INTERVALS[level])
            if bar is not None:
                self._closed[level].append(bar)
        self.forming_minute = flat_bar(boundary, minute.close)
        return closed

    def bars(self, interval: str, first_ms: int, last_ms: int) -> list[Bar]:
        """Give the bars that open in [first_ms, last_ms], oldest first, the last one forming.

        Both instants are openings of the interval.
        """
        length = moved_ms(interval, first_ms, 1) - first_ms
        level = next(
            level for level, unit in enumerate(LEVELS_MS) if length >= unit or unit == MINUTE_MS
        )
        end_ms = moved_ms(interval, last_ms, 1)
        parts = self._level_bars(level, max(first_ms, self.first_ms), end_ms)
        if interval == _LEVEL_INTERVALS[level]:
            return parts
        grouped: list[Bar] = []
        next_opening = 0
        for part in parts:
            if part.opening_ms >= next_opening:
                opening = opening_ms(interval, part.opening_ms)
                next_opening = moved_ms(interval, opening, 1)
                started = copied(part)
                started.opening_ms = opening
                grouped.append(started)
            else:
                grouped[-1].add_bar(part)
        return grouped

    def since(self, first_ms: int) -> Bar:
        """Aggregate the closed minutes from a whole minute on, in the coarsest pieces."""
        return self._gathered(first_ms, self.forming_minute.opening_ms)

    def _gathered(self, first_ms: int, end_ms: int) -> Bar:
        gathered: Bar | None = None
        cursor = first_ms
        while cursor < end_ms:
            level = next(
                level
                for level, length in enumerate(LEVELS_MS)
                if (cursor % length == 0 and cursor + length <= end_ms) or length == MINUTE_MS
            )
            length = LEVELS_MS[level]
            pieces = self._level_bars(level, cursor, cursor + length)
            for piece in pieces:
                if gathered is None:
                    gathered = copied(piece)
                else:
                    gathered.add_bar(piece)
            cursor += length
        if gathered is None:
            return flat_bar(first_ms, self.forming_minute.close)
        gathered.opening_ms = first_ms
        return gathered

    def _level_bars(self, level: int, first_ms: int, end_ms: int) -> list[Bar]:
        """Give past, kept and forming bars of a level; those that are kept were copied."""
        live = self._closed[level]
        found: list[Bar] = []
        if first_ms < self._start_ms:
            boundary = self._start_ms - self._start_ms % LEVELS_MS[level]
            found = self._history.bars(level, first_ms, min(end_ms, boundary))
        found += live.between(first_ms, end_ms)
        forming = self.forming(_LEVEL_INTERVALS[level])
        if first_ms <= forming.opening_ms < end_ms:
            found.append(forming)
        return found


def day_before_ms(at_ms: int) -> int:
    """Give the whole minute at which the 24 hours begin that end with this minute."""
    return at_ms - at_ms % MINUTE_MS + MINUTE_MS - DAY_MS
