"""A quiet stream's first value is asked for."""

from datetime import timedelta

from connector.errors import Transient
from connector.observables.first_asked import first_asked
from connector.testing import Marbles

AFTER = timedelta(milliseconds=4)


def test_a_silent_source_is_asked_for_its_first_value() -> None:
    m = Marbles()
    source, question = m.hot("-----------a-|"), m.cold("--(q|)")

    assert m.run(source.pipe(first_asked(question, AFTER))) == m.expected("------q----a-|")
    assert m.lives(question) == ["----^-!"]


def test_a_source_that_speaks_in_time_is_not_asked() -> None:
    m = Marbles()
    source, question = m.hot("--a-------b-|"), m.cold("(q|)")

    assert m.run(source.pipe(first_asked(question, AFTER))) == m.expected("--a-------b-|")
    assert m.lives(question) == []


def test_a_value_that_comes_while_asking_wins() -> None:
    m = Marbles()
    source, question = m.hot("-----a-----|"), m.cold("---(q|)")

    assert m.run(source.pipe(first_asked(question, AFTER))) == m.expected("-----a-----|")


def test_a_failed_question_is_asked_again_twice_as_late() -> None:
    m = Marbles(error=Transient("503"))
    source, question = m.hot("-----------------------"), m.in_turn("-#", "-(q|)")

    seen = m.run(source.pipe(first_asked(question, AFTER)), "----------------------!")

    assert seen == m.expected("--------------q")
    assert m.lives(question) == ["----^!", "-------------^!"]


def test_disposing_lets_go_of_source_and_question() -> None:
    m = Marbles()
    source, question = m.hot("-----------"), m.cold("-----q")

    assert m.run(source.pipe(first_asked(question, AFTER)), "------!") == m.expected("-")
    assert m.lives(source) == ["^-----!"]
    assert m.lives(question) == ["----^-!"]


def test_the_sources_error_passes() -> None:
    m = Marbles()
    source, question = m.hot("--#"), m.cold("q")

    assert m.run(source.pipe(first_asked(question, AFTER))) == m.expected("--#")


def test_what_was_asked_before_the_source_stood_is_asked_again() -> None:
    m = Marbles()
    source, question = m.hot("-----------------------------"), m.in_turn("-(q|)", "-(r|)", "-(s|)")
    stands = iter((False, True))
    asked = first_asked(question, AFTER, lambda: next(stands))

    seen = m.run(source.pipe(asked), "----------------------------!")

    assert seen == m.expected("-----q--------r")
    assert m.lives(question) == ["----^!", "-------------^!"]
