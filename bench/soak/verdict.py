"""What the samples say: growth by hour with how sure it is, and whether that passes."""

import itertools
import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from bench.soak.server import Size

SLOPE_MB_PER_HOUR = 1.0
BLOCKS = 10
"""Spans of each of which the median is taken: neighbouring samples are as good as one, since a
fault, a full garbage generation or a page that malloc keeps lasts longer than the pause between
them. Taken for independent they would make the slope look surer than it is. Of a span the median,
for what a single fault took and gave back is no growth, and growth lifts every sample."""
T_95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31}
"""Student's t for 95 %, by the degrees of freedom: the blocks less two."""
SPARE = 3
"""Tasks, files and sockets more than before the first client: what is being dialled just then."""


class Slope(NamedTuple):
    """A straight line's rise in an hour, and how far off it may be, with 95 %."""

    per_hour: float
    error: float


class Check(NamedTuple):
    """One thing that has to hold; `held` is None where the run was too short to tell."""

    what: str
    held: bool | None
    figures: str


def slope(at_s: Sequence[float], values: Sequence[float]) -> Slope:
    """Fit a line by least squares to the medians of up to ten spans.

    Errors:  ValueError for fewer than three points.
    """
    if len(values) < 3:
        raise ValueError(f"{len(values)} samples; a slope needs three")
    xs, ys = medians(at_s), medians(values)
    count = len(ys)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    spread = sum((x - mean_x) ** 2 for x in xs)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / spread
    rest = sum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in zip(xs, ys, strict=True))
    error = T_95[count - 2] * math.sqrt(rest / (count - 2) / spread)
    return Slope(rise * 3600, error * 3600)


def medians(values: Sequence[float]) -> list[float]:
    """Give the medians of up to ten spans of equally many samples."""
    count = min(BLOCKS, len(values))
    edges = [len(values) * each // count for each in range(count + 1)]
    spans = [values[a:b] for a, b in itertools.pairwise(edges)]
    return [statistics.median(span) for span in spans]


def memory(at_s: Sequence[float], sizes: Sequence[Size]) -> Check:
    """Judge resident memory: it holds, or fails, if every slope within the error does."""
    fit = slope(at_s, [each.resident_bytes / 1e6 for each in sizes])
    held: bool | None = None
    if fit.per_hour + fit.error <= SLOPE_MB_PER_HOUR:
        held = True
    elif fit.per_hour - fit.error > SLOPE_MB_PER_HOUR:
        held = False
    figures = (
        f"{fit.per_hour:+.1f} ± {fit.error:.1f} MB/h over {at_s[-1] - at_s[0]:.0f} s,"
        f" {sizes[0].resident_bytes / 1e6:.1f} MB to {sizes[-1].resident_bytes / 1e6:.1f} MB;"
        f" allowed: {SLOPE_MB_PER_HOUR:g} MB/h"
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
