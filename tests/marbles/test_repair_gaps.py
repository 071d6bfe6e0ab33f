"""What was missed is told before what is live.

Letters are trades: `a` of 10,001 ms, `b` of 10,002 and so on; upper case are orders of those
times, `O` one of 9,000. The first subscription begins at 10,000 ms; a fetch takes no time.
"""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable

from connector.errors import Denied, ExchangeRefused, Malformed, Overflow, Transient, Unsupported
from connector.operators import (
    Backoff,
    Ledger,
    Operator,
    SchedulerMissing,
    keep_ledger,
    repair_gaps,
    resume,
)
from connector.operators.repair_gaps import LONGEST_MS, OVERLAP_MS
from connector.testing import Boom, Cold, Marbles
from connector.trading import Order, Trade
from tests.marbles.orders import brief, order, trade

Heard = Order | Trade

BEGAN_MS = 10_000
VALUES: dict[str, Heard] = (
    {each: trade(each, "0.1", BEGAN_MS + i) for i, each in enumerate("abcdef", 1)}
    | {each: order("new", at_ms=BEGAN_MS + i, number=each) for i, each in enumerate("ABCDEF", 1)}
    | {"O": order("new", at_ms=4_000, number="O"), "o": trade("o", "0.1", 4_000)}
    | {"n": order("new", at_ms=BEGAN_MS, number="n")}
)
AGAIN = timedelta(milliseconds=20)
PAUSE = Backoff(first=timedelta(milliseconds=2), cap=timedelta(milliseconds=2), jitter_ratio=0)
DOWN = Transient("down")


class Exchange:
    """Who is asked what was missed: a diagram for each question, the last again and again."""

    def __init__(self, m: Marbles[Heard], *answers: str, error: Exception | None = None) -> None:
        self.asked: list[tuple[int, int]] = []
        self.answers: list[Cold[Sequence[Heard]]] = []
        self.seeded: list[Heard] = []
        self.unrepaired: list[Exception] = []
        self._m, self._diagrams, self._error = m, answers or ("|",), error

    def __call__(self, since_ms: int) -> Observable[Sequence[Heard]]:
        self.asked.append((self._m.now_ms(), since_ms - BEGAN_MS + OVERLAP_MS))
        diagram = self._diagrams[min(len(self.asked), len(self._diagrams)) - 1]
        lists = {each: [value] for each, value in VALUES.items()}
        self.answers.append(self._m.cold(diagram, lists, error=self._error))
        return self.answers[-1]

    def now_ms(self) -> int:
        return BEGAN_MS + self._m.now_ms()

    def operator(self, again_after: timedelta = timedelta(0)) -> Operator[Heard, Heard]:
        seed, told = self.seeded.append, self.unrepaired.append
        return repair_gaps(self, self.now_ms, seed, again_after, told)


def test_what_was_missed_by_an_outage_is_told_before_what_came_since() -> None:
    m = Marbles(VALUES, error=DOWN)
    exchange = Exchange(m, "|", "---(bC|)")
    source = m.in_turn("-a-#", "-d------f-|")
    stream = source.pipe(exchange.operator(), resume(PAUSE))
    assert m.run(stream) == m.expected("-a------(bCd)f-|")
    assert exchange.asked == [(0, 0), (5, 1)]
    assert m.lives(source) == ["^--!", "-----^---------!"]
    assert m.lives(exchange.answers[1]) == ["-----^--!"]
    assert m.strays == []


def test_what_is_older_than_the_first_subscription_is_seeded_and_not_told() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "-(OonA|)")
    source = m.hot("b------c-|")
    assert m.run(source.pipe(exchange.operator())) == m.expected("-(nAb)-c-|")
    assert exchange.seeded == [VALUES["O"], VALUES["o"]]


def test_what_happened_since_a_process_before_told_is_told_too() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "(Oob|)")
    source = m.hot("------")
    operator = repair_gaps(
        exchange, exchange.now_ms, exchange.seeded.append, timedelta(0), told_until_ms=8_000
    )
    assert m.run(source.pipe(operator), "------!") == m.expected("(Oob)")
    assert (exchange.asked, exchange.seeded) == ([(0, -2_000)], [])


