"""Stages that pass some items and drop the others: distinct, throttle, stale_after, min_move."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.operators import (
    Operator,
    SchedulerMissing,
    basis_points,
    distinct,
    min_move,
    stale_after,
    throttle,
)
from connector.operators.each_item import choose
from connector.testing import Boom, Marbles

Item = tuple[str, int]
"""A key and a number; drawn as one letter, `values()` says which."""

VALUES: dict[str, Item] = {f"{name}": ("lower", n) for n, name in enumerate("abcdefghij")} | {
    f"{name}": ("UPPER", n) for n, name in enumerate("ABCDEFGHIJ")
}


def key(item: Item) -> str:
    return item[0]


def number(item: Item) -> int:
    return item[1]


def exact(item: Item) -> Decimal:
    return Decimal(item[1])


def a_distinct(dropped: Callable[[], None] = lambda: None) -> Operator[Item, Item]:
    return distinct(key, number, dropped)


def a_throttle(dropped: Callable[[], None] = lambda: None) -> Operator[Item, Item]:
    return throttle(key, 250, dropped)


def a_stale_after(dropped: Callable[[], None] = lambda: None) -> Operator[Item, Item]:
    return stale_after(timedelta(milliseconds=3), number, lambda: 5, dropped)


def a_min_move(dropped: Callable[[], None] = lambda: None) -> Operator[Item, Item]:
    return min_move(key, exact, lambda _, __: Decimal(3), dropped)


ALL = [a_distinct, a_throttle, a_stale_after, a_min_move]


@pytest.mark.parametrize(
    ("stage", "given_", "passed", "dropped"),
    [
        (a_distinct, "-a-a-A-b-b-a-|", "-a---A-b---a-|", 2),
        (a_distinct, "(aAaA|)", "(aA|)", 2),
        (a_throttle, "-a-b-c-d-|", "-a---c---|", 2),
        (a_throttle, "-aA-bBcC-|", "-aA---cC-|", 2),
        (a_stale_after, "-a-b-c-h-|", "-----c-h-|", 2),
        (a_min_move, "-f-g-h-i-f-c-|", "-f-----i-f-c-|", 2),
        (a_min_move, "-aA-dB-bD|", "-aA-d---D|", 2),
    ],
)
def test_what_passes_and_what_is_dropped(
    stage: Callable[[Callable[[], None]], Operator[Item, Item]],
    given_: str,
    passed: str,
    dropped: int,
) -> None:
    count: list[None] = []
    m = Marbles(VALUES)
    source = m.hot(given_)
    stream = source.pipe(stage(lambda: count.append(None)))
    assert m.run(stream) == m.expected(passed)
    assert len(count) == dropped
    assert m.strays == []


@pytest.mark.parametrize("make", ALL)
def test_errors_pass_and_the_source_is_let_go(
    make: Callable[[], Operator[Item, Item]],
) -> None:
    m = Marbles(VALUES)
    source = m.hot("-f-#")
    assert m.run(source.pipe(make())) == m.expected("-f-#")
    assert m.lives(source) == ["^--!"]


@pytest.mark.parametrize("make", ALL)
def test_dispose_lets_the_source_go(make: Callable[[], Operator[Item, Item]]) -> None:
    m = Marbles(VALUES)
    source = m.hot("-f----j-|")
    assert m.run(source.pipe(make()), "---!") == m.expected("-f-")
    assert m.lives(source) == ["^--!"]


@pytest.mark.parametrize("make", ALL)
def test_each_subscription_has_a_memory_of_its_own(
    make: Callable[[], Operator[Item, Item]],
) -> None:
    stage = make()
    for _ in range(2):
        m = Marbles(VALUES)
        assert m.run(m.hot("-f-|").pipe(stage)) == m.expected("-f-|")


def test_what_a_callback_raises_ends_the_stream() -> None:
    error = Boom()

    def raising() -> Callable[[Item], bool]:
        def is_wanted(item: Item) -> bool:
            if item[1] == 1:
                raise error
            return True

        return is_wanted

    m = Marbles(VALUES, error=error)
    source = m.hot("-a-b-c-|")
    assert m.run(source.pipe(choose(raising))) == m.expected("-a-#")
    assert m.lives(source) == ["^--!"]


def test_a_throttle_needs_a_scheduler() -> None:
    with pytest.raises(SchedulerMissing, match="throttle"):
        Marbles(VALUES).hot("-a-|").pipe(a_throttle()).subscribe()


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_throttle_refuses_rates_that_are_none(rate: float) -> None:
    with pytest.raises(ValueError, match="max_per_second is above 0"):
        throttle(key, rate)


def test_stale_after_refuses_an_age_that_is_none() -> None:
    with pytest.raises(ValueError, match="max_age is above 0"):
        stale_after(timedelta(0), number, lambda: 0)


def test_basis_points_are_of_the_last_value() -> None:
    least = basis_points(Decimal(5))
    assert least(None, Decimal(90000)) == Decimal(45)
    assert least(None, Decimal(-2)) == Decimal("0.001")


@given(st.text("abcABC", max_size=60))
def test_distinct_never_says_a_keys_value_twice_running(diagram: str) -> None:
    m = Marbles(VALUES)
    heard = cast("list[Item]", m.run(m.hot(diagram + "|").pipe(a_distinct())).values)
    for name in ("lower", "UPPER"):
        values = [n for k, n in heard if k == name]
        assert all(one != other for one, other in pairwise(values))
        given_ = [VALUES[letter][1] for letter in diagram if VALUES[letter][0] == name]
        assert values == [n for n, _ in groupby(given_)]
