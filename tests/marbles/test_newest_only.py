"""Nothing older than what was seen of its key."""

import reactivex
from hypothesis import given
from hypothesis import strategies as st

from connector.operators import newest_only
from connector.operators.newest_only import FORGIVEN_AFTER
from connector.testing import Boom, Marbles

Item = tuple[str, int]

VALUES: dict[str, Item] = {
    "a": ("lower", 1),
    "b": ("lower", 2),
    "c": ("lower", 3),
    "A": ("upper", 1),
    "B": ("upper", 2),
}


def name(item: Item) -> str:
    return item[0]


def instant(item: Item) -> int:
    return item[1]


NEWEST = newest_only(name, instant)


def test_an_item_older_than_the_newest_of_its_key_is_dropped() -> None:
    m = Marbles(VALUES)
    source = m.hot("                -a-c-b-c-|")
    assert m.run(source.pipe(NEWEST)) == m.expected("-a-c---c-|")
    assert m.lives(source) == ["            ^--------!"]


def test_ascending_items_are_mirrored() -> None:
    m = Marbles(VALUES)
    assert m.run(m.hot("-a-b-c-|").pipe(NEWEST)) == m.expected("-a-b-c-|")


def test_keys_are_independent() -> None:
    m = Marbles(VALUES)
    assert m.run(m.hot("(cBaAbc|)").pipe(NEWEST)) == m.expected("(cBc|)")


def test_an_empty_source_completes() -> None:
    m = Marbles(VALUES)
    assert m.run(m.cold("--|").pipe(NEWEST)) == m.expected("--|")


def test_a_silent_source_stays_silent() -> None:
    m = Marbles(VALUES)
    source = m.cold("---")
    assert m.run(source.pipe(NEWEST), "^----!") == m.expected("-")
    assert m.lives(source) == ["        ^----!"]


def test_the_error_of_the_source_passes() -> None:
    m = Marbles(VALUES)
    source = m.hot("-a-#")
    assert m.run(source.pipe(NEWEST)) == m.expected("-a-#")
    assert m.lives(source) == ["^--!"]


def test_what_the_key_raises_ends_the_stream_and_lets_go_of_the_source() -> None:
    def key(item: Item) -> str:
        if item == VALUES["b"]:
            raise Boom
        return item[0]

    m = Marbles(VALUES)
    source = m.hot("-a-b-c-|")
    assert m.run(source.pipe(newest_only(key, instant))) == m.expected("-a-#")
    assert m.lives(source) == ["^--!"]


def test_dispose_lets_go_of_the_source() -> None:
    m = Marbles(VALUES)
    source = m.hot("-a-b-c-|")
    until = "       ----!   "
    assert m.run(source.pipe(NEWEST), until) == m.expected("-a-b")
    assert m.lives(source) == ["^---!"]


def test_so_many_older_ones_in_a_row_show_that_the_newest_was_wrong() -> None:
    m = Marbles(VALUES)
    source = m.hot("-c" + "-a" * FORGIVEN_AFTER + "-a-b|")
    passed = "-c" + "--" * FORGIVEN_AFTER + "-a-b|"
    assert m.run(source.pipe(NEWEST)) == m.expected(passed)


def test_each_subscription_forgets_what_another_saw() -> None:
    m = Marbles(VALUES)
    stream = m.in_turn("-c|", "-a|").pipe(NEWEST)
    assert m.run_together(stream, (stream, "---^")) == [m.expected("-c|"), m.expected("----a|")]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=FORGIVEN_AFTER))
def test_each_key_is_monotone_and_nothing_that_is_newest_is_lost(items: list[Item]) -> None:
    seen: list[Item] = []
    reactivex.from_iterable(items).pipe(NEWEST).subscribe(seen.append)
    for key in "ab":
        times = [at for letter, at in seen if letter == key]
        assert times == sorted(times)
        offered = [at for letter, at in items if letter == key]
        kept = [at for i, at in enumerate(offered) if at >= max(offered[:i], default=at)]
        assert times == kept
