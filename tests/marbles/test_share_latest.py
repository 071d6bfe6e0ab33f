"""One upstream, many observers."""

from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable
from reactivex.subject import Subject

from connector.operators import SchedulerMissing, share_latest
from connector.testing import Boom, Marbles

LINGER = timedelta(milliseconds=3)
SHARED = share_latest(LINGER)
AT_ONCE = timedelta(0)


def noted(
    m: Marbles[str], source: Observable[str], linger: timedelta
) -> tuple[Observable[str], list[int]]:
    """Share the source; the list tells when it was released."""
    released: list[int] = []

    def on_released() -> None:
        released.append(m.now_ms())

    return source.pipe(share_latest(linger, on_released=on_released)), released


def test_all_share_one_subscription_and_a_newcomer_gets_the_last_value_first() -> None:
    m = Marbles()
    source = m.hot("       -a-b-c-d-|")
    shared = source.pipe(SHARED)
    seen = m.run_together(shared, (shared, "----^----"), (shared, "------^-!"))
    assert seen == [
        m.expected("       -a-b-c-d-|"),
        m.expected("       ----bc-d-|"),
        m.expected("       ------cd"),
    ]
    assert m.lives(source) == ["^--------!"]
    assert m.strays == []


def test_alone_it_is_a_mirror() -> None:
    m = Marbles()
    assert m.run(m.hot("-a-(bc)-|").pipe(SHARED)) == m.expected("-a-(bc)-|")


def test_an_empty_source_completes_for_all() -> None:
    m = Marbles()
    shared = m.hot("--|").pipe(SHARED)
    assert m.run_together(shared, shared) == [m.expected("--|")] * 2


def test_a_silent_source_stays_silent_for_all() -> None:
    m = Marbles()
    source = m.hot("-")
    shared = source.pipe(SHARED)
    assert m.run_together((shared, "^--!"), (shared, "-^--!")) == [m.expected("")] * 2
    assert m.lives(source) == ["^------!"]


def test_a_value_that_may_not_be_replayed_is_not() -> None:
    m = Marbles()
    shared = m.hot("-a-B-c").pipe(share_latest(LINGER, str.islower))
    seen = m.run_together((shared, "^------!"), (shared, "--^----!"), (shared, "----^--!"))
    assert seen == [m.expected("-a-B-c"), m.expected("--aB-c"), m.expected("-----c")]


def test_the_source_is_kept_for_the_linger_after_the_last_observer() -> None:
    m = Marbles()
    source = m.hot("-a-b-c-d-e")
    shared, released = noted(m, source, LINGER)
    m.run_together((shared, "^-!"), (shared, "-^--!"))
    assert m.lives(source) == ["^------!"]
    assert released == [7]


def test_a_newcomer_within_the_linger_finds_it_running() -> None:
    m = Marbles()
    source = m.hot("-a-b-c-d-e-f")
    shared, released = noted(m, source, LINGER)
    seen = m.run_together((shared, "^-!"), (shared, "----^---!"))
    assert seen == [m.expected("-a"), m.expected("----bc-d")]
    assert m.lives(source) == ["^----------!"]
    assert released == [11]


def test_a_newcomer_after_the_linger_starts_anew_without_the_old_value() -> None:
    m = Marbles()
    source = m.hot("-a-b-c-d-e-f-g")
    shared, released = noted(m, source, LINGER)
    seen = m.run_together((shared, "^-!"), (shared, "------^-!"))
    assert seen == [m.expected("-a"), m.expected("-------d")]
    assert m.lives(source) == ["^----!", "------^----!"]
    assert released == [5, 11]


def test_without_linger_the_source_is_let_go_at_once() -> None:
    m = Marbles()
    source = m.hot("-a-b-c")
    shared, released = noted(m, source, AT_ONCE)
    assert m.run(shared, "^--!") == m.expected("-a")
    assert m.lives(source) == ["^--!"]
    assert released == [3]
    assert m.strays == []


