"""An Observable read at the reader's pace, and let go of whatever happens."""

import asyncio
import itertools
import string
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.scheduler.eventloop import AsyncIOScheduler
from reactivex.subject import Subject

from connector.errors import Overflow
from connector.grpc.bridge import CAME, Bridge
from connector.grpc.buffers import Buffer, LatestByKey, Lossless
from connector.grpc.turns import Turns


class Boom(Exception):
    pass


@pytest.fixture
async def source() -> AsyncIterator[Subject[str]]:
    """Give a source; afterwards nobody listens to it."""
    subject: Subject[str] = Subject()
    yield subject
    assert not subject.observers


def _bridge(source: Subject[str], buffer: Buffer[str] | None = None) -> Bridge[str]:
    policy = Lossless[str]() if buffer is None else buffer
    return Bridge(source, policy, _scheduler())


def _scheduler() -> AsyncIOScheduler:
    return AsyncIOScheduler(asyncio.get_running_loop())


async def _all(items: Bridge[str]) -> list[str]:
    return [item async for item in items]


async def test_items_are_read_in_order_and_the_end_is_the_end(source: Subject[str]) -> None:
    async with _bridge(source) as items:
        for letter in "abc":
            source.on_next(letter)
        source.on_completed()

        assert [item async for item in items] == ["a", "b", "c"]


async def test_an_error_comes_after_what_was_emitted_before_it(source: Subject[str]) -> None:
    async with _bridge(source) as items:
        source.on_next("a")
        source.on_error(Boom())

        assert await anext(items) == "a"
        with pytest.raises(Boom):
            await anext(items)


async def test_a_waiting_reader_is_woken(source: Subject[str]) -> None:
    async with _bridge(source) as items:
        reading = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        source.on_next("a")

        assert await asyncio.wait_for(reading, 1) == "a"


async def test_a_reader_cancelled_while_waiting_lets_go_of_the_source(source: Subject[str]) -> None:
    async def read() -> None:
        async with _bridge(source) as items:
            await anext(items)

    reading = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    assert source.observers
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert not source.observers


