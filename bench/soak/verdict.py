"""What the samples say: growth by hour with how sure it is, and whether that passes."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from bench.soak.server import Size

SLOPE_MB_PER_HOUR = 1.0
SPARE = 3
"""Tasks, files and sockets more than before the first client: what is being dialled just then."""


class Slope(NamedTuple):
    """A straight line's rise in an hour, and its standard error."""

    per_hour: float
    error: float


class Check(NamedTuple):
    """One thing that has to hold; `held` is None where the run was too short to tell."""

    what: str
    held: bool | None
    figures: str


def slope(at_s: Sequence[float], values: Sequence[float]) -> Slope:
    """Fit a line by least squares. Errors: ValueError for fewer than three points."""
    count = len(values)
    if count < 3:
        raise ValueError(f"{count} samples; a slope needs three")
    mean_x, mean_y = sum(at_s) / count, sum(values) / count
    spread = sum((x - mean_x) ** 2 for x in at_s)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in zip(at_s, values, strict=True)) / spread
    rest = sum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in zip(at_s, values, strict=True))
    return Slope(rise * 3600, math.sqrt(rest / (count - 2) / spread) * 3600)


def memory(at_s: Sequence[float], sizes: Sequence[Size]) -> Check:
    """Judge resident memory over the second half: what is kept on purpose is full by then."""
    half = len(sizes) // 2
    fit = slope(at_s[half:], [each.resident_bytes / 1e6 for each in sizes[half:]])
    held: bool | None = fit.per_hour <= SLOPE_MB_PER_HOUR
    if abs(fit.per_hour - SLOPE_MB_PER_HOUR) < 2 * fit.error:
        held = None
    figures = (
        f"{fit.per_hour:+.1f} ± {2 * fit.error:.1f} MB/h over the last"
        f" {at_s[-1] - at_s[half]:.0f} s, {sizes[half].resident_bytes / 1e6:.1f} MB to"
        f" {sizes[-1].resident_bytes / 1e6:.1f} MB; allowed: {SLOPE_MB_PER_HOUR:g} MB/h"
    )
    return Check("memory is flat", held, figures)


def left(before: Size, after: Size) -> list[Check]:
    """Judge what is left when every client has gone, against before the first came."""
    return [
        Check(
            f"{what} are as many as before",
            getattr(after, what) <= getattr(before, what) + spare,
            f"{getattr(before, what)} before, {getattr(after, what)} after",
        )
        for what, spare in (("tasks", SPARE), ("files", SPARE), ("sockets", SPARE), ("streams", 0))
    ]
