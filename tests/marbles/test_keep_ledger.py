"""Orders and trades become updates: `n` new, `p` 0.3 done, `f` filled; `a` and `b` their trades.

What went out without a trade has the state's letter, with its trade it is upper case; `c` is a
late trade's update. What waits for its other half waits for 4 ms.
"""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import reactivex
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from reactivex import Observable
from reactivex import operators as ops

from connector.errors import Transient, Unsupported
from connector.operators import (
    Backoff,
    Lacking,
    Ledger,
    Lookup,
    Operator,
    SchedulerMissing,
    keep_ledger,
    resume,
)
from connector.testing import Boom, Cold, Marbles
from connector.trading import Order, Trade
from tests.marbles.orders import brief, order, trade

WAIT = timedelta(milliseconds=4)
DOWN = Transient("down")
A, B = trade("a", "0.3", 1_100), trade("b", "0.7", 1_200)
HEARD: dict[str, Order | Trade] = {
    "n": order("new"),
    "p": order("part", "0.3", 1_100),
    "f": order("filled", "1", 1_200),
    "a": A,
    "b": B,
    "x": order("new", number="2"),
    "y": order("part", "0.3", 1_100, number="2"),
    "k": order("new", client="known by an answer"),
}
TOLD = HEARD | {
    "P": order("part", "0.3", 1_100, A),
    "F": order("filled", "1", 1_200, B),
    "c": order("filled", "1", 1_200, A),
}


def test_a_fill_goes_out_with_its_trade_whichever_comes_first() -> None:
    m = Marbles(HEARD)
    source = m.hot("n-ap--f-b-|")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT)))
    assert seen == m.expected("n--P----F-|", TOLD)
    assert m.lives(source) == ["^---------!"]
    assert m.strays == []


def test_what_is_no_news_is_dropped() -> None:
    m = Marbles(HEARD)
    source = m.hot("nn-n-apapn-|")
    assert m.run(source.pipe(keep_ledger(Ledger(), WAIT))) == m.expected("n-----P----|", TOLD)


def test_a_state_without_its_trade_goes_out_after_the_wait_and_its_trade_when_it_comes() -> None:
    m = Marbles(HEARD)
    source = m.hot("n-p------a--|")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT)))
    assert seen == m.expected("n-----p--P--|", TOLD)


def test_a_trade_without_its_state_goes_out_after_the_wait() -> None:
    m = Marbles(HEARD)
    source = m.hot("n-a------p--|")
    assert m.run(source.pipe(keep_ledger(Ledger(), WAIT))) == m.expected("n-----P-----|", TOLD)


class Exchange:
    """Who is asked what orders lack: a diagram for each question, the last again and again."""

    def __init__(self, m: Marbles[Order | Trade], *answers: str, error: Exception = DOWN) -> None:
        self.asked: list[tuple[int, str]] = []
        """When, and about what: `1 trades` or `1 state`."""
        self.answers: list[Cold[Sequence[Order | Trade]]] = []
        self.unanswered: list[Exception] = []
        self.given_up: list[Order] = []
        self._m, self._diagrams, self._error = m, answers or ("|",), error

    def __call__(self, lacking: Lacking) -> Observable[Sequence[Order | Trade]]:
        about = "trades" if lacking.trades else "state"
        self.asked.append((self._m.now_ms(), f"{lacking.order.exchange_order_id} {about}"))
        diagram = self._diagrams[min(len(self.asked), len(self._diagrams)) - 1]
        lists = {each: [value] for each, value in HEARD.items()}
        self.answers.append(self._m.cold(diagram, lists, error=self._error))
        return self.answers[-1]

    @property
    def lookup(self) -> Lookup:
        longest = timedelta(milliseconds=8)
        return Lookup(self, longest, self.unanswered.append, self.given_up.append)


def _noted(ledger: Ledger) -> Operator[Order | Trade, Order | Trade]:
    """Let `k` be the answer to an order's placing: it comes past the stream."""

    def is_told(heard: Order | Trade) -> bool:
        if heard is HEARD["k"]:
            ledger.note_placed(order("new"))
        return heard is not HEARD["k"]

    return ops.filter(is_told)


def test_a_fill_without_its_trade_is_asked_for_and_waits_longer_for_the_answer() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "--(a|)", "|")
    source = m.hot("n-p-----------f------------|")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)))
    assert seen == m.expected("n-------P-------------f----|", TOLD)
    assert exchange.asked == [(6, "1 trades"), (18, "1 trades")]
    assert m.lives(exchange.answers[0]) == ["------^-!"]
    assert m.strays == []


def test_a_trade_without_its_state_is_asked_for() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "--(p|)")
    source = m.hot("n-a-----------|")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)))
    assert seen == m.expected("n-------P-----|", TOLD)
    assert exchange.asked == [(6, "1 state")]


def test_a_fill_that_was_told_without_its_trade_is_asked_for_until_that_comes() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-|", "-|", "-(a|)")
    source = m.hot("n-p 9000ms |")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)))
    assert seen == m.expected("n---------p 5996ms P 2995ms |", TOLD)
    assert [at for at, _ in exchange.asked] == [6, 1_006, 6_006]
    assert exchange.given_up == []


