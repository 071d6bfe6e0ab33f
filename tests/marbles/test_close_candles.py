"""Each bar closed once, before the next begins.

Bars last 10 ms: `a` is an update of that of 0 ms, `b` of 10 ms, and so on, `r` a later one of the
first. `A` is how the exchange closed it; `α` is `a`, and `ρ` is `r`, closed as last seen. What has
no flag is fetched 3 ms after its end.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from reactivex import Observable
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import CompositeDisposable, Disposable

from connector.domain import Candle
from connector.errors import Denied, ExchangeRefused, Malformed, Transient, Unsupported
from connector.operators import Backoff, Gap, Operator, SchedulerMissing, close_candles, resume
from connector.testing import Boom, Cold, Marbles

BAR_MS = 10
GRACE = timedelta(milliseconds=3)
AT_LAST = Backoff(first=timedelta(milliseconds=2), cap=timedelta(milliseconds=2), jitter_ratio=0)


def candle(opened_ms: int, close: int, is_closed: bool) -> Candle:
    return Candle("BTCUSDT", opened_ms, "1", "9", "1", str(close), "1", is_closed)


def bars(letters: str, close: int, is_closed: bool) -> dict[str, Candle]:
    return {each: candle(i * BAR_MS, close, is_closed) for i, each in enumerate(letters)}


VALUES = (
    bars("abcdef", 1, False)
    | bars("rstu", 2, False)
    | bars("αβγδ", 1, True)
    | bars("ρ", 2, True)
    | bars("ABCDEF", 9, True)
)


class History:
    """What the exchange has of closed bars, and what it was asked."""

    def __init__(
        self,
        m: Marbles[Candle],
        answer: str = "(x|)",
        has: Callable[[int], bool] = lambda _: True,
        lag_ms: int = -10_000,
        errors: Sequence[Exception] = (),
    ) -> None:
        self.asked: list[tuple[int, int, int]] = []
        self.streams: list[Cold[list[Candle]]] = []
        self.unfilled: list[tuple[Gap, Exception | None]] = []
        self._m = m
        self._answer = answer
        self._has = has
        self._lag_ms = lag_ms
        self._errors = [*errors]

    def __call__(self, from_ms: int, until_ms: int) -> Observable[list[Candle]]:
        now_ms = self._m.now_ms()
        self.asked.append((now_ms, from_ms, until_ms))
        if self._errors:
            return reactivex.throw(self._errors.pop(0))
        closed = [
            candle(opened_ms, 9, True)
            for opened_ms in range(from_ms, until_ms, BAR_MS)
            if self._has(opened_ms) and now_ms >= opened_ms + self._lag_ms
        ]
        self.streams.append(self._m.cold(self._answer, {"x": closed}))
        return self.streams[-1]

    def operator(self, flagged: bool) -> Operator[Candle, Candle]:
        return close_candles(
            BAR_MS,
            self,
            flagged,
            GRACE,
            self._m.now_ms,
            lambda gap, error: self.unfilled.append((gap, error)),
        )


FLAGGED = True
UNFLAGGED = False


# Closed by the flag, and by the next bar


def test_a_flag_closes_the_bar() -> None:
    m = Marbles(VALUES)
    history = History(m)
    source = m.hot("a--r-----Ab-s-----Bc--|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a--r-----Ab-s-----Bc--|")
    assert history.asked == []
    assert m.lives(source) == ["^---------------------!"]
    assert m.strays == []


def test_without_flags_the_next_bars_first_update_closes_with_the_last_seen_values() -> None:
    m = Marbles(VALUES)
    history = History(m)
    source = m.hot("a--r------b------|")
    seen = m.run(source.pipe(history.operator(UNFLAGGED)))
    assert seen == m.expected("a--r------(ρb)---|")
    assert history.asked == []


def test_an_exchange_without_flags_may_send_one_all_the_same() -> None:
    m = Marbles(VALUES)
    source = m.hot("a--------Ab----|")
    assert m.run(source.pipe(History(m).operator(UNFLAGGED))) == m.expected("a--------Ab----|")


def test_what_is_older_than_the_bar_at_hand_is_dropped() -> None:
    m = Marbles(VALUES)
    source = m.hot("c-a-A-b-C-c-C-dB-|")
    assert m.run(source.pipe(History(m).operator(FLAGGED))) == m.expected("c-------C-----d--|")


def test_a_bar_that_begins_with_its_close_is_told() -> None:
    m = Marbles(VALUES)
    assert m.run(m.hot("AB-C|").pipe(History(m).operator(FLAGGED))) == m.expected("AB-C|")


# Fetched before the next bar


def test_a_bar_that_lost_its_flag_is_fetched_before_the_next_ones_first_update() -> None:
    m = Marbles(VALUES)
    history = History(m)
    source = m.hot("a---------b-------|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a---------(Ab)----|")
    assert history.asked == [(10, 0, 10)]
    assert m.strays == []


def test_what_arrives_during_a_fetch_follows_after_it() -> None:
    m = Marbles(VALUES)
    history = History(m, answer="-----(x|)")
    source = m.hot("a---------b-s------|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a--------------(As)|")
    assert history.asked == [(10, 0, 10)]


def test_a_close_that_arrives_during_a_fetch_is_kept_though_updates_follow() -> None:
    m = Marbles(VALUES)
    history = History(m, answer="-----(x|)")
    source = m.hot("a---------bBsc--------|")
    seen = m.run(source.pipe(history.operator(FLAGGED)))
    assert seen == m.expected("a--------------(ABc)--|")


def test_bars_that_are_missing_between_are_fetched_and_told_in_order() -> None:
    for flagged in (FLAGGED, UNFLAGGED):
        m = Marbles(VALUES)
        history = History(m)
        source = m.hot("a--d-----|")
        assert m.run(source.pipe(history.operator(flagged))) == m.expected("a--(ABCd)|")
        assert history.asked == [(3, 0, 30)]


def test_after_a_closed_bar_only_the_missing_ones_are_fetched() -> None:
    m = Marbles(VALUES)
    history = History(m)
    source = m.hot("A--d-----|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("A--(BCd)-|")
    assert history.asked == [(3, 10, 30)]


def test_a_bar_the_exchange_never_made_is_left_out() -> None:
    m = Marbles(VALUES)
    history = History(m, has=lambda opened_ms: opened_ms != 10)
    source = m.hot("a--d-----|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a--(ACd)-|")
    assert history.unfilled == []


def test_a_bar_that_was_seen_is_closed_as_seen_though_the_exchange_leaves_it_out() -> None:
    m = Marbles(VALUES)
    history = History(m, has=lambda opened_ms: opened_ms != 0)
    source = m.hot("a--d-----|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a--(αBCd)|")


def test_a_bar_that_the_exchange_has_not_yet_is_asked_for_again() -> None:
    m = Marbles(VALUES)
    history = History(m, lag_ms=14)
    source = m.hot("a---------b---------|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a---------------(Ab)|")
    assert [now for now, _, _ in history.asked] == [10, 13, 16]


def test_a_bar_that_the_exchange_never_has_is_given_up() -> None:
    m = Marbles(VALUES)
    history = History(m, has=lambda _: False)
    source = m.hot("a---------b---------|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a---------------(αb)|")
    assert [now for now, _, _ in history.asked] == [10, 13, 16]
    assert history.unfilled == [(Gap(0, 10), None)]


def test_a_flag_that_comes_late_but_during_the_fetch_counts() -> None:
    m = Marbles(VALUES)
    history = History(m, answer="-----(x|)", has=lambda _: False)
    source = m.hot("a---------b-A------|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a--------------(Ab)|")
    assert history.asked == [(10, 0, 10)]
    assert history.unfilled == []


def test_more_bars_than_are_held_are_fetched_afterwards() -> None:
    count = 40
    values = {chr(0x4E00 + i): candle(i * BAR_MS, 1, False) for i in range(count)}
    m = Marbles(values)
    history = History(m, answer="50ms (x|)")
    seen = m.run(m.hot("".join(values)).pipe(history.operator(FLAGGED)), "^ 999ms !").values
    told = [(each.timestamp_ms, each.is_closed) for each in seen if isinstance(each, Candle)]
    assert [at for at, is_closed in told if is_closed][:count] == [
        *range(0, count * BAR_MS, BAR_MS)
    ]
    assert told == sorted(told)


# Closed by the clock


def test_a_bar_without_news_is_fetched_when_grace_has_passed_and_so_are_those_that_follow() -> None:
    m = Marbles(VALUES)
    history = History(m)
    source = m.hot("a----r--------------------")
    until = "       -------------------------!"
    for_each = history.operator(UNFLAGGED)
    assert m.run(source.pipe(for_each), until) == m.expected("a----r-------A---------B")
    assert history.asked == [(13, 0, 10), (23, 10, 20)]
    assert m.strays == []


def test_an_update_after_the_clock_closed_its_bar_is_dropped() -> None:
    m = Marbles(VALUES)
    source = m.hot("a-------------rAb--|")
    seen = m.run(source.pipe(History(m).operator(FLAGGED)))
    assert seen == m.expected("a------------A--b--|")


def test_a_bar_the_exchange_has_not_yet_is_asked_for_after_each_grace() -> None:
    m = Marbles(VALUES)
    history = History(m, lag_ms=15)
    source = m.hot("a-------------------|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a---------------A---|")
    assert [now for now, _, _ in history.asked] == [13, 16]


def test_a_bar_the_exchange_never_has_is_asked_for_again_after_the_next_one() -> None:
    m = Marbles(VALUES)
    history = History(m, has=lambda _: False)
    source = m.hot("a 29ms d----|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a 29ms ------(αd|)")
    assert history.asked == [
        (13, 0, 10),
        (16, 0, 10),
        (19, 0, 10),
        (23, 0, 20),
        (26, 0, 20),
        (29, 0, 20),
        (30, 0, 30),
        (33, 0, 30),
        (36, 0, 30),
    ]
    assert history.unfilled == [(Gap(0, 30), None)]


def test_a_clock_that_runs_behind_asks_no_earlier() -> None:
    m = Marbles(VALUES)
    history = History(m)
    behind = close_candles(BAR_MS, history, FLAGGED, GRACE, lambda: m.now_ms() - 4)
    assert m.run(m.hot("a-").pipe(behind), "^-------------------!") == m.expected(
        "            a----------------A"
    )


def test_a_clock_that_is_set_back_asks_later() -> None:
    m = Marbles(VALUES)
    history = History(m)
    set_back = close_candles(
        BAR_MS, history, FLAGGED, GRACE, lambda: m.now_ms() - 4 * (m.now_ms() > 5)
    )
    assert m.run(m.hot("a-").pipe(set_back), "^-------------------!") == m.expected(
        "            a----------------A"
    )


def test_a_bar_that_ended_long_ago_is_not_waited_for() -> None:
    m = Marbles(VALUES, error=Transient("down"))
    history = History(m, has=lambda _: False)
    long_pause = Backoff(first=timedelta(milliseconds=26), jitter_ratio=0)
    stream = m.in_turn("aA-#", "-").pipe(history.operator(FLAGGED), resume(long_pause))
    assert m.run(stream, "^ 30ms --!") == m.expected("aA")
    assert history.asked == [(29, 10, 20)]


# Outages


def test_bars_missed_by_an_outage_are_fetched_when_it_is_over() -> None:
    m = Marbles(VALUES, error=Transient("down"))
    history = History(m)
    source = m.in_turn("a--#", "25ms d-----|")
    stream = source.pipe(history.operator(UNFLAGGED), resume(AT_LAST))
    assert m.run(stream) == m.expected("a------------A---------B------(Cd)--|")
    assert history.asked == [(13, 0, 10), (23, 10, 20), (30, 20, 30)]
    assert m.lives(source) == ["^--!", "-----^ 30ms !"]


def test_an_outage_makes_the_last_seen_values_unfit_to_close_a_bar() -> None:
    m = Marbles(VALUES, error=Transient("down"))
    history = History(m)
    stream = m.in_turn("a--#", "-----b-----|").pipe(history.operator(UNFLAGGED), resume(AT_LAST))
    assert m.run(stream) == m.expected("a---------(Ab)--|")
    assert history.asked == [(10, 0, 10)]


def test_an_update_after_the_outage_makes_them_fit_again() -> None:
    m = Marbles(VALUES, error=Transient("down"))
    history = History(m)
    stream = m.in_turn("a--#", "-r---b-----|").pipe(history.operator(UNFLAGGED), resume(AT_LAST))
    assert m.run(stream) == m.expected("a-----r---(ρb)--|")
    assert history.asked == []


def test_a_bar_closed_before_the_outage_is_not_told_again() -> None:
    m = Marbles(VALUES, error=Transient("down"))
    history = History(m)
    stream = m.in_turn("aA-#", "AaA-rb|").pipe(history.operator(FLAGGED), resume(AT_LAST))
    assert m.run(stream) == m.expected("aA--------b|")
    assert history.asked == []


def test_a_fetch_that_fails_for_now_fails_the_stream_and_is_tried_again_with_it() -> None:
    m = Marbles(VALUES)
    history = History(m, errors=[Transient("busy"), Transient("busy")])
    source = m.in_turn("a---------b", "-s-------", "----s-|")
    stream = source.pipe(history.operator(FLAGGED), resume(AT_LAST))
    assert m.run(stream) == m.expected("a--------------A---s-|")
    assert history.asked == [(10, 0, 10), (13, 0, 10), (15, 0, 10)]
    assert m.lives(source) == ["^---------!", "------------^!", "---------------^-----!"]


def test_a_fetch_that_fails_for_now_passes_its_error_without_resume() -> None:
    m = Marbles(VALUES)
    history = History(m, errors=[Transient("busy")])
    source = m.hot("a---------b--")
    seen = m.run(source.pipe(history.operator(FLAGGED)))
    assert seen == m.expected("a---------#", error=Transient("busy"))
    assert m.lives(source) == ["^---------!"]
    assert m.strays == []


# Fetches that are refused


@pytest.mark.parametrize("error", [Unsupported("no"), ExchangeRefused("no"), Malformed("what")])
def test_without_a_fetch_a_bar_is_closed_as_seen_and_told(error: Exception) -> None:
    m = Marbles(VALUES)
    history = History(m, errors=[error])
    source = m.hot("a--d-----|")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a--(αd)--|")
    assert history.unfilled == [(Gap(0, 30), error)]


def test_without_a_fetch_the_clock_closes_as_seen_what_was_seen_and_nothing_else() -> None:
    m = Marbles(VALUES)
    no = Unsupported("no")
    history = History(m, errors=[no] * 9)
    source = m.hot("a------------------------bc--")
    until = "       ^----------------------------!"
    seen = m.run(source.pipe(history.operator(FLAGGED)), until)
    assert seen == m.expected("a------------α-----------b(βc)")
    assert history.asked == [(13, 0, 10), (23, 10, 20), (26, 10, 20)]
    assert history.unfilled == [(Gap(0, 10), no), (Gap(10, 20), no)]


@pytest.mark.parametrize("error", [Denied("key"), Boom()])
def test_any_other_error_of_a_fetch_ends_the_stream(error: Exception) -> None:
    m = Marbles(VALUES, error=error)
    history = History(m, errors=[error])
    source = m.hot("a---------b--")
    assert m.run(source.pipe(history.operator(FLAGGED))) == m.expected("a---------#")
    assert m.lives(source) == ["^---------!"]
    assert history.unfilled == []


# The list that every operator answers


def test_an_empty_source_completes() -> None:
    m = Marbles(VALUES)
    assert m.run(m.cold("--|").pipe(History(m).operator(FLAGGED))) == m.expected("--|")
    assert m.strays == []


def test_a_silent_source_stays_silent_and_nothing_is_fetched() -> None:
    m = Marbles(VALUES)
    history = History(m)
    source = m.cold("-")
    assert m.run(source.pipe(history.operator(FLAGGED)), "^ 99ms !") == m.expected("")
    assert history.asked == []
    assert m.lives(source) == ["^ 99ms !"]


@pytest.mark.parametrize("diagram", ["a--#", "a---------b-#"])
def test_the_error_of_the_source_passes_at_once_also_during_a_fetch(diagram: str) -> None:
    m = Marbles(VALUES)
    history = History(m, answer="-----(x|)")
    source = m.hot(diagram)
    seen = m.run(source.pipe(history.operator(FLAGGED)))
    assert seen == m.expected(diagram.replace("b", "-"))
    assert all(end is not None for stream in history.streams for _, end in stream.lives_us)
    assert m.strays == []


def test_completion_during_a_fetch_comes_after_it() -> None:
    m = Marbles(VALUES)
    history = History(m, answer="-----(x|)")
    source = m.hot("a---------b|")
    seen = m.run(source.pipe(history.operator(FLAGGED)))
    assert seen == m.expected("a--------------(Ab|)")
    assert m.strays == []


def test_dispose_lets_go_of_source_and_clock() -> None:
    m = Marbles(VALUES)
    source = m.hot("a---------------")
    assert m.run(source.pipe(History(m).operator(FLAGGED)), "^----!") == m.expected("a")
    assert m.lives(source) == ["^----!"]
    assert m.strays == []


def test_dispose_lets_go_of_a_fetch() -> None:
    m = Marbles(VALUES)
    history = History(m, answer="-----(x|)")
    source = m.hot("a---------b---------")
    seen = m.run(source.pipe(history.operator(FLAGGED)), "^-----------!")
    assert seen == m.expected("a")
    assert m.lives(source) == ["^-----------!"]
    assert m.lives(history.streams[0]) == ["----------^-!"]
    assert m.strays == []


def test_dispose_lets_go_of_a_fetch_that_waits_to_be_tried_again() -> None:
    m = Marbles(VALUES)
    history = History(m, has=lambda _: False)
    source = m.hot("a---------b---------")
    m.run(source.pipe(history.operator(FLAGGED)), "^-----------!")
    assert len(history.asked) == 1
    assert m.strays == []


def test_dispose_between_fetched_bars_stops_them() -> None:
    m = Marbles(VALUES)
    history = History(m)
    source = m.hot("a--d-----|")
    stream = source.pipe(history.operator(FLAGGED), ops.take(2))
    assert m.run(stream) == m.expected("a--(A|)")
    assert m.lives(source) == ["^--!"]
    assert m.strays == []


def test_what_fetch_closed_raises_ends_the_stream() -> None:
    def broken(from_ms: int, until_ms: int) -> Observable[list[Candle]]:
        raise Boom(from_ms, until_ms)

    m = Marbles(VALUES, error=Boom(0, 10))
    source = m.hot("a---------b--")
    closing = close_candles(BAR_MS, broken, FLAGGED, GRACE, m.now_ms)
    assert m.run(source.pipe(closing)) == m.expected("a---------#")
    assert m.lives(source) == ["^---------!"]


@pytest.mark.parametrize(
    ("call", "expected"), [(1, "(a#)"), (2, "a------------#"), (3, "a------------#")]
)
def test_what_now_ms_raises_ends_the_stream(call: int, expected: str) -> None:
    calls: list[None] = []

    def broken() -> int:
        calls.append(None)
        if len(calls) == call:
            raise Boom
        return m.now_ms()

    m = Marbles(VALUES)
    source = m.hot("a-")
    closing = close_candles(BAR_MS, History(m, has=lambda _: False), FLAGGED, GRACE, broken)
    assert m.run(source.pipe(closing)) == m.expected(expected)
    assert all(end is not None for _, end in source.lives_us)
    assert m.strays == []


def test_what_on_gap_unfilled_raises_ends_the_stream() -> None:
    def broken(gap: Gap, error: Exception | None) -> None:
        del gap, error
        raise Boom

    m = Marbles(VALUES)
    history = History(m, errors=[Unsupported("no")])
    closing = close_candles(BAR_MS, history, FLAGGED, GRACE, m.now_ms, broken)
    assert m.run(m.hot("a---------b--").pipe(closing)) == m.expected("a---------(α#)")
    assert m.strays == []


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    m = Marbles(VALUES)
    reactivex.never().pipe(History(m).operator(FLAGGED)).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


@pytest.mark.parametrize(("interval_ms", "grace"), [(0, GRACE), (BAR_MS, timedelta(0))])
def test_lengths_that_are_not_above_zero_are_refused(interval_ms: int, grace: timedelta) -> None:
    m = Marbles(VALUES)
    with pytest.raises(ValueError, match="not above zero"):
        close_candles(interval_ms, History(m), FLAGGED, grace, m.now_ms)


# The law


class Exchange:
    """Bars whose values change with each update, an outage now and then, and their history.

    The last update of a bar has its final values, `truth`; those of an outage are not delivered.
    """

    def __init__(
        self,
        m: Marbles[Candle],
        updates: list[set[int]],
        lost_flags: set[int],
        outages: list[tuple[int, int]],
        answers: list[tuple[int, bool]],
        flagged: bool,
        lag_ms: int,
    ) -> None:
        self._m = m
        self._outages = [range(start, start + length) for start, length in outages]
        self._answers = answers
        self._lag_ms = lag_ms
        self._frames: dict[int, list[Candle]] = {}
        self.truth: dict[int, str] = {}
        for i, offsets in enumerate(updates):
            opened = i * BAR_MS
            for close, offset in enumerate(sorted(offsets)):
                self._frames.setdefault(opened + offset, []).append(candle(opened, close, False))
            self.truth[opened] = str(max(len(offsets) - 1, 0))
            if flagged and i not in lost_flags:
                at = opened + BAR_MS - 1 + (i % 2)  # in time, or together with the next bar
                closed = candle(opened, len(offsets) - 1 if offsets else 0, True)
                self._frames.setdefault(at, []).insert(0 if i % 2 else 99, closed)

    def is_down(self) -> bool:
        return any(self._m.now_ms() in outage for outage in self._outages)

    def subscribe(
        self, observer: ObserverBase[Candle], scheduler: SchedulerBase | None = None
    ) -> DisposableBase:
        assert scheduler
        if self.is_down():
            observer.on_error(Transient("down"))
            return Disposable()

        def act(_: SchedulerBase, frame: int | None) -> None:
            if self.is_down():
                observer.on_error(Transient("down"))
                return
            for each in self._frames.get(frame or 0, []):
                observer.on_next(each)

        last = max([*self._frames, *(outage.stop for outage in self._outages)], default=0)
        return CompositeDisposable(
            [
                scheduler.schedule_absolute(frame / 1_000, act, frame)
                for frame in range(self._m.now_ms(), last + 1)
            ]
        )

    def fetch(self, from_ms: int, until_ms: int) -> Observable[list[Candle]]:
        wait, fails = self._answers.pop() if self._answers else (0, False)
        if fails:
            return self._m.cold("-" * wait + "#", {}, error=Transient("busy"))
        ended = self._m.now_ms() - BAR_MS - self._lag_ms
        closed = [
            replace(candle(opened, 0, True), close=self.truth.get(opened, "0"))
            for opened in range(from_ms, until_ms, BAR_MS)
            if opened <= ended
        ]
        return self._m.cold("-" * wait + "(x|)", {"x": closed})


@given(
    updates=st.lists(st.sets(st.integers(0, 9), max_size=4), min_size=1, max_size=7),
    lost_flags=st.sets(st.integers(0, 6)),
    outages=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 25)), max_size=3),
    answers=st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=12),
    flagged=st.booleans(),
    lag_ms=st.integers(0, 2),
)
def test_each_bar_is_closed_once_and_truly_before_the_next_ones_first_update(
    updates: list[set[int]],
    lost_flags: set[int],
    outages: list[tuple[int, int]],
    answers: list[tuple[int, bool]],
    flagged: bool,
    lag_ms: int,
) -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, updates, lost_flags, outages, answers, flagged, lag_ms)
    closing = close_candles(BAR_MS, exchange.fetch, flagged, GRACE, m.now_ms, _unexpected)
    stream = Observable(exchange.subscribe).pipe(closing, resume(AT_LAST))
    seen = [each for each in m.run(stream, "^ 399ms !").values if isinstance(each, Candle)]

    assert m.strays == []
    assert all(before.timestamp_ms <= after.timestamp_ms for before, after in pairwise(seen))
    closed = [each.timestamp_ms for each in seen if each.is_closed]
    if seen:
        assert closed[:30] == [*range(seen[0].timestamp_ms, closed[-1] + 1, BAR_MS)][:30]
        assert closed[-1] >= 370
    for before, after in pairwise(seen):
        if before.is_closed:
            assert after.timestamp_ms == before.timestamp_ms + BAR_MS
        else:
            assert after.timestamp_ms == before.timestamp_ms
    assert [each.close for each in seen if each.is_closed] == [
        exchange.truth.get(opened, "0") for opened in closed
    ]


def _unexpected(gap: Gap, error: Exception | None) -> None:
    raise AssertionError(f"given up: {gap}") from error
