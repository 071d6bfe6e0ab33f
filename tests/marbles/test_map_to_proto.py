"""A message for each item that has one."""

from connector.errors import Malformed
from connector.operators import map_to_proto
from connector.testing import Boom, Marbles


def encode(letter: str) -> str:
    if letter == "x":
        raise Malformed("no price")
    if letter == "y":
        raise Boom
    return letter.upper()


def test_each_item_becomes_its_message() -> None:
    m = Marbles()
    source = m.hot("-a-b-(cd)-|")
    assert m.run(source.pipe(map_to_proto(encode))) == m.expected("-A-B-(CD)-|")
    assert m.lives(source) == ["^---------!"]


def test_an_item_without_a_message_is_dropped_and_told() -> None:
    told: list[Malformed] = []
    m = Marbles()
    assert m.run(m.hot("-a-x-b-|").pipe(map_to_proto(encode, told.append))) == m.expected(
        "                -A---B-|"
    )
    assert [str(each) for each in told] == ["no price"]


def test_an_empty_source_completes() -> None:
    m = Marbles()
    assert m.run(m.cold("--|").pipe(map_to_proto(encode))) == m.expected("--|")


def test_a_silent_source_stays_silent() -> None:
    m = Marbles()
    source = m.cold("---")
    assert m.run(source.pipe(map_to_proto(encode)), "^----!") == m.expected("-")
    assert m.lives(source) == ["                      ^----!"]


def test_the_error_of_the_source_passes() -> None:
    m = Marbles()
    assert m.run(m.hot("-a-#").pipe(map_to_proto(encode))) == m.expected("-A-#")


def test_any_other_exception_of_the_encoder_ends_the_stream() -> None:
    m = Marbles()
    source = m.hot("-a-y-b-|")
    assert m.run(source.pipe(map_to_proto(encode))) == m.expected("-A-#")
    assert m.lives(source) == ["^--!"]


def test_what_the_callback_raises_ends_the_stream() -> None:
    def broken(_: Malformed) -> None:
        raise Boom

    m = Marbles()
    source = m.hot("-a-x-b-|")
    assert m.run(source.pipe(map_to_proto(encode, broken))) == m.expected("-A-#")
    assert m.lives(source) == ["^--!"]


def test_dispose_lets_go_of_the_source() -> None:
    m = Marbles()
    source = m.hot("-a-b-c-|")
    until = "       ----!   "
    assert m.run(source.pipe(map_to_proto(encode)), until) == m.expected("-A-B")
    assert m.lives(source) == ["^---!"]
