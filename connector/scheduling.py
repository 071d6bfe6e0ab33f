"""The event loop's timers as reactivex's scheduler."""

import asyncio
from datetime import UTC, datetime
from time import monotonic, time
from typing import TypeVar

from reactivex import abc, typing
from reactivex.scheduler.eventloop import AsyncIOScheduler

S = TypeVar("S")
_at = datetime.fromtimestamp
_BEGAN_S = time() - monotonic()


class LoopScheduler(AsyncIOScheduler):
    """AsyncIOScheduler whose timers are one object each: the library makes five.

    Units:  time from the loop, on its own thread alone.
    """

    @property
    def now(self) -> datetime:
        """Tell the wall clock's time as the process began, gone on steadily since.

        A clock that is set back would hold for so long what waits for its time.
        """
        return _at(_BEGAN_S + monotonic(), UTC)

    def schedule_relative(
        self,
        duetime: typing.RelativeTime,
        action: typing.ScheduledAction[S],
        state: S | None = None,
    ) -> abc.DisposableBase:
        """Run an action after a time; disposing of the answer takes it back, and what it gave."""
        seconds = self.to_seconds(duetime)
        if seconds <= 0:
            return self.schedule(action, state)
        return _Timer(self, self._loop, seconds, action, state)


class _Timer(abc.DisposableBase):
    __slots__ = ("_disposed", "_given", "_handle")

    def __init__(
        self,
        scheduler: abc.SchedulerBase,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        action: typing.ScheduledAction[S],
        state: S | None,
    ) -> None:
        self._given: abc.DisposableBase | None = None
        self._disposed = False
        self._handle = loop.call_later(seconds, self._run, scheduler, action, state)

    def _run(
        self, scheduler: abc.SchedulerBase, action: typing.ScheduledAction[S], state: S | None
    ) -> None:
        given = action(scheduler, state)
        if given is None:
            return
        if self._disposed:
            given.dispose()
        else:
            self._given = given

    def dispose(self) -> None:
        """Take the action back, or what it gave if it has run."""
        self._disposed = True
        self._handle.cancel()
        if self._given is not None:
            self._given.dispose()
