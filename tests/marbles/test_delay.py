"""Everything, a while later."""

from datetime import timedelta

import pytest
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.subject import Subject

from connector.errors import Overflow
from connector.operators import SchedulerMissing, delay
from connector.testing import Marbles

LATER = delay(timedelta(milliseconds=2))


def test_each_item_comes_later_and_so_does_the_end() -> None:
    m = Marbles()
    source = m.hot("-a-bc--|")
    assert m.run(source.pipe(LATER)) == m.expected("---a-bc--|")
    assert m.lives(source) == ["^------!"]


def test_an_error_is_told_at_once() -> None:
    m = Marbles()
    assert m.run(m.hot("-ab#").pipe(LATER)) == m.expected("---#")


def test_dispose_cancels_what_is_on_its_way() -> None:
    m = Marbles()
    source = m.hot("-a-----")
    assert m.run(source.pipe(LATER), "--!") == m.expected("")
    assert m.strays == []


def test_it_needs_a_scheduler_and_no_past() -> None:
    with pytest.raises(SchedulerMissing, match="delay"):
        Marbles().hot("-a-|").pipe(LATER).subscribe()
    with pytest.raises(ValueError, match="0 or more"):
        delay(timedelta(milliseconds=-1))


def test_more_than_10_000_on_their_way_end_the_stream() -> None:
    source, ends, came = Subject[int](), list[Exception](), list[int]()
    virtual = VirtualTimeScheduler()
    source.pipe(LATER).subscribe(came.append, ends.append, scheduler=virtual)
    for item in range(10_000):
        source.on_next(item)
    virtual.advance_by(1)
    for item in range(10_000):
        source.on_next(item)
    assert not ends
    source.on_next(10_000)

    assert [type(end) for end in ends] == [Overflow]
    assert len(came) == 10_000
    assert not source.observers
