"""Silent, or deaf: asked after 4 ms of silence; a difference counts after 2 more."""

from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex.abc import DisposableBase, ScheduledAction

from connector.errors import Transient
from connector.operators import Backoff, Operator, SchedulerMissing, cross_check, resume
from connector.testing import Boom, Cold, Marbles
from connector.testing.sources import Clock

ANSWERS = {"y": True, "n": False}
SILENCE = timedelta(milliseconds=4)
GRACE = timedelta(milliseconds=2)
DEAF = Transient("private stream is deaf: the exchange knows more than was heard")


class Exchange:
    """Who is asked: answers in turn, the last one again and again."""

    def __init__(self, m: Marbles[str], *answers: str, error: Exception | None = None) -> None:
        self.asked: list[int] = []
        self.questions: list[Cold[bool]] = []
        self.unanswered: list[Exception] = []
        self._m, self._answers, self._error = m, answers, error

    def __call__(self) -> Observable[bool]:
        self.asked.append(self._m.now_ms())
        answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
        question = self._m.cold(answer, ANSWERS, error=self._error)
        self.questions.append(question)
        return question

    @property
    def operator(self) -> Operator[str, str]:
        return cross_check(SILENCE, self, GRACE, self.unanswered.append)


def test_a_deaf_stream_fails() -> None:
    m = Marbles()
    exchange = Exchange(m, "-(y|)")
    source = m.hot("-a-----------------")
    seen = m.run(source.pipe(exchange.operator))
    assert seen == m.expected("-a------#", error=DEAF)
    assert exchange.asked == [5]
    assert m.lives(source) == ["^-------!"]
    assert m.strays == []


def test_a_silent_stream_goes_on_and_is_asked_again() -> None:
    m = Marbles()
    exchange = Exchange(m, "-(n|)", "(n|)", "(y|)")
    seen = m.run(m.hot("-a------").pipe(exchange.operator))
    assert seen == m.expected("-a-------------#", error=DEAF)
    assert exchange.asked == [5, 9, 13]


def test_a_stream_that_never_spoke_is_asked_about() -> None:
    m = Marbles()
    exchange = Exchange(m, "(y|)")
    assert m.run(m.hot("-").pipe(exchange.operator)) == m.expected("------#", error=DEAF)
    assert exchange.asked == [4]


def test_a_busy_stream_is_mirrored_and_never_asked_about() -> None:
    m = Marbles()
    exchange = Exchange(m, "(y|)")
    source = m.hot("a---b--c---d-|")
    assert m.run(source.pipe(exchange.operator)) == m.expected("a---b--c---d-|")
    assert exchange.asked == []
    assert m.lives(source) == ["^------------!"]
    assert m.strays == []


def test_an_item_takes_the_question_back() -> None:
    m = Marbles()
    exchange = Exchange(m, "---(y|)")
    source = m.hot("a-----b--|")
    assert m.run(source.pipe(exchange.operator)) == m.expected("a-----b--|")
    assert exchange.asked == [4]
    assert m.lives(exchange.questions[0]) == ["----^-!"]
    assert m.strays == []


def test_an_item_within_the_grace_shows_that_it_hears() -> None:
    m = Marbles()
    exchange = Exchange(m, "(y|)")
    source = m.hot("a----b-----")
    seen = m.run(source.pipe(exchange.operator))
    assert seen == m.expected("a----b-----#", error=DEAF)
    assert exchange.asked == [4, 9]


def test_a_question_that_fails_is_told_and_asked_again() -> None:
    m = Marbles()
    busy = Transient("busy")
    exchange = Exchange(m, "#", "-#", "(y|)", error=busy)
    assert m.run(m.hot("-").pipe(exchange.operator)) == m.expected("--------------#", error=DEAF)
    assert exchange.asked == [4, 8, 12]
    assert exchange.unanswered == [busy, busy]


@pytest.mark.parametrize("silent", ["|", "-"])
def test_a_question_without_an_answer_is_asked_again(silent: str) -> None:
    m = Marbles()
    exchange = Exchange(m, silent, "(y|)")
    assert m.run(m.hot("-").pipe(exchange.operator)) == m.expected("----------#", error=DEAF)
    assert exchange.asked == [4, 8]
    assert m.lives(exchange.questions[0]) == ["----(^!)" if silent == "|" else "----^---!"]


