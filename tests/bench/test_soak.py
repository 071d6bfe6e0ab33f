"""A soak's verdict: what grows fails, what is flat passes, what is too short says so."""

import itertools
import random

import pytest

from bench.soak.faults import cards, dealt
from bench.soak.server import Size, measured
from bench.soak.verdict import left, memory, slope
from connector.simulator.chaos.registry import FAULTS, planned

AT_S = [5.0 * each for each in range(360)]
SIZE = Size(tasks=20, files=30, sockets=12, streams=0, blocks=1, resident_bytes=0)


def _sizes(mb_per_hour: float, noise_mb: float, count: int = 360, seed: int = 1) -> list[Size]:
    """Draw sizes whose noise lasts: of each error a twentieth is new, as when a fault is over."""
    drawn = random.Random(seed)
    error, sizes = 0.0, list[Size]()
    for at in AT_S[:count]:
        error = 0.95 * error + drawn.gauss(0, noise_mb * 0.31)
        sizes.append(Size(20, 30, 12, 0, 1, int((100 + mb_per_hour * at / 3600 + error) * 1e6)))
    return sizes


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


@pytest.mark.parametrize(("mb_per_hour", "never"), [(0.0, False), (3.0, True)])
def test_noise_that_lasts_is_not_taken_for_certainty(mb_per_hour: float, never: bool) -> None:
    told = [memory(AT_S, _sizes(mb_per_hour, 0.3, seed=seed)).held for seed in range(100)]
    assert told.count(never) <= 5


def test_what_one_fault_took_and_gave_back_is_no_growth() -> None:
    sizes = _sizes(0, 0.05)
    sizes[-3] = Size(20, 30, 12, 0, 1, int(sizes[-3].resident_bytes + 9e6))
    assert memory(AT_S, sizes).held is True


async def test_memory_that_this_process_keeps_is_seen_and_fails() -> None:
    kept: list[bytearray] = []
    flat = [measured(0) for _ in range(6)]
    grown: list[Size] = []
    for _ in range(6):
        kept.append(bytearray(b"x" * 2_000_000))
        grown.append(measured(0))
    at_s = [60.0 * each for each in range(6)]
    assert memory(at_s, grown).held is False
    assert memory(at_s, flat).held is not False


def test_what_is_left_behind_fails() -> None:
    more = Size(tasks=40, files=31, sockets=12, streams=1, blocks=1, resident_bytes=0)
    assert [each.held for each in left(SIZE, SIZE)] == [True] * 4
    assert [each.held for each in left(SIZE, more)] == [False, True, True, False]


def test_each_fault_strikes_once_before_any_strikes_again() -> None:
    first = list(itertools.islice(dealt(random.Random(1)), len(cards())))
    plans = [planned(each, "binance") for each in first]
    assert {plan.fault.name for plan in plans} == {fault.name for fault in FAULTS}
    assert len(set(first)) == len(first)