def test_it_is_asked_again_when_something_was_missed_and_nothing_is_held_meanwhile() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "|", "--(b|)")
    source = m.hot("-a---c------|")
    missed = m.hot("----x-------", {"x": None})
    operator = repair_gaps(exchange, exchange.now_ms, again_after=timedelta(0), again_on=missed)
    assert m.run(source.pipe(operator)) == m.expected("-a---cb-----|")
    assert exchange.asked == [(0, 0), (4, 1)]
    assert m.lives(missed) == ["^-----------!"]


def test_what_was_missed_is_asked_for_twice_and_what_was_missed_meanwhile_with_it() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "--|", "|")
    missed = m.hot("-x-- 30ms x---x", {"x": None})
    operator = repair_gaps(exchange, exchange.now_ms, again_after=AGAIN, again_on=missed)
    m.run(m.hot("-").pipe(operator), "^ 70ms !")
    assert [at for at, _ in exchange.asked] == [0, 22, 34, 38, 58]


def test_after_an_outage_what_is_older_is_told_too() -> None:
    m = Marbles(VALUES, error=DOWN)
    exchange = Exchange(m, "|", "(O|)")
    stream = m.in_turn("-#", "--|").pipe(exchange.operator(), resume(PAUSE))
    assert m.run(stream) == m.expected("---O-|")
    assert exchange.seeded == []


def test_it_is_asked_again_a_little_later_with_nothing_held() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "-|", "----(b|)")
    source = m.hot("a 21ms c----d-|")
    stream = source.pipe(exchange.operator(AGAIN))
    assert m.run(stream) == m.expected("-a 20ms c--b-d-|")
    assert exchange.asked == [(0, 0), (21, 0)]
    assert m.strays == []


def test_asked_again_at_the_first_subscription_what_is_older_is_seeded() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "|", "(Ob|)")
    assert m.run(m.hot("-").pipe(exchange.operator(AGAIN)), "^ 50ms !") == m.expected("20ms b")
    assert exchange.seeded == [VALUES["O"]]
    assert len(exchange.asked) == 2


def test_it_is_asked_from_the_newest_trade_that_was_told() -> None:
    m = Marbles(VALUES, error=DOWN)
    exchange = Exchange(m, "|", "-(e|)", "|")
    source = m.in_turn("-cbF--#", "--#", "-|")
    m.run(source.pipe(exchange.operator(), resume(PAUSE)))
    assert exchange.asked == [(0, 0), (8, 3), (12, 5)]


def test_a_trade_that_an_order_carries_counts_as_told() -> None:
    carrier = order("part", "0.1", 99, trade("a", "0.1", BEGAN_MS + 1))
    m = Marbles(VALUES | {"x": carrier}, error=DOWN)
    exchange = Exchange(m, "|")
    m.run(m.in_turn("x-#", "|").pipe(exchange.operator(), resume(PAUSE)))
    assert exchange.asked == [(0, 0), (4, 1)]


def test_it_is_asked_no_further_back_than_a_day_and_not_from_the_future() -> None:
    future = trade("z", "0.1", BEGAN_MS + 10**9)
    m = Marbles(VALUES | {"z": future}, error=DOWN)
    days = iter([0, 3 * LONGEST_MS])
    asked: list[int] = []

    def fetch_missed(since_ms: int) -> Observable[Sequence[Heard]]:
        asked.append(since_ms)
        return reactivex.empty()

    operator = repair_gaps(fetch_missed, lambda: next(days))
    m.run(m.in_turn("-#", "|").pipe(operator, resume(PAUSE)))
    assert asked == [-OVERLAP_MS, 2 * LONGEST_MS]

    m = Marbles(VALUES | {"z": future}, error=DOWN)
    exchange = Exchange(m, "|")
    m.run(m.in_turn("-z-#", "|").pipe(exchange.operator(), resume(PAUSE)))
    assert exchange.asked == [(0, 0), (5, 5)]


# Fetches that fail


def test_a_fetch_that_fails_for_now_fails_the_stream_and_what_waited_follows_the_next() -> None:
    m = Marbles(VALUES, error=DOWN)
    exchange = Exchange(m, "|", "--#", "-(b|)", error=DOWN)
    source = m.in_turn("a-#", "-d----", "-e------|")
    stream = source.pipe(exchange.operator(), resume(PAUSE))
    assert m.run(stream) == m.expected("a--------(bde)--|")
    assert m.lives(source) == ["^-!", "----^-!", "--------^-------!"]


