"""The exchange's own time, which may run faster than the wall clock."""

import time
from typing import Protocol


class WallClock(Protocol):
    """Seconds that never go back; only differences count."""

    def monotonic(self) -> float:
        """Tell the present second."""
        ...


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        """Tell the machine's monotonic second."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is told to move, for tests."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def monotonic(self) -> float:
        """Tell the second it was last moved to."""
        return self._seconds

    def move(self, seconds: float) -> None:
        """Move on by wall seconds; a negative number raises ValueError."""
        if not seconds >= 0:
            raise ValueError(f"time moves forward only: {seconds} s")
        self._seconds += seconds


class ExchangeClock:
    """Exchange time: `speed` times as fast as the wall clock, from the start instant on.

    Units:  `now_us` in UTC epoch microseconds, `now_ms` in milliseconds, both ints.
    """

    def __init__(self, start_ms: int, speed: float, wall: WallClock) -> None:
        self.start_us = start_ms * 1000
        self._wall = wall
        self._wall_start = wall.monotonic()
        self._us_per_second = speed * 1_000_000

    def now_us(self) -> int:
        """Tell the exchange's present microsecond."""
        elapsed = self._wall.monotonic() - self._wall_start
        return self.start_us + int(elapsed * self._us_per_second)

    def now_ms(self) -> int:
        """Tell the exchange's present millisecond."""
        return self.now_us() // 1000

    def wall_seconds_until(self, at_us: int) -> float:
        """Give the wall seconds from now to an instant of the exchange; negative when past."""
        elapsed = self._wall.monotonic() - self._wall_start
        return (at_us - self.start_us) / self._us_per_second - elapsed
