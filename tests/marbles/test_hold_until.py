"""Events wait for their order's answer: lower case one order, upper case another; 5 ms at most."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex import operators as ops
from reactivex.subject import Subject

from connector.operators import Operator, SchedulerMissing, hold_until
from connector.testing import Boom, Marbles

AT_MOST = timedelta(milliseconds=5)


def holding(answered: Callable[[str], Observable[object] | None]) -> Operator[str, str]:
    return hold_until(str.islower, answered, AT_MOST)


def lower(answer: Observable[object]) -> Operator[str, str]:
    """Only the order of the lower case has a pending answer, until its first event is through."""
    left = [answer]
    return holding(lambda item: left.pop() if item.islower() and left else None)


def pending(_: str) -> Observable[object]:
    return reactivex.never()


@pytest.mark.parametrize("answer", ["---x--", "---|", "---#", "---(x|)"])
def test_an_orders_events_wait_for_its_answer_in_order_and_others_pass(answer: str) -> None:
    m = Marbles()
    source = m.hot("                  -aAb-----B--c-|")
    asked = m.cold(answer)
    assert m.run(source.pipe(lower(asked))) == m.expected("--A-(ab)-B--c-|")
    assert m.lives(asked) == ["-^--!"]
    assert m.lives(source) == ["             ^-------------!"]
    assert m.strays == []


def test_events_without_a_pending_answer_pass() -> None:
    m = Marbles()
    source = m.hot("-aA-(bB)-|")
    assert m.run(source.pipe(holding(lambda _: None))) == m.expected("-aA-(bB)-|")


def test_an_answer_that_is_out_already_holds_nothing() -> None:
    m = Marbles()
    source = m.hot("-a-b|")
    assert m.run(source.pipe(holding(lambda _: reactivex.just(1)))) == m.expected("-a-b|")
    assert m.strays == []


def test_an_answer_that_does_not_come_is_waited_for_once_and_not_long() -> None:
    m = Marbles()
    source = m.hot("                      -a-b------c--|")
    assert m.run(source.pipe(holding(pending))) == m.expected("------(ab)c--|")
    assert m.strays == []


def test_after_a_late_answer_the_next_event_is_asked_about_again() -> None:
    m = Marbles()
    source = m.hot("-a-----------b----|")
    first, second = m.cold(" 8ms x"), m.cold("--x")
    answers = iter([first, second])
    seen = m.run(source.pipe(holding(lambda _: next(answers))))
    assert seen == m.expected("------a--------b--|")
    assert m.lives(first) == ["-^-------!"]
    assert m.lives(second) == [" 13ms ^-!"]


def test_two_orders_wait_each_for_its_own_answer() -> None:
    m = Marbles()
    answers: dict[bool, Observable[object]] = {True: m.cold("----x"), False: m.cold("-x")}
    source = m.hot("-aA-b-----|")
    seen = m.run(source.pipe(holding(lambda item: answers[item.islower()])))
    assert seen == m.expected("---A-(ab)-|")


def test_at_completion_what_waits_is_sent_first() -> None:
    m = Marbles()
    assert m.run(m.hot("-aAb|").pipe(holding(pending))) == m.expected("----(abA|)")
    assert m.strays == []


def test_before_the_error_of_the_source_what_waits_is_sent() -> None:
    m = Marbles()
    source = m.hot("-a-#")
    assert m.run(source.pipe(holding(pending))) == m.expected("---(a#)")
    assert m.lives(source) == ["^--!"]
    assert m.strays == []


def test_an_empty_source_completes() -> None:
    m = Marbles()
    assert m.run(m.cold("--|").pipe(holding(pending))) == m.expected("--|")


def test_a_silent_source_stays_silent() -> None:
    m = Marbles()
    source = m.cold("-")
    assert m.run(source.pipe(holding(pending)), "^---!") == m.expected("")
    assert m.lives(source) == ["^---!"]


@pytest.mark.parametrize("which", ["key_of", "answered"])
def test_what_a_callback_raises_ends_the_stream(which: str) -> None:
    def key_of(item: str) -> str:
        if which == "key_of" and item == "b":
            raise Boom
        return item

    def answered(item: str) -> Observable[object] | None:
        if which == "answered" and item == "b":
            raise Boom
        return asked if item == "a" else None

    m = Marbles()
    asked = m.cold("-----x")
    source = m.hot("a-b-c")
    assert m.run(source.pipe(hold_until(key_of, answered, AT_MOST))) == m.expected("--#")
    assert m.lives(source) == m.lives(asked) == ["^-!"]
    assert m.strays == []


def test_dispose_lets_go_of_source_answers_and_timers() -> None:
    m = Marbles()
    asked = m.cold("----x")
    source = m.hot("-a-b---")
    until = "       ---!"
    assert m.run(source.pipe(holding(lambda _: asked)), until) == m.expected("")
    assert m.lives(source) == ["^--!"]
    assert m.lives(asked) == ["-^-!"]
    assert m.strays == []


def test_dispose_within_a_released_event_sends_no_more() -> None:
    m = Marbles()
    source = m.hot("-a-b---")
    asked = m.cold("----x")
    seen = m.run(source.pipe(lower(asked), ops.take(1)))
    assert seen == m.expected("-----(a|)")
    assert m.lives(source) == ["^----!"]
    assert m.strays == []


def test_an_event_that_comes_during_the_release_stays_behind() -> None:
    m = Marbles()
    source: Subject[str] = Subject()
    answer: Subject[object] = Subject()
    seen: list[str] = []

    def on_next(item: str) -> None:
        seen.append(item)
        if item == "a":
            source.on_next("c")

    source.pipe(lower(answer)).subscribe(on_next, scheduler=m.scheduler)
    source.on_next("a")
    source.on_next("b")
    answer.on_next("out")
    assert seen == ["a", "b", "c"]
    assert answer.observers == []


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    stream: Observable[str] = reactivex.never()
    stream.pipe(holding(pending)).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


def test_with_no_time_to_wait_events_pass() -> None:
    m = Marbles()
    source = m.hot("-a-b-|")
    stream = source.pipe(hold_until(str.islower, pending, timedelta(0)))
    assert m.run(stream) == m.expected("-a-b-|")


def test_a_negative_time_is_refused() -> None:
    with pytest.raises(ValueError, match="at_most"):
        hold_until(str.islower, pending, timedelta(-1))


@given(
    st.lists(st.sampled_from("abcABC---"), max_size=40),
    st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=40, max_size=40),
)
def test_each_orders_order_survives_nothing_is_lost_nor_held_too_long(
    marbles: list[str], delays: list[int | None]
) -> None:
    m = Marbles()
    left = iter(delays)

    def answered(_: str) -> Observable[object] | None:
        delay = next(left)
        return None if delay is None else m.cold("-" * delay + "x")

    diagram = "".join(marbles) or "-"
    seen = m.run(m.hot(diagram).pipe(holding(answered)), "^ 99ms !")
    came = [(at, each) for at, each in enumerate(marbles) if each != "-"]
    out = [(event.at_us // 1_000, str(event.payload)) for event in seen.events]
    for is_lower in (True, False):
        mine = [pair for pair in came if pair[1].islower() == is_lower]
        told = [pair for pair in out if pair[1].islower() == is_lower]
        assert [each for _, each in told] == [each for _, each in mine]
        assert all(0 <= b[0] - a[0] <= 5 for a, b in zip(mine, told, strict=True))
    assert m.strays == []