def test_a_first_fetch_that_fails_is_still_the_first_when_it_is_tried_again() -> None:
    m = Marbles(VALUES, error=DOWN)
    exchange = Exchange(m, "-#", "-(OA|)", error=DOWN)
    stream = m.in_turn("b---", "------|").pipe(exchange.operator(), resume(PAUSE))
    assert m.run(stream) == m.expected("----(Ab)-|")
    assert exchange.seeded == [VALUES["O"]]


@pytest.mark.parametrize("error", [Unsupported("no"), ExchangeRefused("no"), Malformed("what")])
def test_a_fetch_that_is_refused_is_told_and_the_stream_goes_on(error: Exception) -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "--#", error=error)
    source = m.hot("-a--b-|")
    assert m.run(source.pipe(exchange.operator())) == m.expected("--a-b-|")
    assert exchange.unrepaired == [error]


def test_a_fetch_that_is_denied_ends_the_stream() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "--#", error=Denied("key"))
    source = m.hot("-a--b-|")
    assert m.run(source.pipe(exchange.operator())) == m.expected("--#", error=Denied("key"))
    assert m.lives(source) == ["^-!"]
    assert m.strays == []


@pytest.fixture
def few_wait(monkeypatch: pytest.MonkeyPatch) -> int:
    few = 20
    monkeypatch.setitem(repair_gaps.__globals__, "HELD_ITEMS", few)
    return few


def test_more_than_can_wait_overflows(few_wait: int) -> None:
    m = Marbles(VALUES)
    source = m.hot("a" * (few_wait + 1))
    exchange = Exchange(m, "-")
    (event,) = m.run(source.pipe(exchange.operator())).events
    assert (event.at_us, type(event.payload)) == (few_wait * 1000, Overflow)
    assert m.lives(source) == ["^ 19ms !"]
    assert all(life.endswith("!") for life in m.lives(exchange.answers[0]))


def test_after_an_overflow_it_begins_with_nothing_waiting(few_wait: int) -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "50ms |")
    stream = m.in_turn("a" * (few_wait + 1), "b-----").pipe(exchange.operator())
    _, second = m.run_together((stream, "^ 30ms !"), (stream, "30ms ^ 99ms !"))
    assert second.values == [VALUES["b"]]


# The list that every operator answers


def test_without_anything_missed_the_source_is_mirrored() -> None:
    m = Marbles(VALUES)
    source = m.hot("(ab)cA-d-|")
    assert m.run(source.pipe(Exchange(m).operator())) == m.expected("(ab)cA-d-|")


def test_an_empty_source_completes_after_what_was_missed() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "--(b|)")
    assert m.run(m.cold("a|").pipe(exchange.operator(AGAIN))) == m.expected("--(ba|)")
    assert m.strays == []


def test_a_source_that_completes_during_the_second_question_completes_at_once() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "|", "----(b|)")
    seen = m.run(m.hot("22ms |").pipe(exchange.operator(AGAIN)))
    assert seen == m.expected("22ms |")
    assert m.lives(exchange.answers[1]) == ["20ms ^-!"]


def test_a_silent_source_stays_silent() -> None:
    m = Marbles(VALUES)
    source = m.cold("-")
    assert m.run(source.pipe(Exchange(m).operator()), "^---!") == m.expected("")
    assert m.lives(source) == ["^---!"]


def test_the_error_of_the_source_passes_and_lets_go_of_the_fetch() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "-----(b|)")
    assert m.run(m.hot("-a-#").pipe(exchange.operator())) == m.expected("---#")
    assert m.lives(exchange.answers[0]) == ["^--!"]
    assert m.strays == []


@pytest.mark.parametrize("which", ["fetch_missed", "now_ms", "seed", "on_unrepaired"])
def test_what_a_callback_raises_ends_the_stream(which: str) -> None:
    def raises_if(name: str) -> None:
        if name == which:
            raise Boom

    def fetch_missed(_: int) -> Observable[Sequence[Heard]]:
        raises_if("fetch_missed")
        if which == "on_unrepaired":
            return reactivex.throw(Unsupported("no"))
        return reactivex.just([VALUES["O"]])

    def now_ms() -> int:
        raises_if("now_ms")
        return BEGAN_MS

    m = Marbles(VALUES)
    source = m.hot("-a-b")
    operator = repair_gaps(
        fetch_missed,
        now_ms,
        lambda _: raises_if("seed"),
        AGAIN,
        lambda _: raises_if("on_unrepaired"),
    )
    assert m.run(source.pipe(operator)) == m.expected("#")
    assert m.lives(source) == ([] if which == "now_ms" else ["(^!)"])
    assert m.strays == []


