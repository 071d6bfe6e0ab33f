"""Whatever shapes the forming bars, closed ones pass: lower case forms, upper case closes it."""

from datetime import timedelta

import pytest
from reactivex import Observable
from reactivex import operators as ops

from connector.operators import Operator, coalesce
from connector.stages.keep_closed import keep_closed
from connector.testing import Boom, Marbles


def held(shape: Operator[str, str]) -> Operator[str, str]:
    return keep_closed(shape, str.isupper, lambda _: None, lambda bar: ord(bar.lower()))


EVERY_4 = held(coalesce(lambda _: None, 250))
NOTHING = held(ops.filter(lambda _: False))
LATER = held(ops.delay(timedelta(milliseconds=3)))


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("-a-A-b-B-|", "-a-A-b-B-|"),
        ("-abB-c---|", "-a-B-c---|"),  # b waits for its turn, and is closed meanwhile
        ("-aaaaaa|", "-a---a-(a|)"),
        ("-a--b-c-|", "-a---b--(c|)"),
        ("-A-B-C-|", "-A-B-C-|"),
        ("-a-A-a-|", "-a-A---|"),  # a bar that forms again after its close
        ("-ab#", "-a-(b#)"),
        ("-|", "-|"),
    ],
)
def test_forming_bars_are_shaped_and_closed_ones_pass_at_once(given: str, seen: str) -> None:
    m = Marbles()
    source = m.hot(given)
    assert m.run(source.pipe(EVERY_4)) == m.expected(seen)
    assert m.strays == []


def test_closed_bars_pass_where_forming_ones_are_dropped() -> None:
    m = Marbles()
    source = m.hot("-a-A-b-b-B-|")
    assert m.run(source.pipe(NOTHING)) == m.expected("---A-----B-|")
    assert m.lives(source) == ["^----------!"]


def test_the_first_item_is_not_lost_when_it_comes_on_subscribing() -> None:
    m = Marbles()
    assert m.run(m.cold("(aA|)").pipe(NOTHING)) == m.expected("(A|)")


def test_a_forming_bar_that_comes_after_its_close_is_dropped() -> None:
    m = Marbles()
    source: Observable[str] = m.hot("-a-A-b------|")
    assert m.run(source.pipe(LATER)) == m.expected("---A----b------|")


def test_dispose_ends_both() -> None:
    m = Marbles()
    source = m.hot("-a-b-----")
    assert m.run(source.pipe(EVERY_4), "----!") == m.expected("-a--")
    assert m.lives(source) == ["^---!"]
    assert m.strays == []


def test_what_a_callback_raises_ends_the_stream() -> None:
    def raises(_: str) -> bool:
        raise Boom

    m = Marbles()
    stage = keep_closed(lambda source: source, raises, lambda _: None, ord)
    assert m.run(m.hot("-a-b").pipe(stage)) == m.expected("-#")
