"""A quiet key repeats itself."""

from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ScheduledAction

from connector.operators import SchedulerMissing, heartbeat
from connector.testing import Boom, Marbles
from connector.testing.sources import Clock

BEATING = heartbeat(str.islower, timedelta(milliseconds=4))
"""4 ms; lower and upper case are the keys."""


def test_a_silent_key_is_repeated_after_each_period() -> None:
    m = Marbles()
    source = m.hot("                   -a---------b------")
    until = "                          ^------------------!"
    assert m.run(source.pipe(BEATING), until) == m.expected("-a---a---a-b---b--")
    assert m.lives(source) == ["               ^------------------!"]
    assert m.strays == []


def test_a_busy_key_is_mirrored() -> None:
    m = Marbles()
    assert m.run(m.hot("-a--b--c--|").pipe(BEATING)) == m.expected("-a--b--c--|")


def test_the_keys_are_independent() -> None:
    m = Marbles()
    source = m.hot("                          aA-b--c--d---|")
    assert m.run(source.pipe(BEATING)) == m.expected("aA-b-Ac--(dA)|")


def test_at_completion_the_repeating_ends() -> None:
    m = Marbles()
    source = m.hot("a-----|")
    assert m.run(source.pipe(BEATING)) == m.expected("a---a-|")
    assert m.strays == []


def test_the_error_of_the_source_passes_and_the_repeating_ends() -> None:
    m = Marbles()
    source = m.hot("a-----#")
    assert m.run(source.pipe(BEATING)) == m.expected("a---a-#")
    assert m.lives(source) == ["^-----!"]
    assert m.strays == []


def test_an_empty_source_completes() -> None:
    m = Marbles()
    assert m.run(m.cold("--|").pipe(BEATING)) == m.expected("--|")


def test_a_source_that_never_spoke_is_not_repeated() -> None:
    m = Marbles()
    source = m.cold("-")
    assert m.run(source.pipe(BEATING), "^ 100ms !") == m.expected("")
    assert m.lives(source) == ["^ 100ms !"]


def test_what_the_key_raises_ends_the_stream() -> None:
    def key(item: str) -> str:
        if item == "b":
            raise Boom
        return item

    m = Marbles()
    source = m.hot("a-b-c")
    assert m.run(source.pipe(heartbeat(key, timedelta(milliseconds=4)))) == m.expected("a-#")
    assert m.lives(source) == ["^-!"]
    assert m.strays == []


def test_dispose_cancels_every_timer() -> None:
    m = Marbles()
    source = m.hot("aA--")
    assert m.run(source.pipe(BEATING), "^--!") == m.expected("aA")
    assert m.lives(source) == ["^--!"]
    assert m.strays == []


def test_dispose_within_a_repeated_item_cancels_every_timer() -> None:
    m = Marbles()
    source = m.hot("aA--")
    assert m.run(source.pipe(BEATING, ops.take(3))) == m.expected("aA--(a|)")
    assert m.lives(source) == ["^---!"]
    assert m.strays == []


def test_an_item_costs_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    armed: list[None] = []
    schedule = Clock.schedule_relative

    def counting(
        self: Clock, duetime: timedelta, action: ScheduledAction[object], state: object = None
    ) -> DisposableBase:
        armed.append(None)
        return schedule(self, duetime, action, state)

    monkeypatch.setattr(Clock, "schedule_relative", counting)
    m = Marbles()
    m.run(m.hot("abcdefghijklmnopqrstuvwx|").pipe(BEATING))
    assert len(armed) == 24 // 4  # by frame 23, however many items


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    reactivex.never().pipe(BEATING).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


def test_a_period_that_is_not_above_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="period"):
        heartbeat(hash, timedelta(0))


@given(st.lists(st.sampled_from("abAB----"), min_size=1, max_size=60))
def test_a_key_is_never_silent_for_longer_than_its_period(marbles: list[str]) -> None:
    m = Marbles()
    diagram = "".join(marbles)
    seen = m.run(m.hot(diagram).pipe(BEATING), f"^{'-' * len(diagram)}!")
    told = [(event.at_us // 1_000, str(event.payload)) for event in seen.events]
    for is_lower in (True, False):
        mine = [at for at, letter in told if letter.islower() == is_lower]
        ends = [*mine[1:], len(diagram)]
        assert all(later - at <= 4 for at, later in zip(mine, ends, strict=bool(mine)))
    offered = [(at, letter) for at, letter in enumerate(diagram) if letter != "-"]
    assert [each for each in offered if each not in told] == []
