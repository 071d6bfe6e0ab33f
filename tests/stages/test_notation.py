"""Pipelines as text: what is read, and where what can't be is pointed at."""

import pytest

from connector.stages import BadNotation, Use, parse
from connector.stages.notation import MOST_CHARACTERS, MOST_STAGES

READ: list[tuple[str, list[tuple[str, dict[str, object]]]]] = [
    ("distinct", [("distinct", {})]),
    ("  distinct ( ) ", [("distinct", {})]),
    ("min_move(bps=5)", [("min_move", {"bps": "5"})]),
    (
        "min_move(bps=5) | coalesce( max_per_second = 2.5 )",
        [("min_move", {"bps": "5"}), ("coalesce", {"max_per_second": "2.5"})],
    ),
    ("resample(to=5m)", [("resample", {"to": "5m"})]),
    ('tap_log(label="a b", level=debug)', [("tap_log", {"label": "a b", "level": "debug"})]),
    ("own(yes=true,no=false,less=-1)", [("own", {"yes": True, "no": False, "less": "-1"})]),
]


@pytest.mark.parametrize(("text", "uses"), READ)
def test_what_is_read(text: str, uses: list[tuple[str, dict[str, object]]]) -> None:
    assert [(use.name, dict(use.options)) for use in parse(text)] == uses


def test_it_is_noted_where_each_word_stands() -> None:
    assert parse("a(x=1) | b(y=2, z=3)") == (
        Use("a", {"x": "1"}, 0, {"x": 2}),
        Use("b", {"y": "2", "z": "3"}, 9, {"y": 11, "z": 16}),
    )


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 0, "a stage's name"),
        ("   ", 3, "a stage's name"),
        ("Coalesce", 0, "a stage's name"),
        ("| distinct", 0, "a stage's name"),
        ("distinct |", 10, "a stage's name"),
        ("distinct || distinct", 10, "a stage's name"),
        ("distinct distinct", 9, "`|` and the next stage"),
        ("distinct;", 8, "`|` and the next stage"),
        ("min_move(bps=5", 14, "`,` and the next option, or `)`"),
        ("min_move(bps 5)", 13, "`=` and a value for bps"),
        ("min_move(bps=)", 13, "a value for bps"),
        ("min_move(5)", 9, "an option's name"),
        ("min_move(bps=5,)", 15, "an option's name"),
        ("min_move(bps=5, bps=6)", 16, "bps once"),
        ("min_move(bps=5) coalesce", 16, "`|` and the next stage"),
        ('tap_log(label="x)', 14, "a value for label"),
        ("distinct\n", 8, "`|` and the next stage"),
        ("distinct(" + "(" * 50, 9, "an option's name"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text: str, place: int, expected: str) -> None:
    with pytest.raises(BadNotation) as caught:
        parse(text)
    assert caught.value.place == place
    assert expected in str(caught.value)
    assert f"at character {place + 1} " in str(caught.value)


def test_it_is_bounded() -> None:
    assert len(parse(" | ".join(["distinct"] * MOST_STAGES))) == MOST_STAGES
    with pytest.raises(BadNotation, match=f"{MOST_STAGES} stages at most"):
        parse(" | ".join(["distinct"] * (MOST_STAGES + 1)))
    assert parse("distinct".ljust(MOST_CHARACTERS))
    with pytest.raises(BadNotation, match=f"{MOST_CHARACTERS} characters at most"):
        parse("distinct".ljust(MOST_CHARACTERS + 1))
