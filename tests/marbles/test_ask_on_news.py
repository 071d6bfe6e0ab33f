"""News (letters; n: only news) and answers (upper case, drawn anew for each question)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex import operators as ops

from connector.operators import Deafness, Operator, Pace, SchedulerMissing, ask_on_news
from connector.testing import Boom, Cold, Lives, Marbles


def ms(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


PACE = Pace(every=ms(6), settle=ms(2), spacing=ms(3), jitter_ratio=0)
VALUES: dict[str, str | None] = {letter: letter for letter in "abcxABCDX"} | {"n": None}


def laid_over(answer: str, told: Sequence[str]) -> str:
    """Keep an answer's own letters, those told first."""
    if "x" in told:
        raise Boom
    return "".join(told) + answer


class Asked:
    """Each question has the next diagram for an answer, the last one for good."""

    def __init__(self, m: Marbles[str | None], *diagrams: str) -> None:
        self.questions: list[Cold[str]] = []
        self._m, self._diagrams = m, diagrams

    def __call__(self) -> Cold[str]:
        n = min(len(self.questions), len(self._diagrams) - 1)
        if self._diagrams[n] == "!":
            raise Boom
        question = cast("Cold[str]", self._m.cold(self._diagrams[n]))
        self.questions.append(question)
        return question

    def lives(self) -> list[Lives]:
        return [self._m.lives(each) for each in self.questions]


def stage(
    asked: Asked, pace: Pace = PACE, deafness: Deafness[str] | None = None
) -> Operator[str | None, str]:
    return ask_on_news(asked, laid_over, pace, deafness)


def test_it_is_asked_at_once_and_every_so_often() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "-(A|)", "-(B|)", "-(C|)")
    source = m.hot("------------------")
    seen = m.run(source.pipe(stage(asked)), "^----------------!")
    assert seen == m.expected("-A------B------C-", VALUES)
    assert m.lives(source) == ["^----------------!"]
    assert m.strays == []


def test_what_is_told_passes_at_once_and_is_followed_by_a_question() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "(A|)", "(B|)")
    source = m.hot("----a---------")
    seen = m.run(source.pipe(stage(asked)), "^----------!")
    assert seen == m.expected("A---a-B----", VALUES)


def test_news_alone_is_not_passed_but_followed_by_a_question() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "(A|)", "(B|)")
    seen = m.run(m.hot("----n---------").pipe(stage(asked)), "^----------!")
    assert seen == m.expected("A-----B----", VALUES)


def test_a_busy_source_is_asked_about_once_in_each_spacing() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "(A|)", "(B|)", "(C|)", "(D|)")
    seen = m.run(m.hot("-nnnnnnnnnn---").pipe(stage(asked)), "^----------!")
    assert seen == m.expected("A--B--C--D-", VALUES)


def test_an_answer_older_than_what_was_told_meanwhile_is_laid_under_it() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "----(A|)", "(B|)")
    seen = m.run(m.hot("--a--------").pipe(stage(asked)), "^-------!")
    assert seen == m.expected("--a-P-B-", VALUES | {"P": "aA"})


def test_news_during_a_question_is_followed_by_another() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "----(A|)", "(B|)")
    seen = m.run(m.hot("--n--------").pipe(stage(asked)), "^--------!")
    assert seen == m.expected("----A-B--", VALUES)
    assert asked.lives() == [["^---!"], ["------(^!)"]]


class Ears:
    """Counts what is found deaf; an answer differs when its last letter does."""

    def __init__(self, grace: int = 2) -> None:
        self.found = 0
        self.deafness: Deafness[str] = Deafness(self._differs, self._deaf, ms(grace))

    def _differs(self, one: str, other: str) -> bool:
        if "X" in other:
            raise Boom
        return one[-1] != other[-1]

    def _deaf(self) -> None:
        self.found += 1


def test_an_answer_that_differs_without_news_is_found_deaf_after_its_grace() -> None:
    for until, found in (("^-------!", 0), ("^---------!", 1)):
        m, ears = Marbles(VALUES), Ears()
        asked = Asked(m, "(A|)", "(B|)")
        seen = m.run(m.hot("-" * 12).pipe(stage(asked, deafness=ears.deafness)), until)
        assert (seen.values, ears.found) == (["A", "B"], found)


@pytest.mark.parametrize("news", ["-------a---", "-------n---", "---n-------"])
def test_where_news_comes_in_time_or_a_socket_opened_nothing_is_deaf(news: str) -> None:
    m, ears = Marbles(VALUES), Ears()
    asked = Asked(m, "(A|)", "(B|)")
    m.run(m.hot(news).pipe(stage(asked, deafness=ears.deafness)), "^----------!")
    assert ears.found == 0


