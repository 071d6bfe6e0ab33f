"""What waits for a slow reader, and what is lost of it by which policy."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Overflow
from connector.grpc.buffers import Buffer, LatestByKey, Lossless

Item = tuple[str, int]

ITEMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=30)


def _key(item: Item) -> str:
    return item[0]


def _drained(buffer: Buffer[Item]) -> list[Item]:
    return [buffer.take() for _ in range(len(buffer))]


def test_a_newer_item_takes_the_place_of_its_key() -> None:
    buffer = LatestByKey(_key)
    for item in (("a", 1), ("b", 1), ("a", 2)):
        buffer.put(item)

    assert _drained(buffer) == [("a", 2), ("b", 1)]


def test_with_depth_the_newest_few_of_a_key_stay_in_order() -> None:
    buffer = LatestByKey(_key, depth=2)
    for item in (("a", 1), ("b", 1), ("a", 2), ("a", 3)):
        buffer.put(item)

    assert _drained(buffer) == [("b", 1), ("a", 2), ("a", 3)]


@given(ITEMS, st.integers(1, 3))
def test_the_newest_of_each_key_is_always_there(items: list[Item], depth: int) -> None:
    buffer = LatestByKey(_key, depth)
    for item in items:
        buffer.put(item)

    left = _drained(buffer)

    for key in "abc":
        of_key = [item for item in items if item[0] == key]
        assert [item for item in left if item[0] == key] == of_key[-depth:]
    assert len(buffer) == 0


@given(st.lists(st.one_of(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), st.none())))
def test_reading_in_between_keeps_each_keys_order(steps: list[Item | None]) -> None:
    buffer = LatestByKey(_key, depth=2)
    put: list[Item] = []
    taken: list[Item] = []
    for n, step in enumerate(steps):
        if step is not None:
            put.append((step[0], n))
            buffer.put(put[-1])
        elif len(buffer):
            taken.append(buffer.take())
    taken += _drained(buffer)

    for key in "abc":
        seen = [item for item in taken if item[0] == key]
        assert seen == sorted(seen)
        assert seen[-1:] == [item for item in put if item[0] == key][-1:]


@given(ITEMS)
def test_lossless_keeps_everything_in_order(items: list[Item]) -> None:
    buffer: Lossless[Item] = Lossless()
    for item in items:
        buffer.put(item)

    assert _drained(buffer) == items


def test_lossless_overflows_beyond_its_limit() -> None:
    buffer: Lossless[Item] = Lossless(limit=2)
    buffer.put(("a", 1))
    buffer.put(("a", 2))

    with pytest.raises(Overflow, match="more than 2 items wait"):
        buffer.put(("a", 3))


def test_lossless_keeps_10_000_items_and_no_more() -> None:
    buffer: Lossless[int] = Lossless()
    for item in range(10_000):
        buffer.put(item)

    with pytest.raises(Overflow, match="more than 10000 items wait"):
        buffer.put(10_000)
    assert len(buffer) == 10_000


def test_lossless_overflows_when_the_oldest_has_waited_too_long() -> None:
    now = [0.0]
    buffer: Lossless[Item] = Lossless(behind=timedelta(seconds=30), clock=lambda: now[0])
    buffer.put(("a", 1))
    now[0] = 20.0
    buffer.put(("a", 2))
    assert buffer.take() == ("a", 1)
    now[0] = 50.0
    buffer.put(("a", 3))

    now[0] = 50.1
    with pytest.raises(Overflow, match="more than 30 s behind"):
        buffer.put(("a", 4))


def test_ever_new_keys_overflow_too() -> None:
    buffer = LatestByKey(_key, limit=1)
    buffer.put(("a", 1))

    with pytest.raises(Overflow):
        buffer.put(("b", 1))


def test_an_empty_buffer_has_nothing_to_give() -> None:
    for buffer in (LatestByKey(_key), Lossless[Item]()):
        with pytest.raises(IndexError):
            buffer.take()