def test_an_error_is_told_to_all_and_not_kept() -> None:
    m = Marbles()
    source = m.in_turn("-a-#", "-b-|")
    shared, released = noted(m, source, LINGER)
    seen = m.run_together(shared, (shared, "--^"), (shared, "----^"))
    assert seen == [m.expected("-a-#"), m.expected("--a#"), m.expected("-----b-|")]
    assert m.lives(source) == ["^--!", "----^--!"]
    assert released == [3, 7]
    assert m.strays == []


def test_a_completion_is_told_to_all_and_the_last_value_not_kept() -> None:
    m = Marbles()
    source = m.in_turn("-a|", "-b|")
    shared = source.pipe(SHARED)
    seen = m.run_together(shared, (shared, "---^"))
    assert seen == [m.expected("-a|"), m.expected("----b|")]


def test_an_end_while_nobody_is_there_releases_without_a_timer_left() -> None:
    m = Marbles()
    source = m.hot("-a-|")
    shared, released = noted(m, source, LINGER)
    m.run(shared, "^-!")
    assert m.lives(source) == ["^--!"]
    assert released == [3]
    assert m.strays == []


def test_a_source_that_fails_at_once_is_released_and_started_anew() -> None:
    def subscribe(observer: ObserverBase[str], _: SchedulerBase | None = None) -> DisposableBase:
        observer.on_error(Boom())
        return Disposable()

    m = Marbles()
    shared, released = noted(m, Observable(subscribe), LINGER)
    assert m.run_together(shared, (shared, "-^")) == [m.expected("#"), m.expected("-#")]
    assert released == [0, 1]
    assert m.strays == []


def test_who_subscribes_again_when_told_of_the_end_starts_anew() -> None:
    m = Marbles(error=Boom("down"))
    source = m.in_turn("-a#", "-b|")
    shared = source.pipe(SHARED)
    assert m.run_together(shared.pipe(ops.retry(2)), shared) == [
        m.expected("-a-b|"),
        m.expected("-a#"),
    ]
    assert m.lives(source) == ["^-!", "--^-!"]


def test_an_observer_that_raises_is_detached_with_its_own_error() -> None:
    source: Subject[str] = Subject()
    shared = source.pipe(share_latest(AT_ONCE))
    first: list[object] = []
    broken: list[object] = []
    last: list[object] = []

    def raising(item: str) -> None:
        broken.append(item)
        if item == "b":
            raise Boom("a bug")

    shared.subscribe(first.append)
    shared.subscribe(raising, broken.append)
    shared.subscribe(last.append)
    for letter in "abc":
        source.on_next(letter)
    assert first == last == ["a", "b", "c"]
    assert broken[:2] == ["a", "b"]
    assert [type(each) for each in broken[2:]] == [Boom]


def test_an_observer_that_fails_on_its_own_error_too_robs_nobody() -> None:
    source: Subject[str] = Subject()
    shared = source.pipe(share_latest(AT_ONCE))
    seen: list[str] = []

    def raising(_: object) -> None:
        raise Boom

    shared.subscribe(raising, raising)
    shared.subscribe(seen.append)
    source.on_next("a")
    source.on_next("b")
    assert seen == ["a", "b"]


def test_an_observer_that_fails_at_the_end_robs_nobody_of_it() -> None:
    source: Subject[str] = Subject()
    shared = source.pipe(share_latest(AT_ONCE))
    told: list[str] = []

    def raising() -> None:
        raise Boom

    shared.subscribe(on_completed=raising)
    shared.subscribe(on_completed=lambda: told.append("|"))
    source.on_completed()
    assert told == ["|"]


def test_the_last_observer_that_raises_lets_go_of_the_source() -> None:
    source: Subject[str] = Subject()

    def raising(_: str) -> None:
        raise Boom

    source.pipe(share_latest(AT_ONCE)).subscribe(raising, lambda _: None)
    source.on_next("a")
    assert source.observers == []


