"""Counting between stages: what passes is what would have passed."""

from datetime import timedelta

from reactivex import Observable

from connector import metrics
from connector.operators import Counts, coalesce, newest_only
from connector.testing import Marbles

TICK = timedelta(milliseconds=100)


def _cell(feed: str, stage: str, what: str, *place: str) -> int:
    return metrics.STAGE_ITEMS.at(feed, stage, what, place=place).n


def _counted(source: Observable[str], count: Counts) -> Observable[str]:
    return count.source(source).pipe(
        count.through("newest_only", newest_only(str.isalpha, ord)),
        count.through("coalesce", coalesce(str.isalpha, 2.5)),
    )


def test_what_passes_is_the_same_counted_or_not() -> None:
    m = Marbles(tick=TICK)
    source = m.hot("-c-a-d-e---f-|")
    plain = source.pipe(newest_only(str.isalpha, ord), coalesce(str.isalpha, 2.5))

    counted, same = m.run_together(_counted(source, Counts("same")), plain)

    assert counted == same


def test_each_stage_is_told_what_went_in_and_what_left() -> None:
    m = Marbles(tick=TICK)
    source = m.hot("-c-a-d-e-f-----|")

    m.run(_counted(source, Counts("in and out")))

    first, second = ("shared", "newest_only"), ("shared", "newest_only", "coalesce")
    assert metrics.STREAM_MESSAGES.at("in and out").n == 5
    assert metrics.STREAM_MESSAGES.at("in and out").at > 0
    assert _cell("in and out", "newest_only", "in", *first) == 5
    assert _cell("in and out", "newest_only", "out", *first) == 4
    assert _cell("in and out", "coalesce", "in", *second) == 4
    assert _cell("in and out", "coalesce", "out", *second) == 3


def test_without_a_counted_source_both_sides_are_counted() -> None:
    m = Marbles(tick=TICK)
    source = m.hot("-c-a-d-|")

    m.run(source.pipe(Counts("own", "own").through("newest_only", newest_only(str.isalpha, ord))))

    assert _cell("own", "newest_only", "in", "own") == 3
    assert _cell("own", "newest_only", "out", "own") == 2


def test_what_a_stage_did_is_counted_once_each() -> None:
    m = Marbles(tick=TICK)
    dropped = Counts("did").did("newest_only", "dropped")
    m.run(m.hot("-c-a-b-d-|").pipe(newest_only(str.isalpha, ord, dropped)))
    assert metrics.STAGE_ITEMS.at("did", "newest_only", "dropped").n == 2


def test_an_error_passes() -> None:
    m = Marbles(tick=TICK)
    source = m.hot("-a-#")
    assert m.run(_counted(source, Counts("error"))) == m.expected("-a-#")
    assert m.lives(source) == ["^--!"]


def test_dispose_lets_go_of_the_source() -> None:
    m = Marbles(tick=TICK)
    source = m.hot("-a-----c-|")
    until = "       ---!      "
    assert m.run(_counted(source, Counts("disposed")), until) == m.expected("-a-")
    assert m.lives(source) == ["^--!"]
