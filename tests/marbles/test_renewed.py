"""A forgotten subscription is made anew; a quiet market isn't, again and again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from reactivex import Observable

from connector.errors import Transient
from connector.observables.renewed import LONGEST, renewed
from connector.operators import Backoff, resume
from connector.testing import Marbles
from connector.testing.sources import Source
from connector.testing.timeline import Event

SECOND = timedelta(seconds=1)
LEAST = 4 * SECOND
AT_ONCE = Backoff(first=timedelta(milliseconds=1), cap=timedelta(milliseconds=1), jitter_ratio=0)


class Play:
    """A play whose tick is a second, and who was asked to subscribe anew, when."""

    def __init__(self, error: Exception | None = None) -> None:
        self.m: Marbles[str] = Marbles(tick=SECOND, error=error)
        self.renewed_s: list[int] = []
        self.refuses: Callable[[], bool] = lambda: False

    def renew(self) -> bool:
        if self.refuses():
            return False
        self.renewed_s.append(self.m.now_ms() // 1000)
        return True

    def resumed(self, source: Source[str]) -> Observable[str]:
        return source.pipe(renewed(self.renew, LEAST), resume(AT_ONCE))


def test_a_stream_that_falls_silent_fails_to_be_resumed() -> None:
    play = Play()
    source = play.m.hot("-a-a-a")

    seen = play.m.run(source.pipe(renewed(play.renew, LEAST)), "30s !")

    # five times the usual gap of 2 s, and the slack that lets a heartbeat go first
    last = seen.events[-1]
    assert last.is_same(Event(15_050_000, "error", Transient("stale: nothing for 10.1 s")))
    assert play.renewed_s == [15]
    assert play.m.strays == []


def test_one_that_speaks_in_time_is_let_be() -> None:
    play = Play()
    source = play.m.hot("-a---a-a---a---a--|")

    seen = play.m.run(source.pipe(renewed(play.renew, LEAST)))

    assert seen == play.m.expected("-a---a-a---a---a--|")
    assert play.renewed_s == []


def test_what_is_usually_slow_has_five_times_its_usual_gap() -> None:
    play = Play()
    source = play.m.hot("a--a--a--a 14s a--a 20s")

    play.m.run(source.pipe(renewed(play.renew, LEAST)), "60s !")

    assert play.renewed_s == [9 + 1 + 14 + 3 + 15]


def test_a_quiet_market_is_asked_twice_as_late_each_time() -> None:
    play = Play()
    source = play.m.cold("-")

    play.m.run(play.resumed(source), "80s !")

    assert play.renewed_s == [4, 12, 28, 60]


def test_a_snapshot_for_newcomers_is_no_life() -> None:
    play = Play()
    source = play.m.cold("a")

    play.m.run(play.resumed(source), "80s !")

    assert play.renewed_s == [4, 12, 28, 60]


def test_life_ends_the_doubling() -> None:
    play = Play()
    source = play.m.in_turn("-", "-", "-", "aa", "-")

    play.m.run(play.resumed(source), "80s !")

    # 4, 8 and 16 s in vain; then live, with a gap of 1 s, so that 5 s are allowed
    assert play.renewed_s == [4, 12, 28, 34, 39, 49, 69]


def test_a_pause_is_no_gap() -> None:
    play = Play(error=Transient("the socket is gone"))
    source = play.m.in_turn("aaaa-#", "4s aaaa")

    play.m.run(play.resumed(source), "20s !")

    # the outage takes from 3 s to 9 s; each gap but that is of 1 s, so that 5 s are allowed
    assert play.renewed_s == [12 + 5]


def test_no_silence_is_longer_than_ten_minutes() -> None:
    play = Play()
    source = play.m.cold("-")

    play.m.run(play.resumed(source), "7200s !")

    waits = [b - a for a, b in zip(play.renewed_s, play.renewed_s[1:], strict=False)]
    assert max(waits) <= LONGEST.total_seconds() + 1
    assert len(waits) > 12


def test_what_cannot_be_renewed_goes_on() -> None:
    play = Play()
    play.refuses = lambda: play.m.now_ms() < 10_000
    source = play.m.hot("-a")

    seen = play.m.run(source.pipe(renewed(play.renew, LEAST)), "9s !")

    assert seen == play.m.expected("-a")
    assert play.renewed_s == []


def test_the_sources_error_passes_and_disposing_lets_go() -> None:
    play = Play(error=ValueError("the source's own"))
    failing, endless = play.m.hot("-a-#"), play.m.hot("-a------")

    seen = play.m.run_together(
        failing.pipe(renewed(play.renew, LEAST)),
        (endless.pipe(renewed(play.renew, LEAST)), "---!"),
    )

    assert seen[0] == play.m.expected("-a-#")
    assert play.m.lives(endless) == ["^--!"]
    assert play.m.strays == []


def test_without_a_scheduler_it_refuses() -> None:
    with pytest.raises(ValueError, match="scheduler"):
        Play().m.cold("-").pipe(renewed(lambda: True, LEAST)).subscribe()
