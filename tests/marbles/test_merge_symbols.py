"""Many symbols in one stream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reactivex import Observable
from reactivex import operators as ops
from reactivex.subject import Subject

from connector.operators import merge_symbols
from connector.testing import Boom, Marbles

SYMBOLS = {"B": "BTCUSDT", "E": "ETHUSDT"}


def test_streams_are_merged_as_they_come() -> None:
    m = Marbles()
    asked = m.hot("  B-E---|", SYMBOLS)
    bitcoin = m.cold("-1---2-|")
    ether = m.cold("     -3----4-|")
    streams = {"BTCUSDT": bitcoin, "ETHUSDT": ether}
    assert m.run(asked.pipe(merge_symbols(streams.__getitem__))) == m.expected("-1-3-2--4-|")
    assert m.lives(asked) == ["  ^-----!"]
    assert m.lives(bitcoin) == ["^------!"]
    assert m.lives(ether) == ["  --^-------!"]


def test_a_symbol_asked_twice_is_subscribed_once() -> None:
    m = Marbles()
    asked = m.hot("  (BB)-B-|", SYMBOLS)
    bitcoin = m.cold("-1-2|")
    assert m.run(asked.pipe(merge_symbols({"BTCUSDT": bitcoin}.__getitem__))) == m.expected(
        "-1-2---|"
    )
    assert m.lives(bitcoin) == ["^---!"]


def test_spellings_are_texts_of_their_own() -> None:
    m = Marbles()
    streams = {"x": m.cold("-1|"), "X": m.cold("--2|")}
    assert m.run(m.hot("(xX|)").pipe(merge_symbols(streams.__getitem__))) == m.expected("-12|")


def test_one_streams_completion_does_not_end_the_others() -> None:
    m = Marbles()
    streams = {"BTCUSDT": m.cold("-1|"), "ETHUSDT": m.cold("--2-3|")}
    asked = m.hot("(BE|)", SYMBOLS)
    assert m.run(asked.pipe(merge_symbols(streams.__getitem__))) == m.expected("-12-3|")
    assert m.lives(streams["BTCUSDT"]) == ["^-!"]
    assert m.lives(streams["ETHUSDT"]) == ["^----!"]


def test_it_completes_only_when_the_asking_has_too() -> None:
    m = Marbles()
    asked = m.hot("B----|", SYMBOLS)
    assert m.run(asked.pipe(merge_symbols(lambda _: m.cold("1|")))) == m.expected("1----|")


def test_who_asks_for_nothing_gets_an_empty_stream() -> None:
    m = Marbles()
    stream = m.cold("--|").pipe(merge_symbols(lambda _: m.cold("-")))
    assert m.run(stream) == m.expected("--|")


def test_silent_streams_stay_silent() -> None:
    m = Marbles()
    quiet = m.cold("-")
    assert m.run(m.cold("B|", SYMBOLS).pipe(merge_symbols(lambda _: quiet)), "^---!") == m.expected(
        ""
    )
    assert m.lives(quiet) == ["^---!"]


@pytest.mark.parametrize("which", ["asked", "stream"])
def test_an_error_passes_and_lets_go_of_all(which: str) -> None:
    m = Marbles()
    asked = m.cold("  (BE)#" if which == "asked" else "(BE)----", SYMBOLS)
    bitcoin = m.cold("-1---#" if which == "stream" else "-1-----")
    ether = m.cold("  --2-----")
    streams = {"BTCUSDT": bitcoin, "ETHUSDT": ether}
    seen = m.run(asked.pipe(merge_symbols(streams.__getitem__)))
    assert seen == m.expected("-12-#" if which == "asked" else "-12--#")
    assert m.lives(ether) == m.lives(bitcoin) == m.lives(asked)
    assert m.lives(asked) == ["^---!" if which == "asked" else "^----!"]


def test_what_stream_of_raises_ends_the_stream_and_lets_go_of_all() -> None:
    m = Marbles()
    asked = m.hot("  B--E--B", SYMBOLS)
    bitcoin = m.cold("-1-2-3")

    def stream_of(symbol: str) -> Observable[str]:
        if symbol == "ETHUSDT":
            raise Boom
        return bitcoin

    assert m.run(asked.pipe(merge_symbols(stream_of))) == m.expected("-1-#")
    assert m.lives(asked) == m.lives(bitcoin) == ["^--!"]


def test_dispose_lets_go_of_all() -> None:
    m = Marbles()
    asked = m.hot("  (BE)-", SYMBOLS)
    streams = {"BTCUSDT": m.cold("-1-2-3"), "ETHUSDT": m.cold("--4---5")}
    until = "      ---!"
    assert m.run(asked.pipe(merge_symbols(streams.__getitem__)), until) == m.expected("-14")
    for source in (asked, *streams.values()):
        assert m.lives(source) == ["^--!"]


def test_dispose_within_an_item_lets_go_of_what_is_asked_later() -> None:
    bitcoin: Subject[str] = Subject()
    ether: Subject[str] = Subject()
    asked: Subject[str] = Subject()
    streams = {"BTCUSDT": bitcoin, "ETHUSDT": ether}
    seen: list[str] = []
    asked.pipe(merge_symbols(streams.__getitem__), ops.take(1)).subscribe(seen.append)
    asked.on_next("BTCUSDT")
    bitcoin.on_next("1")
    asked.on_next("ETHUSDT")
    assert seen == ["1"]
    assert asked.observers == bitcoin.observers == ether.observers == []


@given(st.lists(st.sampled_from("abcABC--"), max_size=40))
def test_each_symbols_order_survives_and_nothing_is_lost(marbles: list[str]) -> None:
    m = Marbles()
    lower = "".join(each if each.islower() else "-" for each in marbles)
    upper = "".join(each if each.isupper() else "-" for each in marbles)
    streams = {"BTCUSDT": m.cold(lower + "|"), "ETHUSDT": m.cold(upper + "|")}
    asked = m.hot("(BE|)", SYMBOLS)
    merged = m.run(asked.pipe(merge_symbols(streams.__getitem__)))
    assert merged.values == [each for each in marbles if each != "-"]


@given(st.lists(st.sampled_from("abc-"), max_size=40))
def test_merging_with_nothing_changes_nothing(marbles: list[str]) -> None:
    alone, merged = Marbles(), Marbles()
    diagram = "".join(marbles) + "|"
    streams = {"BTCUSDT": merged.cold(diagram), "ETHUSDT": merged.cold("|")}
    asked = merged.hot("(BE|)", SYMBOLS)
    assert merged.run(asked.pipe(merge_symbols(streams.__getitem__))) == alone.run(
        alone.cold(diagram)
    )