def test_an_answer_that_is_as_it_was_is_no_sign_of_deafness() -> None:
    m, ears = Marbles(VALUES), Ears()
    m.run(
        m.hot("-" * 30).pipe(stage(Asked(m, "(A|)"), deafness=ears.deafness)), "^" + "-" * 28 + "!"
    )
    assert ears.found == 0


def test_the_error_of_the_source_passes_and_lets_go_of_the_question() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "-----(A|)")
    source = m.hot("--#")
    assert m.run(source.pipe(stage(asked))) == m.expected("--#")
    assert asked.lives() == [["^-!"]]
    assert m.strays == []


@pytest.mark.parametrize("answer", ["--#", "!"])
def test_the_error_of_a_question_passes_and_lets_go_of_the_source(answer: str) -> None:
    m = Marbles(VALUES)
    source = m.hot("----------")
    seen = m.run(source.pipe(stage(Asked(m, "(A|)", answer))), "^-----------!")
    assert seen == m.expected("A-----#" if answer == "!" else "A-------#", VALUES)
    assert m.lives(source) == ["^-----!" if answer == "!" else "^-------!"]
    assert m.strays == []


@pytest.mark.parametrize(("told", "answers"), [("-x---", ("--(A|)",)), ("---x-", ("(A|)",))])
def test_what_laying_over_raises_ends_the_stream(told: str, answers: tuple[str, ...]) -> None:
    m = Marbles(VALUES)
    source = m.hot(told)
    seen = m.run(source.pipe(stage(Asked(m, *answers))), "^---------!")
    assert seen.events[-1].kind == "error"
    assert m.strays == []


def test_what_differs_and_on_deaf_raise_ends_the_stream() -> None:
    m, ears = Marbles(VALUES), Ears()
    asked = Asked(m, "(A|)", "(X|)")
    seen = m.run(m.hot("-" * 12).pipe(stage(asked, deafness=ears.deafness)), "^----------!")
    assert seen == m.expected("A-----#", VALUES)

    def boom() -> None:
        raise Boom

    m = Marbles(VALUES)
    deafness: Deafness[str] = Deafness(lambda _, __: True, boom, ms(1))
    seen = m.run(m.hot("-" * 12).pipe(stage(Asked(m, "(A|)"), deafness=deafness)), "^----------!")
    assert seen == m.expected("A-----A#", VALUES)
    assert m.strays == []


def test_it_completes_with_the_source() -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "---(A|)")
    assert m.run(m.hot("--|").pipe(stage(asked))) == m.expected("--|")
    assert asked.lives() == [["^-!"]]
    assert m.strays == []


def test_dispose_lets_go_of_everything() -> None:
    m = Marbles(VALUES)
    asked, source = Asked(m, "(A|)", "------(B|)"), m.hot("-n--------")
    assert m.run(source.pipe(stage(asked)), "^-----!") == m.expected("A-----", VALUES)
    assert m.lives(source) == ["^-----!"]
    assert asked.lives() == [["(^!)"], ["---^--!"]]
    assert m.strays == []


def test_dispose_within_the_first_answer_lets_go_of_everything() -> None:
    m = Marbles(VALUES)
    source = m.hot("-n--")
    seen = m.run(source.pipe(stage(Asked(m, "-(A|)")), ops.take(1)))
    assert seen == m.expected("-(A|)", VALUES)
    assert m.lives(source) == ["^!"]
    assert m.strays == []


def test_the_jitter_only_shortens() -> None:
    m = Marbles(VALUES)
    pace = Pace(ms(6), jitter_ratio=0.5, random=lambda: 1.0)
    asked = Asked(m, "(A|)")
    seen = m.run(m.hot("-" * 9).pipe(stage(asked, pace)), "^------!")
    assert seen == m.expected("A--A--A", VALUES)


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    never: Observable[str | None] = reactivex.never()
    never.pipe(stage(Asked(Marbles(VALUES), "|"))).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


@pytest.mark.parametrize(
    "wrong",
    [
        {"every": ms(0)},
        {"settle": ms(-1)},
        {"spacing": ms(-1)},
        {"jitter_ratio": 1.0},
        {"jitter_ratio": -0.1},
    ],
)
def test_a_pace_out_of_range_is_refused(wrong: dict[str, timedelta]) -> None:
    with pytest.raises(ValueError, match="pace"):
        Pace(**({"every": ms(1)} | wrong))  # pyright: ignore[reportArgumentType]


@given(st.text("abn-", max_size=30), st.integers(0, 4))
def test_all_that_is_told_passes_in_order_and_an_answer_follows_the_last(
    told: str, slow: int
) -> None:
    m = Marbles(VALUES)
    asked = Asked(m, "-" * slow + "(A|)")
    end = "-" * 20
    seen = m.run(m.hot("-" + told + end).pipe(stage(asked)), "^" + "-" * (len(told) + 18) + "!")
    passed = [each for each in seen.values if each in ("a", "b")]
    assert passed == [each for each in told if each in "ab"]
    assert seen.values[-1] == "A"
