"""Pictures of all positions and single ones: `a` and `b` two symbols, upper case changed, 0 flat.

`x` is the picture of a and b, `X` of A and b, `y` of a alone, `z` is empty, `q` has b flat.
"""

from collections.abc import Callable
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.operators import Operator, Positions, keep_positions, positions_changed
from connector.testing import Marbles
from connector.trading import Position

Heard = Positions | Position


def position(symbol: str, size: str = "1", mark: str = "100") -> Position:
    return Position(symbol, size, "99", mark, "1", 5, "isolated", "20", "80")


def flat(symbol: str, mark: str = "100") -> Position:
    return Position(symbol, "0", None, mark, "0", 5, "isolated", None, None)


a, A, b = position("BTCUSDT"), position("BTCUSDT", "-2"), position("ETHUSDT")
VALUES: dict[str, Positions | Position] = {
    "a": a,
    "A": A,
    "b": b,
    "0": replace(a, size="0.000", mark_price="101"),
    "x": (a, b),
    "X": (A, b),
    "y": (a,),
    "z": (),
    "q": (a, replace(b, size="0")),
}
TOLD: dict[str, Position] = {
    "a": a,
    "A": A,
    "b": b,
    "α": flat("BTCUSDT"),
    "Α": flat("BTCUSDT", "101"),
    "β": flat("ETHUSDT"),
}


def test_the_first_picture_is_told_whole_then_changes() -> None:
    m = Marbles(VALUES)
    source = m.hot("-x----X-b-A-a--|")
    assert m.run(source.pipe(positions_changed())) == m.expected("-(ab)-A-----a--|", TOLD)
    assert m.lives(source) == ["^--------------!"]


def test_what_vanishes_from_a_picture_is_told_flat_once() -> None:
    m = Marbles(VALUES)
    source = m.hot("x---y-y-z-z-x---z----|")
    seen = m.run(source.pipe(positions_changed()))
    assert seen == m.expected("(ab)β---α---(ab)(αβ)-|", TOLD)


def test_what_becomes_flat_is_told_once() -> None:
    m = Marbles(VALUES)
    source = m.hot("x---0-0-y-q-|")
    seen = m.run(source.pipe(positions_changed()))
    assert seen == m.expected("(ab)Α---(aβ)|", TOLD)


def test_what_was_never_told_is_never_told_flat() -> None:
    m = Marbles(VALUES)
    assert m.run(m.hot("0-q-|").pipe(positions_changed())) == m.expected("--a-|", TOLD)


def test_single_positions_need_no_picture() -> None:
    m = Marbles(VALUES)
    assert m.run(m.hot("a-b-a-A-|").pipe(positions_changed())) == m.expected("a-b---A-|", TOLD)


def test_each_subscriber_is_told_the_picture() -> None:
    m = Marbles(VALUES)
    stream = m.cold("x-----|").pipe(positions_changed())
    expected = m.expected("(ab)--|", TOLD)
    assert m.run_together(stream, stream) == [expected, expected]


def test_a_picture_is_kept_complete() -> None:
    m = Marbles(VALUES)
    source = m.hot("a-y-b-A-0-x-z-q-|")
    only_b = VALUES | {"β": (b,)}
    assert m.run(source.pipe(keep_positions())) == m.expected("--y-x-X-β-x-z-y-|", only_b)


STAGES = [positions_changed, keep_positions]


@pytest.mark.parametrize("stage", STAGES)
def test_an_empty_source_completes(stage: Callable[[], Operator[Heard, object]]) -> None:
    m = Marbles(VALUES)
    assert m.run(m.cold("--|").pipe(stage())) == m.expected("--|")


@pytest.mark.parametrize("stage", STAGES)
def test_a_silent_source_stays_silent(stage: Callable[[], Operator[Heard, object]]) -> None:
    m = Marbles(VALUES)
    source = m.cold("-")
    assert m.run(source.pipe(stage()), "^--!") == m.expected("")
    assert m.lives(source) == ["^--!"]


@pytest.mark.parametrize("stage", STAGES)
def test_the_error_of_the_source_passes(stage: Callable[[], Operator[Heard, object]]) -> None:
    m = Marbles(VALUES)
    source = m.hot("y-#")
    (_, event) = m.run(source.pipe(stage())).events
    assert (event.at_us, event.payload) == (2_000, m.error)
    assert m.lives(source) == ["^-!"]


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_no_number_ends_the_stream(stage: Callable[[], Operator[Heard, object]]) -> None:
    m = Marbles(VALUES | {"?": replace(a, size="much")})
    source = m.hot("y-?-y")
    (_, event) = m.run(source.pipe(stage())).events
    assert event.kind == "error"
    assert m.lives(source) == ["^-!"]


@pytest.mark.parametrize("stage", STAGES)
def test_dispose_lets_go_of_the_source(stage: Callable[[], Operator[Heard, object]]) -> None:
    m = Marbles(VALUES)
    source = m.hot("y-x----")
    m.run(source.pipe(stage()), "^----!")
    assert m.lives(source) == ["^----!"]


@given(st.lists(st.sampled_from("aAb0xXyzq"), max_size=40))
def test_the_changes_and_the_picture_tell_the_same(marbles: list[str]) -> None:
    m = Marbles(VALUES)
    diagram = "x" + "".join(marbles) + "|"
    changes, pictures = m.run_together(
        m.cold(diagram).pipe(positions_changed()), m.cold(diagram).pipe(keep_positions())
    )
    sizes: dict[str, str] = {}
    last: Position | None = None
    for change in changes.values:
        assert isinstance(change, Position)
        assert sizes.get(change.symbol, "0") != "0" or change.size != "0", "flat was told twice"
        assert change != last, "a change was told twice"
        sizes[change.symbol], last = change.size, change
    picture = cast("Positions", pictures.values[-1])
    held = {symbol: size for symbol, size in sizes.items() if size != "0"}
    assert held == {each.symbol: each.size for each in picture}
