"""The exchange's limit of requests, counted here: a request that fits is sent at once."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Generator
from contextvars import ContextVar
from datetime import timedelta

from connector.errors import RateLimited

LONGEST_PAUSE_S = 3 * 86_400.0
"""Beyond the longest ban that an exchange is known to speak out: a larger figure is an error."""

_ahead: ContextVar[bool] = ContextVar("ahead", default=False)


@contextlib.contextmanager
def ahead_of_all() -> Generator[None]:
    """Let what is sent within the block go at once, counted, whatever waits.

    For questions that are light, rare and can't wait, such as whether the exchange is there.
    """
    token = _ahead.set(True)
    try:
        yield
    finally:
        _ahead.reset(token)


class RollingWindow:
    """Weight sent within a window; in the place of a ccxt class's throttler.

    ccxt's own window sums every request of the last minute anew for each request, and hands it
    on in a task: 30 to 170 µs, the more the busier. Here both ends of a sum are kept.
    Guarantee:  no window of `window_s` holds more than `max_weight`, save for one request that is
                heavier by itself, and for what goes `ahead_of_all`; who waits is served in order,
                who has left weighs nothing.
                Nobody begins to wait who would wait longer than `longest_wait_s`: a request that
                is given up while it waits here was never sent, which its sender couldn't tell.
                During a `pause` nothing is sent, and everyone is told at once.
    """

    def __init__(
        self, max_weight: float, window_s: float, longest_wait_s: float = float("inf")
    ) -> None:
        self.max_weight, self.window_s = max_weight, window_s
        self.longest_wait_s = longest_wait_s
        self.loop: object = None
        """ccxt tells its loop; the running one is taken."""
        self._sent: deque[tuple[float, float]] = deque()
        self._weight = 0.0
        self._waiting: deque[tuple[asyncio.Future[None], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._paused_until = 0.0

    def __call__(self, cost: float | None = None) -> asyncio.Future[None]:
        """Give what to await before sending; done already if the request fits.

        Errors:  RateLimited with when it would be sent, beyond `longest_wait_s`; during a pause,
                 with what is left of it.
        """
        if left := self.paused():
            raise _told_to_wait(left)
        weight = 1.0 if cost is None else cost
        future = asyncio.get_running_loop().create_future()
        if _ahead.get() or (not self._waiting and self._wait_s(weight) <= 0):
            self.note(weight)
            future.set_result(None)
        else:
            if (wait_s := self._would_wait_s(weight)) > self.longest_wait_s:
                raise RateLimited(
                    "the exchange's limit of requests is used up", timedelta(seconds=wait_s)
                )
            self._waiting.append((future, weight))
            self._serve()
        return future

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the exchange said so. Who waits is told; pauses don't add up.

        Units:  seconds, at most three days.
        """
        until = time.monotonic() + min(seconds, LONGEST_PAUSE_S)
        self._paused_until = max(self._paused_until, until)
        if left := self.paused():
            while self._waiting:
                future, _ = self._waiting.popleft()
                if not future.done():
                    future.set_exception(_told_to_wait(left))

    def paused(self) -> timedelta:
        """Give what is left of a pause, zero without one."""
        return timedelta(seconds=max(0.0, self._paused_until - time.monotonic()))

    def note(self, weight: float) -> None:
        """Count what is sent now."""
        self._sent.append((time.monotonic(), weight))
        self._weight += weight

    @property
    def weight(self) -> float:
        """What was sent within the window."""
        self._forget()
        return self._weight

    def held_back(self) -> timedelta:
        """Give how long the next request in line still waits, zero when none does."""
        if not self._waiting:
            return timedelta(0)
        return timedelta(seconds=max(0.0, self._wait_s(self._waiting[0][1])))

    def _wait_s(self, weight: float) -> float:
        self._forget()
        if not self._sent or self._weight + weight <= self.max_weight:
            return 0.0
        return self._sent[0][0] + self.window_s - time.monotonic()

    def _would_wait_s(self, weight: float) -> float:
        """Give how long until there is room for a request behind all who wait."""
        began = at = time.monotonic()
        inside, within = self._sent.copy(), self._weight
        for each in (*(each for future, each in self._waiting if not future.done()), weight):
            while inside and within + each > self.max_weight:
                sent_at, left = inside.popleft()
                within, at = within - left, max(at, sent_at + self.window_s)
            inside.append((at, each))
            within += each
        return at - began

    def _forget(self) -> None:
        since = time.monotonic() - self.window_s
        while self._sent and self._sent[0][0] <= since:
            self._weight -= self._sent.popleft()[1]
        if not self._sent:
            self._weight = 0.0

    def _serve(self) -> None:
        """Let go who fits, in order; look again when the oldest has left the window."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            future, weight = self._waiting[0]
            if not future.done():
                wait_s = self._wait_s(weight)
                if wait_s > 0:
                    loop = asyncio.get_running_loop()
                    self._timer = loop.call_later(wait_s, self._serve)
                    return
                self.note(weight)
                future.set_result(None)
            self._waiting.popleft()


def _told_to_wait(left: timedelta) -> RateLimited:
    return RateLimited("the exchange has asked for a pause", left)