async def test_a_reader_cancelled_while_writing_lets_go_of_the_source(
    source: Subject[str],
) -> None:
    writing = asyncio.Event()

    async def read() -> None:
        async with _bridge(source) as items:
            async for _ in items:
                writing.set()
                await asyncio.Event().wait()

    reading = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    source.on_next("a")
    await asyncio.wait_for(writing.wait(), 1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert not source.observers


async def test_a_client_that_leaves_many_streams_lets_go_of_a_few_in_a_turn(
    source: Subject[str],
) -> None:
    in_turn = Turns(a_turn=2).of("many")

    async def read() -> None:
        async with Bridge(source, Lossless[str](), _scheduler(), in_turn=in_turn) as items:
            await anext(items)

    reading = [asyncio.ensure_future(read()) for _ in range(10)]
    await asyncio.sleep(0)
    for each in reading:
        each.cancel()
    seen = [len(source.observers)]
    while source.observers:
        await asyncio.sleep(0)
        seen.append(len(source.observers))
    gone = [before - after for before, after in itertools.pairwise(seen)]
    assert (sum(gone), max(gone)) == (10, 2)
    ends = await asyncio.gather(*reading, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends)


async def test_what_comes_before_a_readers_turn_is_read_in_order_with_the_end(
    source: Subject[str],
) -> None:
    turns: list[Callable[[], None]] = []
    bridge = Bridge(source, Lossless[str](), _scheduler(), in_turn=turns.append)
    async with bridge as items:
        reading = asyncio.ensure_future(_all(items))
        await asyncio.sleep(0)
        letters = string.ascii_letters
        for letter in letters:
            source.on_next(letter)
        source.on_completed()
        await asyncio.sleep(0)
        assert not reading.done()
        assert len(turns) == 1
        turns.pop()()
        assert await asyncio.wait_for(reading, 1) == list(letters)


async def test_an_error_before_a_readers_turn_comes_after_what_came(source: Subject[str]) -> None:
    turns: list[Callable[[], None]] = []
    bridge = Bridge(source, Lossless[str](), _scheduler(), in_turn=turns.append)
    async with bridge as items:
        reading = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        source.on_next("a")
        source.on_error(Boom())
        turns.pop()()
        assert await asyncio.wait_for(reading, 1) == "a"
        with pytest.raises(Boom):
            await anext(items)


async def test_an_overflow_before_a_readers_turn_is_told_at_once(source: Subject[str]) -> None:
    told: list[Overflow] = []
    turns: list[Callable[[], None]] = []
    bridge = Bridge(source, Lossless[str](limit=20), _scheduler(), told.append, turns.append)
    async with bridge as items:
        reading = asyncio.ensure_future(anext(items))
        await asyncio.sleep(0)
        for _ in range(20 + CAME):
            source.on_next("a")
        assert len(told) == 1
        assert not source.observers
        turns.pop()()
        with pytest.raises(Overflow):
            await asyncio.wait_for(reading, 1)


async def test_an_overflow_is_told_at_once_and_lets_go_of_the_source(source: Subject[str]) -> None:
    async with _bridge(source, Lossless(limit=1)) as items:
        source.on_next("a")
        source.on_next("b")

        assert not source.observers
        with pytest.raises(Overflow):
            await anext(items)


async def test_one_readers_overflow_is_not_noticed_by_another(source: Subject[str]) -> None:
    async with _bridge(source, Lossless(limit=1)) as slow, _bridge(source) as quick:
        for letter in "abc":
            source.on_next(letter)
        source.on_completed()

        assert [item async for item in quick] == ["a", "b", "c"]
        with pytest.raises(Overflow):
            await anext(slow)


async def test_a_slow_reader_of_newest_values_gets_the_newest(source: Subject[str]) -> None:
    async with _bridge(source, LatestByKey(lambda letter: letter.lower())) as items:
        for letter in ("a", "b", "A"):
            source.on_next(letter)
        source.on_completed()

        assert [item async for item in items] == ["A", "b"]


async def test_an_error_at_subscribing_is_the_readers(source: Subject[str]) -> None:
    source.on_error(Boom())
    async with _bridge(source) as items:
        with pytest.raises(Boom):
            await anext(items)


async def test_a_reader_that_is_behind_is_told_also_when_nothing_more_comes(
    source: Subject[str],
) -> None:
    virtual = VirtualTimeScheduler()
    buffer = Lossless[str](behind=timedelta(seconds=30), clock=lambda: virtual.clock)
    told: list[Overflow] = []
    async with Bridge(source, buffer, virtual, told.append) as items:
        source.on_next("a")
        virtual.advance_to(20)
        source.on_next("b")
        assert await anext(items) == "a"
        virtual.advance_to(49)
        assert not told

        virtual.advance_to(51)
        assert [str(each) for each in told] == [
            "this reader is more than 30 s behind (server.limits.behind_s)"
        ]
        assert not source.observers
        with pytest.raises(Overflow):
            await anext(items)


async def test_a_reader_who_was_told_of_an_overflow_is_not_told_that_he_is_behind_too(
    source: Subject[str],
) -> None:
    virtual = VirtualTimeScheduler()
    buffer = Lossless[str](1, timedelta(seconds=30), clock=lambda: virtual.clock)
    told: list[Overflow] = []
    async with Bridge(source, buffer, virtual, told.append):
        for letter in "ab":
            source.on_next(letter)
        virtual.advance_to(60)

    assert [str(each)[:16] for each in told] == ["more than 1 item"]


async def test_a_reader_that_keeps_up_is_never_told_that_it_is_behind(source: Subject[str]) -> None:
    virtual = VirtualTimeScheduler()
    buffer = Lossless[str](behind=timedelta(seconds=30), clock=lambda: virtual.clock)
    told: list[Overflow] = []
    async with Bridge(source, buffer, virtual, told.append) as items:
        for at in range(0, 100, 10):
            virtual.advance_to(at)
            source.on_next("a")
            await anext(items)
        virtual.advance_to(200)

    assert not told