def test_what_several_answers_do_not_have_is_given_up() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "|")
    source = m.hot("n-p 600s |")
    m.run(source.pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)))
    assert [at for at, _ in exchange.asked] == [6, 1_006, 6_006, 36_006]
    assert [brief(each) for each in exchange.given_up] == ["part 0.3"]


def test_a_question_that_fails_for_now_is_asked_again_and_is_no_answer() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-#", "-#", "-#", "-#", "-#", "-(a|)")
    source = m.hot("n-p 7000ms |")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)))
    assert [brief(each) for each in seen.values] == ["new 0", "part 0.3", "part 0.3 a"]
    assert [at for at, _ in exchange.asked] == [6, 1_006, 2_006, 3_006, 4_006, 5_006]
    assert (len(exchange.unanswered), exchange.given_up) == (5, [])


def test_a_question_that_is_refused_counts_as_an_answer() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-#", error=Unsupported("no"))
    m.run(m.hot("n-p 600s |").pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)))
    assert (len(exchange.unanswered), len(exchange.given_up)) == (4, 1)


def test_a_questions_error_that_is_none_of_ours_ends_the_stream() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-#", error=Boom())
    source = m.hot("n-p-------")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)))
    assert [event.kind for event in seen.events] == ["next", "error"]
    assert m.lives(source) == ["^------!"]
    assert m.strays == []


def test_what_an_answer_told_and_the_stream_does_not_is_asked_for() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-(p|)", "-(a|)")
    ledger = Ledger()
    source = m.hot("---k-------------------|")
    seen = m.run(source.pipe(_noted(ledger), keep_ledger(ledger, WAIT, exchange.lookup)))
    assert seen == m.expected("-----------------P-----|", TOLD)
    assert exchange.asked == [(11, "1 state"), (16, "1 trades")]


def test_what_an_answer_told_is_told_when_nothing_newer_is_to_be_had() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-|", "-(a|)")
    ledger = Ledger()
    ledger.note_placed(order("part", "0.3", 1_100))
    seen = m.run(m.hot("20ms |").pipe(keep_ledger(ledger, WAIT, exchange.lookup)))
    assert [brief(each) for each in seen.values] == ["part 0.3 a"]
    assert exchange.asked == [(8, "1 state"), (13, "1 trades")]


def test_a_question_that_fails_hinders_no_other() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-#", "--(y|)", "|")
    ledger = Ledger()
    ledger.note_placed(order("part", "0.3", 1_100))
    ledger.note_placed(order("part", "0.3", 1_100, number="2"))
    seen = m.run(m.hot("20ms |").pipe(keep_ledger(ledger, WAIT, exchange.lookup)))
    assert exchange.asked[:2] == [(8, "1 state"), (8, "2 state")]
    assert len(exchange.unanswered) == 1
    assert seen == m.expected("------------------y-|", TOLD)


def test_what_the_stream_tells_soon_after_an_answer_is_not_asked_for() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m)
    ledger = Ledger()
    source = m.hot("---k-----n-------------|")
    seen = m.run(source.pipe(_noted(ledger), keep_ledger(ledger, WAIT, exchange.lookup)))
    assert seen == m.expected("---------n-------------|", TOLD)
    assert exchange.asked == []


def test_many_that_lack_something_are_asked_about_a_few_at_a_time() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-|")
    ledger = Ledger()
    for number in "abcdefg":
        ledger.note_placed(order("new", number=number))
    m.run(m.hot("14ms |").pipe(keep_ledger(ledger, WAIT, exchange.lookup)))
    assert exchange.asked == [(8, f"{each} state") for each in "abcde"] + [
        (12, f"{each} state") for each in "fg"
    ]


def test_dispose_lets_go_of_a_question() -> None:
    m = Marbles(HEARD)
    exchange = Exchange(m, "-----(a|)")
    source = m.hot("n-p-------")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT, exchange.lookup)), "^-------!")
    assert seen == m.expected("n", TOLD)
    assert m.lives(exchange.answers[0]) == ["------^-!"]
    assert m.strays == []


def test_each_waits_its_own_time() -> None:
    m = Marbles(HEARD)
    source = m.hot("(nx)--p-y--------|")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT)))
    assert seen == m.expected("(nx)------p-y----|", TOLD)


def test_with_no_wait_a_state_goes_out_at_once() -> None:
    m = Marbles(HEARD)
    source = m.hot("n-p---f---(ab|)")
    seen = m.run(source.pipe(keep_ledger(Ledger(), timedelta(0))))
    late = TOLD | {"d": order("filled", "1", 1_200, B)}
    assert seen == m.expected("n-p---f---(cd|)", late)


def test_at_completion_what_waits_is_told_first() -> None:
    m = Marbles(HEARD)
    assert m.run(m.hot("n-p-|").pipe(keep_ledger(Ledger(), WAIT))) == m.expected("n---(p|)", TOLD)
    assert m.strays == []


