"""Balances (lower case) and positions (digits) become the account; its wallet names both."""

from datetime import timedelta
from itertools import pairwise

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex import operators as ops

from connector.operators import SchedulerMissing, combine_account
from connector.testing import Boom, Marbles
from connector.trading import Account, MarginMode


def account(balance: str, position: str) -> Account:
    both = f"{balance}{position}"
    return Account(both, both, both, (), 1, False, "1", MarginMode.REGULAR, both, both)


def complete(balance: str, position: str) -> Account | None:
    """`x` is a balance that makes no good account, `!` one that nobody understands."""
    if balance == "y":
        raise Boom
    return None if balance == "x" else account(balance.lower(), position)


TOLD = {
    "A": account("a", "1"),
    "B": account("b", "1"),
    "C": account("c", "2"),
    "D": account("b", "2"),
}


def test_the_latest_of_both_make_the_account() -> None:
    m = Marbles()
    balances = m.hot("       -a--b----|")
    positions = m.hot("      ---1---2---|")
    seen = m.run(combine_account(balances, positions, complete))
    assert seen == m.expected("---AB--D---|", TOLD)
    assert m.lives(balances) == ["^--------!"]
    assert m.lives(positions) == ["^----------!"]
    assert m.strays == []


def test_what_changes_together_makes_one_account() -> None:
    m = Marbles()
    balances = m.hot("-a--(bc)--|")
    positions = m.hot("1---2-----|")
    assert m.run(combine_account(balances, positions, complete)) == m.expected("-A--C-----|", TOLD)


def test_halves_that_come_within_settle_make_one_account() -> None:
    m = Marbles()
    balances = m.hot("a---c----b---|")
    positions = m.hot("1-----2------|")
    settle = timedelta(milliseconds=3)
    seen = m.run(combine_account(balances, positions, complete, settle))
    assert seen == m.expected("---A---C----D|", TOLD)


def test_an_account_that_knows_nothing_good_is_held_back() -> None:
    m = Marbles()
    balances = m.hot("a-x-b-|")
    positions = m.hot("1-----|")
    assert m.run(combine_account(balances, positions, complete)) == m.expected("A---B-|", TOLD)


def test_equal_ones_are_told_once() -> None:
    m = Marbles()
    balances = m.hot("a-a-x-A-b-|")
    positions = m.hot("1--1------|")
    assert m.run(combine_account(balances, positions, complete)) == m.expected("A-------B-|", TOLD)


@pytest.mark.parametrize(("a", "b"), [("--|", "1--|"), ("-|", "--|")])
def test_nothing_is_told_of_one_half(a: str, b: str) -> None:
    m = Marbles()
    end = "-" * (max(len(a), len(b)) - 1) + "|"
    assert m.run(combine_account(m.cold(a), m.cold(b), complete)) == m.expected(end)


def test_at_completion_what_waits_is_told_first() -> None:
    m = Marbles()
    balances, positions = m.hot("a-|"), m.hot("1---|")
    settle = timedelta(milliseconds=9)
    seen = m.run(combine_account(balances, positions, complete, settle))
    assert seen == m.expected("----(A|)", TOLD)
    assert m.strays == []


def test_silent_sources_stay_silent() -> None:
    m = Marbles()
    balances, positions = m.cold("-"), m.cold("-")
    assert m.run(combine_account(balances, positions, complete), "^--!") == m.expected("")
    assert m.lives(balances) == m.lives(positions) == ["^--!"]


@pytest.mark.parametrize("which", ["balances", "positions"])
def test_the_error_of_a_source_passes_and_lets_go_of_the_other(which: str) -> None:
    m = Marbles()
    balances = m.hot("a--#" if which == "balances" else "a----")
    positions = m.hot("1--#" if which == "positions" else "1----")
    assert m.run(combine_account(balances, positions, complete)) == m.expected("A--#", TOLD)
    assert m.lives(balances) == m.lives(positions) == ["^--!"]
    assert m.strays == []


def test_what_complete_raises_ends_the_stream() -> None:
    m = Marbles()
    balances, positions = m.hot("a--y-"), m.hot("1----")
    assert m.run(combine_account(balances, positions, complete)) == m.expected("A--#", TOLD)
    assert m.lives(balances) == m.lives(positions) == ["^--!"]


def test_what_complete_raises_at_the_end_is_the_end() -> None:
    m = Marbles()
    settle = timedelta(milliseconds=9)
    seen = m.run(combine_account(m.hot("y|"), m.hot("1-|"), complete, settle))
    assert seen == m.expected("--#")
    assert m.strays == []


def test_dispose_lets_go_of_both_and_of_the_timer() -> None:
    m = Marbles()
    balances, positions = m.hot("a----"), m.hot("-1---")
    stream = combine_account(balances, positions, complete, timedelta(milliseconds=5))
    assert m.run(stream, "^--!") == m.expected("")
    assert m.lives(balances) == m.lives(positions) == ["^--!"]
    assert m.strays == []


def test_dispose_within_an_account_lets_go_of_both() -> None:
    m = Marbles()
    balances, positions = m.hot("a-b--"), m.hot("1-2--")
    stream = combine_account(balances, positions, complete).pipe(ops.take(1))
    assert m.run(stream) == m.expected("(A|)", TOLD)
    assert m.lives(balances) == m.lives(positions) == ["(^!)"]
    assert m.strays == []


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    never: Observable[str] = reactivex.never()
    combine_account(never, never, complete).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


@given(st.text("abcx-", max_size=30), st.text("123-", max_size=30), st.integers(0, 3))
def test_the_last_account_is_that_of_the_last_good_balances_and_positions(
    balances: str, positions: str, settle: int
) -> None:
    m = Marbles()
    stream = combine_account(
        m.hot(balances + "|"), m.hot(positions + "|"), complete, timedelta(milliseconds=settle)
    )
    told = m.run(stream).values
    assert all(one != other for one, other in pairwise(told))
    last = balances.replace("-", "")[-1:], positions.replace("-", "")[-1:]
    if all(last) and last[0] != "x":
        assert told[-1] == account(*last)
    assert bool(told) <= bool(last[0] and last[1])
