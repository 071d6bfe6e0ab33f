"""The event loop's timers as a scheduler: what the library's own promises."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from reactivex import abc
from reactivex.disposable import Disposable
from reactivex.scheduler.eventloop import AsyncIOScheduler

from connector.scheduling import LoopScheduler

SOON = timedelta(milliseconds=2)


@pytest.fixture(params=[LoopScheduler, AsyncIOScheduler])
async def scheduler(request: pytest.FixtureRequest) -> AsyncIOScheduler:
    """Ours and the library's."""
    kind: type[AsyncIOScheduler] = request.param
    return kind(asyncio.get_running_loop())


async def _ran(done: asyncio.Event) -> None:
    async with asyncio.timeout(5):
        await done.wait()


@pytest.mark.parametrize("after", [timedelta(0), SOON, timedelta(seconds=-1)])
async def test_an_action_runs_with_its_scheduler_and_state(
    scheduler: AsyncIOScheduler, after: timedelta
) -> None:
    done, told = asyncio.Event(), list[object]()

    def action(with_: abc.SchedulerBase, state: str | None) -> None:
        told.extend((with_, state))
        done.set()

    scheduler.schedule_relative(after, action, "state")
    await _ran(done)

    assert told == [scheduler, "state"]


async def test_what_is_taken_back_never_runs(scheduler: AsyncIOScheduler) -> None:
    done, ran = asyncio.Event(), list[str]()

    def first(*_: object) -> None:
        ran.append("first")

    def second(*_: object) -> None:
        done.set()

    timer = scheduler.schedule_relative(SOON, first)
    timer.dispose()
    timer.dispose()
    scheduler.schedule_relative(SOON * 2, second)
    await _ran(done)

    assert ran == []


async def test_what_an_action_gives_goes_with_its_timer(scheduler: AsyncIOScheduler) -> None:
    done, gone = asyncio.Event(), list[str]()

    def action(*_: object) -> abc.DisposableBase:
        done.set()
        return Disposable(lambda: gone.append("gone"))

    timer = scheduler.schedule_relative(SOON, action)
    await _ran(done)
    await asyncio.sleep(0)
    assert gone == []
    timer.dispose()

    assert gone == ["gone"]


async def test_an_action_may_take_its_own_timer_back(scheduler: AsyncIOScheduler) -> None:
    done, gone = asyncio.Event(), list[str]()
    timers: list[abc.DisposableBase] = []

    def action(*_: object) -> abc.DisposableBase:
        timers[0].dispose()
        done.set()
        return Disposable(lambda: gone.append("gone"))

    timers.append(scheduler.schedule_relative(SOON, action))
    await _ran(done)
    await asyncio.sleep(0)

    assert gone == ["gone"]


async def test_the_time_is_the_walls_at_first_and_goes_on_steadily_when_that_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scheduler = LoopScheduler(asyncio.get_running_loop())
    assert abs(scheduler.now - datetime.now(UTC)) < timedelta(minutes=1)

    steady = iter([10.0, 13.5])
    monkeypatch.setattr("connector.scheduling.monotonic", lambda: next(steady))
    before = scheduler.now
    assert scheduler.now - before == timedelta(seconds=3.5)
