"""What a scenario is given, and what it leaves for those after it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bench.report import Result


@dataclass
class Run:
    """One run of the bench."""

    folder: Path
    """For logs and configurations; gone afterwards."""
    asked_seconds: float | None
    quick: bool = False
    """Whether to leave out what takes long."""
    floor_us: float | None = None
    """CPU microseconds of a bare server for a message, once scenario `ladder` has told."""

    def seconds(self, default: float) -> float:
        """Tell how long to measure."""
        return default if self.asked_seconds is None else self.asked_seconds

    def beside_floor(self, us: float) -> str:
        """Put a figure of the connector beside the bare server's."""
        if not self.floor_us:
            return f"{us:.0f}"
        return f"{us:.0f} = {us / self.floor_us:.1f} x floor"


@dataclass(frozen=True)
class Scenario:
    """A name on the command line."""

    name: str
    about: str
    measure: Callable[[Run, Result], Awaitable[None]]
    """Fills the result; what it found before an error is shown."""
    limit_s: float = 60.0
    """What it may take besides its measuring: a bound, not a figure."""
