"""Everything, a while later."""

from datetime import timedelta

import pytest

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