def test_before_the_error_of_the_source_what_waits_is_told() -> None:
    m = Marbles(HEARD)
    source = m.hot("n-p-#")
    assert m.run(source.pipe(keep_ledger(Ledger(), WAIT))) == m.expected("n---(p#)", TOLD)
    assert m.lives(source) == ["^---!"]
    assert m.strays == []


def test_an_empty_source_completes() -> None:
    m = Marbles(HEARD)
    assert m.run(m.cold("--|").pipe(keep_ledger(Ledger(), WAIT))) == m.expected("--|", TOLD)


def test_a_silent_source_stays_silent() -> None:
    m = Marbles(HEARD)
    source = m.cold("-")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT)), "^---!")
    assert seen == m.expected("", TOLD)
    assert m.lives(source) == ["^---!"]


def test_what_the_ledger_raises_ends_the_stream() -> None:
    m = Marbles(HEARD)
    source = m.hot("nz-n", HEARD | {"z": replace(order("part"), executed_qty="?")})
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT)))
    assert [event.kind for event in seen.events] == ["next", "error"]
    assert m.lives(source) == ["^!"]


def test_dispose_lets_go_of_source_and_timer() -> None:
    m = Marbles(HEARD)
    source = m.hot("n-p---a")
    until = "       ---!"
    assert m.run(source.pipe(keep_ledger(Ledger(), WAIT)), until) == m.expected("n", TOLD)
    assert m.lives(source) == ["^--!"]
    assert m.strays == []


def test_what_waited_at_dispose_is_told_to_the_next_subscription() -> None:
    m = Marbles(HEARD)
    stream = m.in_turn("n-p---", "------a").pipe(keep_ledger(Ledger(), WAIT))
    first, second = m.run_together((stream, "^--!"), (stream, "---------^----------!"))
    assert first == m.expected("n", TOLD)
    assert second == m.expected("---------p-----P", TOLD)
    assert m.strays == []


def test_dispose_within_an_overdue_update_leaves_no_timer() -> None:
    m = Marbles(HEARD)
    source = m.hot("n-p-y---")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT), ops.take(2)))
    assert seen == m.expected("n-----(p|)", TOLD)
    assert m.lives(source) == ["^-----!"]
    assert m.strays == []


def test_the_memory_outlives_an_outage_below() -> None:
    m = Marbles(HEARD, error=Transient("down"))
    pause = Backoff(first=timedelta(milliseconds=1), jitter_ratio=0)
    source = m.in_turn("nap#", "napfb|")
    stream = source.pipe(resume(pause), keep_ledger(Ledger(), WAIT))
    assert m.run(stream) == m.expected("n-P-----F|", TOLD)


def test_seven_updates_at_once_lose_nothing() -> None:
    fills = [trade(str(i), "0.1", 1_000 + i) for i in range(1, 7)]
    states = [order("part", f"0.{i}", 1_000 + i) for i in range(1, 7)]
    letters = dict(zip("abcdefABCDEF", [*fills, *states], strict=True)) | {"n": order("new")}
    m = Marbles(letters)
    source = m.hot("(naAbBcCdDeEfF)")
    seen = m.run(source.pipe(keep_ledger(Ledger(), WAIT)), "^ 99ms !")
    assert [brief(each) for each in seen.values] == [
        "new 0",
        *(f"part 0.{i} {i}" for i in range(1, 7)),
    ]
    assert m.strays == []


def test_without_a_scheduler_it_refuses() -> None:
    errors: list[Exception] = []
    never = reactivex.never()
    never.pipe(keep_ledger(Ledger(), WAIT)).subscribe(on_error=errors.append)
    assert [type(each) for each in errors] == [SchedulerMissing]


def test_a_negative_wait_is_refused() -> None:
    with pytest.raises(ValueError, match="wait"):
        keep_ledger(Ledger(), timedelta(-1))


@given(st.lists(st.sampled_from("npfabxy--------"), max_size=40))
def test_nothing_waits_for_longer_than_the_wait(marbles: list[str]) -> None:
    m = Marbles(HEARD)
    diagram = "".join(marbles)
    seen = m.run(m.hot(diagram).pipe(keep_ledger(Ledger(), WAIT)), f"^{'-' * len(diagram)} 9ms !")
    first_told: dict[str, int] = {}
    for event in seen.events:
        assert isinstance(event.payload, Order)
        word = f"{event.payload.exchange_order_id} {event.payload.executed_qty}"
        first_told.setdefault(word, event.at_us // 1_000)
    for letter, word in {"p": "1 0.3", "f": "1 1", "y": "2 0.3", "n": "1 0", "x": "2 0"}.items():
        if letter in marbles and not _is_outdone(letter, marbles):
            assert first_told[word] <= marbles.index(letter) + 4
    assert m.strays == []


def _is_outdone(letter: str, marbles: list[str]) -> bool:
    """Whether something that goes further was heard before, or while it waited."""
    beyond = {"n": "pfab", "p": "fab", "f": "ab", "x": "y", "y": ""}[letter]
    until = marbles.index(letter) + 5
    return any(each in beyond for each in marbles[:until])