def test_only_the_first_answer_counts() -> None:
    m = Marbles()
    exchange = Exchange(m, "n-y")
    source = m.hot("-------|")
    assert m.run(source.pipe(exchange.operator)) == m.expected("-------|")
    assert m.lives(exchange.questions[0]) == ["----(^!)"]


def test_after_the_error_it_begins_anew_with_resume() -> None:
    m = Marbles()
    exchange = Exchange(m, "(y|)")
    source = m.in_turn("-", "-a|")
    pause = Backoff(first=timedelta(milliseconds=1), jitter_ratio=0)
    assert m.run(source.pipe(exchange.operator, resume(pause))) == m.expected("--------a|")
    assert m.lives(source) == ["^-----!", "-------^-!"]


def test_an_empty_source_completes() -> None:
    m = Marbles()
    exchange = Exchange(m, "(y|)")
    assert m.run(m.cold("--|").pipe(exchange.operator)) == m.expected("--|")
    assert m.strays == []


def test_the_error_of_the_source_passes() -> None:
    m = Marbles()
    exchange = Exchange(m, "---(y|)")
    source = m.hot("a----#")
    assert m.run(source.pipe(exchange.operator)) == m.expected("a----#")
    assert m.lives(exchange.questions[0]) == ["----^!"]
    assert m.strays == []


def test_what_differs_raises_ends_the_stream() -> None:
    def differs() -> Observable[bool]:
        raise Boom

    m = Marbles()
    source = m.hot("a-----")
    assert m.run(source.pipe(cross_check(SILENCE, differs))) == m.expected("a---#")
    assert m.lives(source) == ["^---!"]
    assert m.strays == []


def test_what_on_unanswered_raises_ends_the_stream() -> None:
    def on_unanswered(_: Exception) -> None:
        raise Boom

    m = Marbles()
    failing: Observable[bool] = reactivex.throw(Transient("busy"))
    operator = cross_check(SILENCE, lambda: failing, GRACE, on_unanswered)
    source = m.hot("a-----")
    assert m.run(source.pipe(operator)) == m.expected("a---#")
    assert m.lives(source) == ["^---!"]
    assert m.strays == []


@pytest.mark.parametrize("until", ["--!", "-----!", "-------!"])
def test_dispose_lets_go_of_source_timer_and_question(until: str) -> None:
    m = Marbles()
    exchange = Exchange(m, "--(y|)")
    source = m.hot("a--------")
    assert m.run(source.pipe(exchange.operator), until) == m.expected("a")
    assert m.lives(source) == [until.replace("-", "^", 1)]
    assert all(life.endswith("!") for each in exchange.questions for life in m.lives(each))
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
    m.run(m.hot("abcdefghijklmnopqrstuvwx|").pipe(Exchange(m, "n").operator))
    assert len(armed) == 24 // 4

    m = Marbles()
    armed.clear()
    m.run(m.hot("------abcdefghijklmnop|").pipe(Exchange(m, "---n").operator))
    assert len(armed) == 3 + 16 // 4 - 1  # two for the question, one that takes it back


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    stream: Observable[object] = reactivex.never()
    checked = stream.pipe(cross_check(SILENCE, reactivex.empty))
    checked.subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


def test_without_grace_a_difference_counts_at_once() -> None:
    m = Marbles()
    differs = Exchange(m, "(y|)")
    stream = m.hot("-").pipe(cross_check(SILENCE, differs, timedelta(0)))
    assert m.run(stream) == m.expected("----#", error=DEAF)


@pytest.mark.parametrize(("silence", "grace"), [(0, 1), (1, -1)])
def test_times_that_make_no_sense_are_refused(silence: int, grace: int) -> None:
    with pytest.raises(ValueError, match="silence"):
        cross_check(timedelta(silence), reactivex.empty, timedelta(grace))


@given(st.lists(st.sampled_from("ab-----"), max_size=60))
def test_items_pass_unchanged_and_questions_come_in_silence_alone(marbles: list[str]) -> None:
    m = Marbles()
    diagram = "".join(marbles) + "|"
    exchange = Exchange(m, "(n|)")
    assert m.run(m.hot(diagram).pipe(exchange.operator)) == m.expected(diagram)
    for asked in exchange.asked:
        assert set(marbles[max(asked - 3, 0) : asked]) <= {"-"}