def test_a_newcomer_that_raises_on_the_last_value_is_detached_alone() -> None:
    source: Subject[str] = Subject()
    shared = source.pipe(share_latest(AT_ONCE))
    seen: list[str] = []
    errors: list[Exception] = []

    def raising(_: str) -> None:
        raise Boom

    shared.subscribe(seen.append)
    source.on_next("a")
    shared.subscribe(raising, errors.append)
    source.on_next("b")
    assert seen == ["a", "b"]
    assert [type(each) for each in errors] == [Boom]


def test_what_replay_raises_is_the_newcomers_error() -> None:
    def replay(_: str) -> bool:
        raise Boom

    m = Marbles()
    shared = m.hot("-a-b-|").pipe(share_latest(LINGER, replay))
    assert m.run_together(shared, (shared, "--^")) == [m.expected("-a-b-|"), m.expected("--#")]


def test_what_on_released_raises_changes_nothing() -> None:
    def broken() -> None:
        raise Boom

    m = Marbles()
    source = m.hot("-a-b-|")
    shared = source.pipe(share_latest(LINGER, on_released=broken))
    seen = m.run_together((shared, "^-!"), (shared, "--^"))
    assert seen == [m.expected("-a"), m.expected("--ab-|")]
    assert m.lives(source) == ["^----!"]


def test_an_observer_that_joins_during_an_emission_sees_each_item_once() -> None:
    source: Subject[str] = Subject()
    shared = source.pipe(share_latest(AT_ONCE))
    late: list[str] = []

    def on_next(item: str) -> None:
        if item == "a":
            shared.subscribe(late.append)

    shared.subscribe(on_next)
    for letter in "abc":
        source.on_next(letter)
    assert late == ["a", "b", "c"]


def test_an_observer_that_is_dropped_during_an_emission_gets_nothing_more() -> None:
    source: Subject[str] = Subject()
    shared = source.pipe(share_latest(AT_ONCE))
    seen: list[str] = []
    shared.subscribe(lambda _: victim.dispose())
    victim = shared.subscribe(seen.append)
    source.on_next("a")
    source.on_next("b")
    assert seen == []


def test_all_leaving_during_an_emission_lets_go_of_the_source() -> None:
    source: Subject[str] = Subject()
    seen: list[str] = []
    source.pipe(share_latest(AT_ONCE), ops.take(1)).subscribe(seen.append)
    source.on_next("a")
    assert seen == ["a"]
    assert source.observers == []


@pytest.mark.parametrize("ending", ["completed", "error"])
def test_what_is_emitted_within_an_emission_follows_in_order_for_all(ending: str) -> None:
    source: Subject[str] = Subject()
    shared = source.pipe(share_latest(AT_ONCE))

    def on_next(item: str) -> None:
        first.append(item)
        if item == "a":
            source.on_next("b")
            if ending == "completed":
                source.on_completed()
            else:
                source.on_error(Boom())

    first: list[str] = []
    second: list[str] = []
    shared.subscribe(on_next, lambda _: first.append("#"), lambda: first.append("|"))
    shared.subscribe(second.append, lambda _: second.append("#"), lambda: second.append("|"))
    source.on_next("a")
    assert first == second == ["a", "b", "|" if ending == "completed" else "#"]


def test_a_linger_without_a_scheduler_is_refused() -> None:
    errors: list[Exception] = []
    reactivex.never().pipe(SHARED).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


visits = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), min_size=1, max_size=6)


@given(visits, st.integers(0, 5))
def test_every_observer_sees_a_contiguous_run(visits: list[tuple[int, int]], linger: int) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    m = Marbles()
    source = m.hot("-".join(letters))
    shared, released = noted(m, source, timedelta(milliseconds=linger))
    lives = ["-" * start + "^" + "-" * (length - 1) + "!" for start, length in visits]
    seen = m.run_together(*((shared, life) for life in lives))
    for (start, length), timeline in zip(visits, seen, strict=True):
        text = "".join(str(value) for value in timeline.values)
        assert text in letters
        fresh = "".join(
            letters[at // 2] for at in range(start, start + length) if at % 2 == 0 and at < 52
        )
        assert text.endswith(fresh)
        assert len(text) <= len(fresh) + 1
    assert len(m.lives(source)) == len(released)
    assert all(end is not None for _, end in source.lives_us)
