"""What ccxt does in one turn with thousands of markets, done beside the event loop.

For 4,000 markets ccxt reads, parses and sorts for more than a third of a second, in which no stream
would be served. A copy of its instance, which shares everything but the tables of markets and the
connections, does that on an event loop in a thread of its own, within the same limit of requests.
"""

import asyncio
import contextlib
import copy
import gc
import sys
import threading
from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, Self, TypeVar

from connector.exchange.json_in_pieces import in_pieces

T = TypeVar("T")

TURN_S = 0.0002
"""How long a thread keeps Python to itself: the loop waits for it at each of its wake-ups."""
NEVER = 1_000_000
_TABLES = (
    "markets",
    "markets_by_id",
    "currencies",
    "currencies_by_id",
    "baseCurrencies",
    "quoteCurrencies",
)


class Aside:
    """A copy of a ccxt instance, and a thread for it while the `async with` block lasts.

    Source:     ccxt 4.5.90, `async_support/base/exchange.py` (`fetch`, `open`, `close`) and
                `base/exchange.py` (`parse_json`, `set_markets`, `set_markets_from_exchange`).
    Guarantee:  the instance changes in `hand_over` alone, in one turn.
    """

    def __init__(self, exchange: Any) -> None:
        self._of, self.ccxt = exchange, copy.copy(exchange)
        self._loop = asyncio.new_event_loop()
        theirs = self.ccxt
        theirs.session = theirs.tcp_connector = theirs.socks_proxy_sessions = None
        theirs.asyncio_loop, theirs.clients, theirs.timeout_on_exit = self._loop, {}, 0
        theirs.on_json_response = in_pieces(theirs.on_json_response)

    async def __aenter__(self) -> Self:
        here = asyncio.get_running_loop()
        self.ccxt.throttler = _Throttler(self._of.throttler, here)
        self._ended = here.create_future()

        def run() -> None:
            try:
                with _in_short_turns():
                    self._loop.run_forever()
                    self._loop.run_until_complete(self._end())
            finally:
                self._loop.close()
                with contextlib.suppress(RuntimeError):  # the process's loop is closed
                    here.call_soon_threadsafe(self._ended.set_result, None)

        threading.Thread(target=run, name="markets", daemon=True).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.shield(self._ended)
        self._of.bans = self.ccxt.bans

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Await a question in the thread."""
        return await _on(self._loop, question)

    async def do(self, work: Callable[[], T]) -> T:
        """Do work in the thread."""

        async def done() -> T:
            return work()

        return await _on(self._loop, done)

    def set_markets(self, markets: list[Any], currencies: Any) -> None:
        """Build the copy's tables, for which `markets` is used up; in the thread.

        What is as it was stays the very object that it was: the collector has passed over it since
        the start (`connector/memory.py`), and would look at a new one time and again.
        """
        self.ccxt.set_markets(markets, currencies)
        _let_go(markets)
        for name in _TABLES:
            before, now = getattr(self._of, name) or {}, getattr(self.ccxt, name) or {}
            for key, row in now.items():
                if before.get(key) == row:
                    now[key] = before[key]

    def hand_over(self) -> Callable[[], None]:
        """Give the instance the copy's tables, in one turn; and what frees the former ones.

        It is to be called in the thread, when nobody uses them any more.
        """
        former = [row for name in _TABLES for row in (getattr(self._of, name) or {}).values()]
        self._of.set_markets_from_exchange(self.ccxt)
        return lambda: _let_go(former)

    async def _end(self) -> None:
        """Cancel what is still asked, also what has been asked and not begun; hang up."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.ccxt.close()


class _Throttler:
    """The limit of requests, asked from another thread."""

    def __init__(self, of: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._of, self._loop = of, loop

    async def __call__(self, cost: float | None = None) -> None:
        await _on(self._loop, lambda: self._of(cost))

    def pause(self, seconds: float) -> None:
        self._loop.call_soon_threadsafe(self._of.pause, seconds)


async def _on(loop: asyncio.AbstractEventLoop, question: Callable[[], Awaitable[T]]) -> T:
    async def asked() -> T:
        return await question()

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked(), loop))


@contextlib.contextmanager
def _in_short_turns() -> Generator[None]:
    """Hand Python on often, and collect no garbage but the youngest: the rest takes a long turn."""
    turn_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(TURN_S)
    gc.set_threshold(*thresholds[:2], NEVER)
    try:
        yield
    finally:
        if gc.get_threshold()[2] == NEVER:  # else the process has settled meanwhile
            gc.set_threshold(*thresholds)
        sys.setswitchinterval(turn_s)


def _let_go(rows: list[Any]) -> None:
    """Let go of rows one by one: all at once would be one long call."""
    while rows:
        rows.pop()