@pytest.mark.parametrize("until", ["-!", "---!", "21ms !"])
def test_dispose_lets_go_of_source_fetch_and_timer(until: str) -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "--|", "-----|")
    source = m.hot("-")
    assert m.run(source.pipe(exchange.operator(AGAIN)), f"{until}") == m.expected("")
    assert all(life.endswith("!") for each in (source, *exchange.answers) for life in m.lives(each))
    assert m.strays == []


def test_dispose_within_a_fetched_item_tells_no_more() -> None:
    m = Marbles(VALUES)
    exchange = Exchange(m, "-(bc|)")
    source = m.hot("d------")
    seen = m.run(source.pipe(exchange.operator(AGAIN), ops.take(1)))
    assert seen == m.expected("-(b|)")
    assert m.lives(source) == ["^!"]
    assert m.strays == []


def test_a_source_that_fails_when_subscribed_is_not_asked_about() -> None:
    def failing(observer: ObserverBase[Heard], _: SchedulerBase | None = None) -> DisposableBase:
        observer.on_error(DOWN)
        return Disposable()

    m = Marbles(VALUES)
    exchange = Exchange(m)
    stream = Observable(failing).pipe(exchange.operator())
    assert m.run(stream) == m.expected("#", error=DOWN)
    assert exchange.asked == []


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    stream: Observable[Heard] = reactivex.never()
    operator = repair_gaps(lambda _: reactivex.empty(), lambda: 0)
    stream.pipe(operator).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


# With the ledger above


def test_orders_placed_and_filled_during_an_outage_are_told_once_and_in_order() -> None:
    filled = order("filled", "1", BEGAN_MS + 4)
    heard: dict[str, Heard] = {
        "n": order("new", at_ms=BEGAN_MS + 1),
        "t": trade("t", "1", BEGAN_MS + 4),
        "f": filled,
        "N": order("new", at_ms=BEGAN_MS + 3, number="2"),
        "c": order("canceled", at_ms=BEGAN_MS + 9, number="2"),
    }
    m = Marbles(heard, error=DOWN)
    answers = iter(["|", "--x|", "|"])
    missed = {"x": [heard["N"], filled, heard["t"]]}
    operator = repair_gaps(
        lambda _: m.cold(next(answers), missed), lambda: BEGAN_MS + m.now_ms(), again_after=AGAIN
    )
    source = m.in_turn("-n-#", "-f(tc)---")
    ledger = Ledger()
    seen = m.run(source.pipe(operator, resume(PAUSE), keep_ledger(ledger)), "^ 99ms !")
    assert [brief(each) for each in seen.values] == ["new 0", "new 0", "filled 1 t", "canceled 0"]
    assert ledger.unfinished() == ()


def test_a_fetched_end_does_not_hide_the_steps_that_came_live_meanwhile() -> None:
    heard: dict[str, Heard] = {
        "n": order("new", at_ms=BEGAN_MS + 1),
        "p": order("part", "0.4", BEGAN_MS + 2, trade("t", "0.4", BEGAN_MS + 2)),
        "f": order("filled", "1", BEGAN_MS + 3, trade("u", "0.6", BEGAN_MS + 3)),
    }
    m = Marbles(heard)
    missed: dict[str, Sequence[Heard]] = {"x": [trade("t", "0.4", BEGAN_MS + 2), heard["f"]]}
    operator = repair_gaps(lambda _: m.cold("-----(x|)", missed), lambda: BEGAN_MS + m.now_ms())

    seen = m.run(m.hot("-npf---").pipe(operator, keep_ledger(Ledger())), "^ 20ms !")

    assert [brief(each) for each in seen.values] == ["new 0", "part 0.4 t", "filled 1 u"]


@given(st.lists(st.sampled_from("abcdefABCDEF--#"), max_size=40), st.integers(0, 5))
def test_nothing_is_lost_and_live_items_keep_their_order(marbles: list[str], delay: int) -> None:
    m = Marbles(VALUES, error=DOWN)
    lives = "".join(marbles).split("#")
    exchange = Exchange(m, "-" * delay + "(O|)")
    stream = m.in_turn(*[each + "-------#" for each in lives[:-1]], lives[-1] + "-------|").pipe(
        exchange.operator(), resume(PAUSE)
    )
    told = [value for value in m.run(stream).values if value != VALUES["O"]]
    assert told == [VALUES[each] for each in marbles if each in VALUES]
