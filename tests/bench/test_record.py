"""What a run leaves: a file, a check against another run, a picture."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.picture import draw
from bench.record import Record, compare, read, renewed, write
from bench.report import Machine, Result


def _ladder(ours: float, floor: float) -> Result:
    result = Result("ladder", "")
    for rate in (250, 2_000):
        result.beside("CPU", f"us at {rate}", ours, plain=4 * floor, floor=floor)
        for figure in ("core", "p50", "p99"):
            result.beside(
                figure, f"{figure} at {rate}", ours, plain=40.0, floor=floor, checked=False
            )
    return result


def _record(*results: Result) -> Record:
    return Record(Machine(2, "3.11", 0.1, 0.2), 60.0, list(results))


def test_a_ratio_that_grew_by_more_than_a_quarter_is_worse() -> None:
    kept, now = _ladder(100, 50), _ladder(130, 50)

    lines, worse = compare([kept], [now])

    assert len(lines) == 4
    assert worse == lines
    assert "us at 250 / floor: 2.00 then, 2.60 now" in worse[1]


def test_a_slower_machine_alone_is_not_worse() -> None:
    lines, worse = compare([_ladder(100, 50)], [_ladder(300, 150)])

    assert (len(lines), worse) == (4, [])


def test_what_only_one_run_has_is_not_compared() -> None:
    assert compare([Result("other", "")], [_ladder(1, 1)]) == ([], [])


def test_what_is_no_number_or_is_gone_is_worse() -> None:
    kept, now = _ladder(100, 50), _ladder(100, 50)
    now.ratios["us at 250 / floor"] = float("nan")
    del now.ratios["us at 2000 / plain"]

    _, worse = compare([kept], [now])

    assert worse == [
        "ladder: us at 250 / floor: 2.00 then, nan now",
        "ladder: us at 2000 / plain: 0.50 then, not measured now",
    ]
    assert compare([kept], [now], whole=False)[1] == worse[:1]


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    told = _record(_ladder(100, 50))

    write(told, tmp_path / "build" / "bench.json")

    assert read(tmp_path / "build" / "bench.json") == told


def test_a_scenario_renewed_alone_tells_so_and_leaves_the_others() -> None:
    kept, now = _record(_ladder(100, 50), Result("blast", "")), _record(_ladder(90, 50))
    now.machine = Machine(4, "3.12", 0.3, 0.4)

    ladder, blast = renewed(kept, now).results

    assert (ladder.ratios["us at 250 / floor"], ladder.apart) == (1.8, now.machine)
    assert (blast, kept.results[0].apart) == (Result("blast", ""), None)


def test_the_picture_has_a_line_for_each_way_in_each_panel() -> None:
    picture = ElementTree.fromstring(draw(_record(_ladder(100, 50))))
    lines = [each for each in picture.iter() if each.tag.endswith("polyline")]
    words = [each.text for each in picture.iter() if each.tag.endswith("text")]

    # CPU: 3 ways; latency: 3 ways, p50 and p99; the legend: 3
    assert sum(1 for each in lines if each.get("stroke") != "#d8dee4") == 12
    assert {"connector", "plain way", "floor", "250", "2,000"} <= set(words)
    assert "2 CPUs, Python 3.11, load 0.1 to 0.2" in words


def test_no_picture_without_a_ladder() -> None:
    with pytest.raises(ValueError, match="ladder"):
        draw(_record(Result("blast", "")))
