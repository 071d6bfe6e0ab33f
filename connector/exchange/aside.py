"""What ccxt does in one turn with thousands of markets, done beside the event loop.

For 4,000 markets ccxt parses and sorts for more than a second, in which no stream would be served.
A copy of its instance, which shares everything but the tables of markets, does that on an event
loop in a thread of its own. Its requests go by the process's loop, past the same limits.
"""

import asyncio
import contextlib
import copy
import gc
import sys
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

TURN_S = 0.001
"""How long a thread keeps Python to itself: the loop waits for it at each of its wake-ups."""
_TABLES = ("markets", "markets_by_id", "currencies", "currencies_by_id")


class Aside:
    """A copy of a ccxt instance, and a thread for it while the `async with` block lasts.

    Source:     ccxt 4.5.90, `async_support/base/exchange.py` (`fetch2`, `throttle`, `fetch`) and
                `base/exchange.py` (`set_markets`, `set_markets_from_exchange`).
    Guarantee:  the instance changes in `hand_over` alone, in one turn; no collection of garbage
                meanwhile: it would stop every thread for as long as it looks at all markets.
    """

    def __init__(self, exchange: Any) -> None:
        self._of, self.ccxt = exchange, copy.copy(exchange)
        self.ccxt.session = self.ccxt.socks_proxy_sessions = None  # not its own to close
        self._loop = asyncio.new_event_loop()
        self._before: list[dict[str, Any]] = []
        self._collecting, self._turn_s = gc.isenabled(), sys.getswitchinterval()

    async def __aenter__(self) -> Self:
        here = asyncio.get_running_loop()
        self._ended = here.create_future()

        async def throttle(cost: Any = None) -> Any:
            return await _on(here, lambda: self._of.throttle(cost))

        async def fetch(*request: Any, **named: Any) -> Any:
            return await _on(here, lambda: self._of.fetch(*request, **named))

        def run() -> None:
            try:
                self._loop.run_forever()
                self._loop.run_until_complete(_end_tasks())
            finally:
                self._loop.close()
                with contextlib.suppress(RuntimeError):  # the process's loop is closed
                    here.call_soon_threadsafe(self._ended.set_result, None)

        self.ccxt.throttle, self.ccxt.fetch = throttle, fetch
        gc.disable()
        sys.setswitchinterval(TURN_S)
        threading.Thread(target=run, name="markets", daemon=True).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        try:
            await asyncio.shield(self._ended)
        finally:
            sys.setswitchinterval(self._turn_s)
            if self._collecting:
                gc.enable()

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """Await a question in the thread."""
        return await _on(self._loop, question)

    async def do(self, work: Callable[[], T]) -> T:
        """Do work in the thread."""

        async def done() -> T:
            return work()

        return await _on(self._loop, done)

    def hand_over(self) -> None:
        """Give the instance the copy's markets, in one turn. Free the former ones afterwards."""
        self._before = [getattr(self._of, name) or {} for name in _TABLES]
        self._of.set_markets_from_exchange(self.ccxt)
        if any(self._before):  # the process's first ones it freezes itself
            gc.freeze()  # they stay, so a collection needn't look at them

    async def free(self) -> None:
        """Let go of the former markets one by one; the tables at once would take long."""
        before, self._before = self._before, []
        await self.do(lambda: _free(before))


async def _on(loop: asyncio.AbstractEventLoop, question: Callable[[], Awaitable[T]]) -> T:
    async def asked() -> T:
        return await question()

    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asked(), loop))


async def _end_tasks() -> None:
    """Cancel what is still asked, also what has been asked and not begun."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _free(tables: list[dict[str, Any]]) -> None:
    rows = [row for table in tables for row in table.values()]
    tables.clear()
    while rows:
        rows.pop()
