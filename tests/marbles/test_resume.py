"""Streams that outlive outages."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable

from connector.errors import Denied, Malformed, RateLimited, Transient
from connector.operators import Backoff, SchedulerMissing, resume
from connector.testing import Boom, Marbles


def ms(number: float) -> timedelta:
    return timedelta(milliseconds=number)


FLAT = Backoff(first=ms(3), cap=ms(3), jitter_ratio=0)
"""Always 3 ms."""

DOUBLING = Backoff(first=ms(1), cap=ms(4), jitter_ratio=0, healthy_after=ms(10))
"""1, 2, 4, 4, … ms; 10 ms are healthy."""


def failing(m: Marbles[str], error: Exception) -> tuple[Observable[str], list[int]]:
    """A source that fails within subscribe, and when it was asked."""
    asked: list[int] = []

    def subscribe(observer: ObserverBase[str], _: SchedulerBase | None = None) -> DisposableBase:
        asked.append(m.scheduler.now_us)
        observer.on_error(error)
        return Disposable()

    return Observable(subscribe), asked


def test_after_a_transient_error_it_subscribes_again() -> None:
    m = Marbles(error=Transient("down"))
    source = m.in_turn("-a-#", "-b-|")
    told: list[tuple[Exception, timedelta]] = []
    stream = source.pipe(resume(FLAT, lambda error, pause: told.append((error, pause))))
    assert m.run(stream) == m.expected("-a-----b-|")
    assert m.lives(source) == ["        ^--!", "------^--!"]
    assert told == [(m.error, ms(3))]
    assert m.strays == []


def test_without_errors_the_source_is_mirrored() -> None:
    m = Marbles()
    source = m.hot("-a-(bc)-|")
    assert m.run(source.pipe(resume(FLAT))) == m.expected("-a-(bc)-|")
    assert m.lives(source) == ["^-------!"]


def test_an_empty_source_completes() -> None:
    m = Marbles()
    assert m.run(m.cold("--|").pipe(resume(FLAT))) == m.expected("--|")


def test_a_silent_source_stays_silent() -> None:
    m = Marbles()
    source = m.cold("-")
    assert m.run(source.pipe(resume(FLAT)), "^---!") == m.expected("")
    assert m.lives(source) == ["^---!"]


@pytest.mark.parametrize("error", [Boom(), Denied("key"), Malformed("x"), ValueError()])
def test_any_other_error_passes(error: Exception) -> None:
    m = Marbles(error=error)
    source = m.cold("-a-#")
    assert m.run(source.pipe(resume(FLAT))) == m.expected("-a-#")
    assert m.lives(source) == ["^--!"]


def test_pauses_double_up_to_the_cap() -> None:
    m = Marbles(error=Transient("down"))
    source = m.cold("#")
    m.run(source.pipe(resume(DOUBLING)), "^-------------!")
    assert m.lives(source) == [
        "(^!)",
        "-(^!)",
        "---(^!)",
        "-------(^!)",
        "-----------(^!)",
    ]
    assert m.strays == []


def test_a_healthy_time_makes_the_next_pause_the_first_again() -> None:
    m = Marbles(error=Transient("down"))
    pauses: list[timedelta] = []
    source = m.in_turn("#", "#", "#", " 9ms #", "10ms #", "#", "|")
    m.run(source.pipe(resume(DOUBLING, lambda _, pause: pauses.append(pause))))
    assert pauses == [ms(1), ms(2), ms(4), ms(4), ms(1), ms(2)]


def test_an_items_arrival_alone_is_no_health() -> None:
    m = Marbles(error=Transient("down"))
    pauses: list[timedelta] = []
    source = m.in_turn("a#", "a#", "a#", "|")
    m.run(source.pipe(resume(DOUBLING, lambda _, pause: pauses.append(pause))))
    assert pauses == [ms(1), ms(2), ms(4)]


def test_retry_after_is_the_least_pause_even_above_the_cap() -> None:
    m = Marbles(error=RateLimited("slow down", retry_after=ms(7)))
    source = m.in_turn("-#", "-a|")
    assert m.run(source.pipe(resume(DOUBLING))) == m.expected("---------a|")
    assert m.lives(source) == ["^!", "--------^-!"]


def test_a_retry_after_below_the_pause_changes_nothing() -> None:
    m = Marbles(error=RateLimited("slow down", retry_after=ms(1)))
    assert m.run(m.in_turn("#", "a|").pipe(resume(FLAT))) == m.expected("---a|")


def test_dispose_while_waiting_cancels_the_timer() -> None:
    m = Marbles(error=Transient("down"))
    source = m.cold("-a-#")
    until = "        ----!"
    assert m.run(source.pipe(resume(FLAT)), until) == m.expected("-a")
    assert m.lives(source) == ["^--!"]
    assert m.strays == []


def test_dispose_while_running_lets_go_of_the_source() -> None:
    m = Marbles(error=Transient("down"))
    source = m.in_turn("-#", "-a-b-c")
    until = "           -------!"
    assert m.run(source.pipe(resume(FLAT)), until) == m.expected("-----a")
    assert m.lives(source) == ["^!", "----^--!"]


def test_sources_that_fail_at_once_are_never_nested() -> None:
    m = Marbles()
    source, asked = failing(m, Transient("down"))
    patient = Backoff(first=ms(0.001), cap=ms(0.001), jitter_ratio=0)
    assert m.run(source.pipe(resume(patient)), "^ 1ms !") == m.expected("")
    assert asked == list(range(2_000))  # Python nests a thousand calls


def test_a_source_that_raises_when_subscribed_is_resumed_too() -> None:
    m = Marbles()
    asked: list[int] = []

    def raising(_: object, __: object = None) -> DisposableBase:
        asked.append(m.now_ms())
        raise Transient("down")

    m.run(Observable[str](raising).pipe(resume(FLAT)), "^-------!")
    assert asked == [0, 3, 6]


@pytest.mark.parametrize("which", ["on_retry", "random"])
def test_what_an_own_function_raises_ends_the_stream(which: str) -> None:
    def broken(*_: object) -> float:
        raise Boom

    def on_retry(error: Exception, pause: timedelta) -> None:
        del error, pause
        if which == "on_retry":
            broken()

    random: Callable[[], float] = broken if which == "random" else lambda: 0.5
    m = Marbles(error=Transient("down"))
    source = m.cold("-a#")
    stream = source.pipe(resume(Backoff(random=random), on_retry))
    assert m.run(stream) == m.expected("-a#", error=Boom())
    assert m.strays == []


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    reactivex.never().pipe(resume(FLAT)).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


def test_two_subscriptions_have_pauses_of_their_own() -> None:
    m = Marbles(error=Transient("down"))
    stream = m.in_turn("#", "#", "-a|", "-b|").pipe(resume(DOUBLING))
    assert m.run_together(stream, stream) == [m.expected("--a|"), m.expected("--b|")]


@given(st.floats(0, 1), st.floats(0, 0.999), st.integers(0, 20))
def test_a_pause_stays_within_its_jitter_and_the_cap(
    ratio: float, dice: float, failures: int
) -> None:
    backoff = Backoff(jitter_ratio=ratio, random=lambda: dice)
    pause = backoff.first
    for _ in range(failures):
        pause = backoff.after(pause)
    assert pause == min(backoff.first * 2**failures, backoff.cap)
    assert pause * (1 - ratio) - ms(0.001) <= backoff.jittered(pause) <= pause


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"first": ms(0)}, "first"),
        ({"first": ms(2), "cap": ms(1)}, "first"),
        ({"factor": 0.5}, "factor"),
        ({"jitter_ratio": 1.5}, "jitter_ratio"),
    ],
)
def test_a_backoff_out_of_range_is_refused(options: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Backoff(**options)  # pyright: ignore[reportArgumentType]
