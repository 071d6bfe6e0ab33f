"""A soak's verdict: what grows fails, what is flat passes, what is too short says so."""

import random

import pytest

from bench.soak.server import Size
from bench.soak.verdict import left, memory, slope

AT_S = [5.0 * each for each in range(360)]
SIZE = Size(tasks=20, files=30, sockets=12, streams=0, blocks=1, resident_bytes=0)


def _sizes(mb_per_hour: float, noise_mb: float, count: int = 360) -> list[Size]:
    drawn = random.Random(1)
    return [
        Size(
            20, 30, 12, 0, 1, int((100 + mb_per_hour * at / 3600 + drawn.gauss(0, noise_mb)) * 1e6)
        )
        for at in AT_S[:count]
    ]


def test_a_line_is_found_with_how_sure_it_is() -> None:
    exact = slope([0, 60, 120, 180], [1, 2, 3, 4])
    assert exact == (pytest.approx(60), pytest.approx(0))
    with pytest.raises(ValueError, match="three"):
        slope([0, 60], [1, 2])


@pytest.mark.parametrize(
    ("mb_per_hour", "noise_mb", "count", "held"),
    [(0, 0.05, 360, True), (-5, 0.05, 360, True), (20, 0.05, 360, False), (0, 0.5, 36, None)],
)
def test_memory_is_judged_by_its_slope(
    mb_per_hour: float, noise_mb: float, count: int, held: bool | None
) -> None:
    assert memory(AT_S[:count], _sizes(mb_per_hour, noise_mb, count)).held is held


def test_what_is_left_behind_fails() -> None:
    more = Size(tasks=40, files=31, sockets=12, streams=1, blocks=1, resident_bytes=0)
    assert [each.held for each in left(SIZE, SIZE)] == [True] * 4
    assert [each.held for each in left(SIZE, more)] == [False, True, True, False]
