"""No faster than a reader can bear, and always the newest."""

from datetime import timedelta
from itertools import pairwise

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st

from connector.operators import SchedulerMissing, coalesce, merge_symbols
from connector.testing import Boom, Marbles

SPACED = coalesce(str.islower, 250)
"""At least 4 ms between two of a key; lower and upper case are the keys."""


def test_what_comes_too_soon_is_replaced_and_the_newest_delivered() -> None:
    coalesced: list[None] = []
    m = Marbles()
    source = m.hot("            -a-bc--------d-|")
    stream = source.pipe(coalesce(str.islower, 250, lambda: coalesced.append(None)))
    assert m.run(stream) == m.expected("-a---c-------d-|")
    assert m.lives(source) == ["        ^--------------!"]
    assert len(coalesced) == 1
    assert m.strays == []


def test_slow_items_are_mirrored() -> None:
    m = Marbles()
    assert m.run(m.hot("-a---b---c-|").pipe(SPACED)) == m.expected("-a---b---c-|")


def test_a_busy_key_is_spaced_and_ends_with_its_newest() -> None:
    m = Marbles()
    assert m.run(m.hot("abcdefghijklm|").pipe(SPACED)) == m.expected("a---e---i---m|")


def test_the_keys_are_independent() -> None:
    m = Marbles()
    assert m.run(m.hot("aAbBcC----|").pipe(SPACED)) == m.expected("aA--cC----|")


def test_after_a_delivery_the_spacing_begins_anew() -> None:
    m = Marbles()
    assert m.run(m.hot("ab---c-------|").pipe(SPACED)) == m.expected("a---b---c----|")


def test_a_rate_of_zero_lets_everything_through() -> None:
    m = Marbles()
    assert m.run(m.hot("(abc)(de|)").pipe(coalesce(str.islower, 0))) == m.expected("(abc)(de|)")


def test_at_completion_what_waits_is_sent_first() -> None:
    m = Marbles()
    assert m.run(m.hot("aAbB|").pipe(SPACED)) == m.expected("aA--(bB|)")
    assert m.strays == []


def test_at_an_error_what_waits_is_sent_first() -> None:
    m = Marbles()
    source = m.hot("ab#")
    assert m.run(source.pipe(SPACED)) == m.expected("a-(b#)")
    assert m.lives(source) == ["^-!"]
    assert m.strays == []


def test_an_empty_source_completes() -> None:
    m = Marbles()
    assert m.run(m.cold("--|").pipe(SPACED)) == m.expected("--|")


def test_a_silent_source_stays_silent() -> None:
    m = Marbles()
    source = m.cold("-")
    assert m.run(source.pipe(SPACED), "^---!") == m.expected("")
    assert m.lives(source) == ["^---!"]


def test_dispose_cancels_what_waits() -> None:
    m = Marbles()
    source = m.hot("-ab-c")
    until = "       ---!"
    assert m.run(source.pipe(SPACED), until) == m.expected("-a")
    assert m.lives(source) == ["^--!"]
    assert m.strays == []


@pytest.mark.parametrize("which", ["key", "on_coalesced"])
def test_what_an_own_function_raises_ends_the_stream(which: str) -> None:
    def key(item: str) -> str:
        if which == "key" and item == "c":
            raise Boom
        return ""

    def on_coalesced() -> None:
        raise Boom

    m = Marbles()
    source = m.hot("abc-d")
    assert m.run(source.pipe(coalesce(key, 250, on_coalesced))) == m.expected("a-#")
    assert m.lives(source) == ["^-!"]
    assert m.strays == []


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    reactivex.never().pipe(coalesce(hash, 1)).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="max_per_second"):
        coalesce(hash, -1)


def test_a_spacing_that_is_no_whole_microsecond_is_rounded_up() -> None:
    m = Marbles(tick=timedelta(microseconds=1))
    seen = m.run(m.hot("ab 1s |").pipe(coalesce(str.islower, 3)))
    assert [event.at_us for event in seen.events[:2]] == [0, 333_334]


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abcABC")), min_size=1, max_size=60))
def test_the_newest_is_always_delivered_and_the_spacing_kept(steps: list[tuple[int, str]]) -> None:
    m = Marbles()
    offered: list[tuple[int, str]] = []
    frame = 0
    for wait, letter in steps:
        frame += wait + 1
        offered.append((frame - 1, letter))
    source = m.hot("".join("-" * wait + letter for wait, letter in steps))
    seen = m.run(source.pipe(SPACED))
    told = [(event.at_us // 1_000, str(event.payload)) for event in seen.events]
    for is_lower in (True, False):
        mine = [(at, letter) for at, letter in told if letter.islower() == is_lower]
        theirs = [(at, letter) for at, letter in offered if letter.islower() == is_lower]
        assert all(later - earlier >= 4 for (earlier, _), (later, _) in pairwise(mine))
        assert [letter for _, letter in mine][-1:] == [letter for _, letter in theirs][-1:]
        for at, letter in mine:  # what is delivered is the newest of that instant
            assert [newest for since, newest in theirs if since <= at][-1] == letter
        for at, _ in theirs:  # and nothing waits longer than its spacing
            assert any(at <= delivered <= at + 4 for delivered, _ in mine)


@given(st.lists(st.sampled_from("abAB-"), max_size=40))
def test_merging_with_nothing_changes_nothing(marbles: list[str]) -> None:
    diagram = "".join(marbles) + "|"
    alone, merged = Marbles(), Marbles()
    streams = {"a": merged.cold(diagram).pipe(SPACED), "b": merged.cold("|")}
    symbols = merged.hot("(ab|)")
    assert alone.run(alone.cold(diagram).pipe(SPACED)) == merged.run(
        symbols.pipe(merge_symbols(streams.__getitem__))
    )
