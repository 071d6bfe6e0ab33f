"""Candle intervals: where each bar opens and where the next begins, in UTC."""

from datetime import UTC, datetime

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_MONDAY_MS = 4 * DAY_MS
"""The epoch was a Thursday; weeks open on Mondays."""

MONTH = "1M"

LENGTHS_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "8h": 8 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
}
"""Lengths of the intervals that have one; a month has none."""

INTERVALS: tuple[str, ...] = (*LENGTHS_MS, MONTH)


def opening_ms(interval: str, at_ms: int) -> int:
    """Give the opening instant of the bar that an instant falls in.

    Errors:  KeyError for an interval that is not in INTERVALS.
    """
    if interval == MONTH:
        day = datetime.fromtimestamp(at_ms // 1000, UTC)
        return _month_ms(day.year, day.month)
    offset = _MONDAY_MS if interval == "1w" else 0
    return at_ms - (at_ms - offset) % LENGTHS_MS[interval]


def moved_ms(interval: str, opening: int, bars: int) -> int:
    """Give the opening instant that lies a number of bars after (or before) another."""
    if interval != MONTH:
        return opening + bars * LENGTHS_MS[interval]
    day = datetime.fromtimestamp(opening // 1000, UTC)
    months = day.year * 12 + day.month - 1 + bars
    return _month_ms(months // 12, months % 12 + 1)


def _month_ms(year: int, month: int) -> int:
    return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
