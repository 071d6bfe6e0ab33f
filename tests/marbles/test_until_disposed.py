"""The source until closing, and one end however it comes."""

from collections.abc import Callable

import pytest
import reactivex
from reactivex import Observable
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable
from reactivex.subject import Subject

from connector.operators import Operator, merge_symbols, until_disposed
from connector.testing import Boom, Marbles


class Ends:
    """Counts the calls of a finaliser, in frames."""

    def __init__(self, m: Marbles[str]) -> None:
        self.at: list[int] = []
        self._m = m

    def __call__(self) -> None:
        self.at.append(self._m.now_ms())


def test_closing_completes_the_stream_and_lets_go_of_everything() -> None:
    m = Marbles()
    ends = Ends(m)
    source = m.hot(" -a-b-c-|")
    closing = m.hot("----x---|")
    assert m.run(source.pipe(until_disposed(closing, ends))) == m.expected("-a-b|")
    assert m.lives(source) == ["^---!"]
    assert m.lives(closing) == ["^---!"]
    assert ends.at == [4]


def test_without_closing_the_source_is_mirrored() -> None:
    m = Marbles()
    ends = Ends(m)
    source = m.hot(" -a-(bc)-|")
    closing = m.hot("---------")
    assert m.run(source.pipe(until_disposed(closing, ends))) == m.expected("-a-(bc)-|")
    assert m.lives(closing) == ["^-------!"]
    assert ends.at == [8]


def test_that_closing_ends_without_a_word_closes_nothing() -> None:
    m = Marbles()
    ends = Ends(m)
    assert m.run(m.hot("-a-b-|").pipe(until_disposed(m.hot("--|"), ends))) == m.expected("-a-b-|")
    assert ends.at == [5]


def test_an_empty_source_completes() -> None:
    m = Marbles()
    ends = Ends(m)
    assert m.run(m.cold("--|").pipe(until_disposed(m.cold("-"), ends))) == m.expected("--|")
    assert ends.at == [2]


def test_a_silent_source_is_closed_too() -> None:
    m = Marbles()
    ends = Ends(m)
    assert m.run(m.cold("-").pipe(until_disposed(m.hot("--x"), ends))) == m.expected("--|")
    assert ends.at == [2]


@pytest.mark.parametrize("which", ["source", "closing"])
def test_an_error_passes_and_lets_go_of_the_other(which: str) -> None:
    m = Marbles()
    ends = Ends(m)
    source = m.hot(" -a-#" if which == "source" else "-a-b-c")
    closing = m.hot("-----" if which == "source" else "--#")
    seen = m.run(source.pipe(until_disposed(closing, ends)))
    assert seen == m.expected("-a-#" if which == "source" else "-a#")
    assert m.lives(source) == m.lives(closing)
    assert m.lives(source) == ["^--!" if which == "source" else "^-!"]
    assert ends.at == [3 if which == "source" else 2]


def test_dispose_lets_go_of_everything() -> None:
    m = Marbles()
    ends = Ends(m)
    source = m.hot(" -a-b-c-|")
    closing = m.hot("--------")
    until = "        ----!   "
    assert m.run(source.pipe(until_disposed(closing, ends)), until) == m.expected("-a-b")
    assert m.lives(source) == ["^---!"]
    assert m.lives(closing) == ["^---!"]
    assert ends.at == [4]


def test_closing_that_speaks_at_once_spares_the_source() -> None:
    m = Marbles()
    ends = Ends(m)
    source = m.hot("-a-|")
    closing = Observable[str](lambda observer, _: _at_once(observer.on_next))
    assert m.run(source.pipe(until_disposed(closing, ends))) == m.expected("|")
    assert m.lives(source) == []
    assert ends.at == [0]


def _at_once(on_next: Callable[[str], None]) -> DisposableBase:
    on_next("x")
    return Disposable()


def test_a_source_that_ends_at_once_is_finalised_once() -> None:
    m = Marbles()
    ends = Ends(m)
    closing = m.hot("--x")
    stream = reactivex.defer(lambda _: _completed()).pipe(until_disposed(closing, ends))
    assert m.run(stream) == m.expected("|")
    assert m.lives(closing) == ["(^!)"]
    assert ends.at == [0]


def _completed() -> Observable[str]:
    def subscribe(observer: ObserverBase[str], _: SchedulerBase | None = None) -> DisposableBase:
        observer.on_completed()
        return Disposable()

    return Observable(subscribe)


def test_dispose_within_an_item_finalises_once() -> None:
    finalised: list[str] = []
    seen: list[str] = []
    source: Subject[str] = Subject()
    closing: Subject[str] = Subject()

    def on_next(item: str) -> None:
        seen.append(item)
        subscription.dispose()
        subscription.dispose()

    subscription = source.pipe(_until(closing, lambda: finalised.append("!"))).subscribe(on_next)
    source.on_next("a")
    source.on_next("b")
    closing.on_next("x")
    source.on_completed()
    assert (seen, finalised) == (["a"], ["!"])
    assert source.observers == closing.observers == []


def _until(closing: Observable[str], finalise: Callable[[], None]) -> Operator[str, str]:
    return until_disposed(closing, finalise)


def test_closing_within_an_item_finalises_once() -> None:
    finalised: list[str] = []
    source: Subject[str] = Subject()
    closing: Subject[str] = Subject()
    told: list[str] = []
    source.pipe(_until(closing, lambda: finalised.append("!"))).subscribe(
        lambda _: closing.on_next("x"), on_completed=lambda: told.append("|")
    )
    source.on_next("a")
    source.on_next("b")
    assert (finalised, told) == (["!"], ["|"])
    assert source.observers == closing.observers == []


def test_a_finaliser_that_raises_does_not_break_the_teardown() -> None:
    def finalise() -> None:
        raise Boom

    m = Marbles()
    source, closing, other = m.cold("-a-b-|"), m.cold("--x"), m.cold("1-2-3")
    streams = {"s": source.pipe(until_disposed(closing, finalise)), "o": other}
    both = m.hot("(so)").pipe(merge_symbols(streams.__getitem__))
    assert m.run(both, "^---!") == m.expected("1a2")
    assert m.lives(source) == m.lives(closing) == ["^-!"]
    assert m.lives(other) == ["^---!"]


def test_each_subscription_is_finalised() -> None:
    m = Marbles()
    ends = Ends(m)
    stream = m.cold("-a|").pipe(until_disposed(m.cold("-"), ends))
    m.run_together(stream, (stream, "-----^"), (stream.pipe(ops.take(1)), "----------^"))
    assert ends.at == [2, 7, 11]


def test_finalising_is_the_last_thing_that_happens() -> None:
    order: list[str] = []
    source: Subject[str] = Subject()
    stream = source.pipe(
        ops.finally_action(lambda: order.append("source let go")),
        _until(Subject(), lambda: order.append("finalised")),
    )
    stream.subscribe(on_completed=lambda: order.append("completed"))
    source.on_completed()
    assert order == ["completed", "source let go", "finalised"]
