"""The newest at each beat, and nothing lost that is newest."""

from datetime import timedelta

import pytest

from connector.operators import SchedulerMissing, sample
from connector.testing import Marbles

BEATS = sample(str.islower, timedelta(milliseconds=4))
"""A beat every 4 ticks; lower and upper case are the keys."""


@pytest.mark.parametrize(
    ("given", "sampled"),
    [
        ("-a-b--c------d|", "----b---c-----(d|)"),
        ("a---b---|", "----b---|"),
        ("-aA--bB-----|", "----(aA)(bB)|"),
        ("---------a---b------|", "------------a---b---|"),
        ("--|", "--|"),
        ("-", "-"),
        ("-ab#", "---(b#)"),
    ],
)
def test_the_newest_of_each_key_is_told_at_the_beats(given: str, sampled: str) -> None:
    m = Marbles()
    assert m.run(m.hot(given).pipe(BEATS)) == m.expected(sampled)
    assert m.strays == []


def test_what_is_replaced_is_counted() -> None:
    replaced: list[None] = []
    m = Marbles()
    stage = sample(str.islower, timedelta(milliseconds=4), lambda: replaced.append(None))
    assert m.run(m.hot("-abc--A---|").pipe(stage)) == m.expected("----c---A-|")
    assert len(replaced) == 2


def test_dispose_cancels_the_beat() -> None:
    m = Marbles()
    source = m.hot("-a------")
    assert m.run(source.pipe(BEATS), "--!") == m.expected("")
    assert m.lives(source) == ["^-!"]
    assert m.strays == []


def test_it_needs_a_scheduler_and_a_pause() -> None:
    with pytest.raises(SchedulerMissing, match="sample"):
        Marbles().hot("-a-|").pipe(BEATS).subscribe()
    with pytest.raises(ValueError, match="every is above 0"):
        sample(str.islower, timedelta(0))
