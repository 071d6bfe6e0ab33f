"""Keep the exchange's subscriptions equal to what is listened to: one call for many symbols."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog

from connector.errors import (
    Closing,
    ConnectorError,
    Denied,
    Transient,
    UnknownSymbol,
    Unsupported,
)
from connector.exchange.faults import as_ours, is_being_cancelled, is_farewell, is_stumble
from connector.exchange.tap import calling

log = structlog.get_logger(__name__)

OnResult = Callable[[Any], None]
OnError = Callable[[ConnectorError], None]
Leave = Callable[[], None]

GATHER_S = 0.005
"""Wait before a call, so that symbols asked for in one go share it."""
PACE_S = 0.1
"""Least time between two calls of a channel: some exchanges allow a socket ten a second."""
LET_GO_S = 5.0
"""Longest wait for the exchange to confirm that a subscription is gone."""
RENEW_S = 1.0
"""The same where a symbol is stale: its websocket may be dead, and those behind it wait."""
SETTLED_S = 1.0
"""Age of a call, and of its websocket, at which the exchange surely has what it subscribed."""
HANG_UP_AGAIN_S = 300.0
"""Least time between two websockets hung up for one stale symbol's sake: it robs the others."""


class Channel:
    """One kind of update (tickers, candles of 1m, …): who listens, and the calls that keep it so.

    `watch(symbols)` subscribes and may wait for a first update; `unwatch(symbols)` lets go. A
    channel compares what is listened to with what is held
    and calls for the difference, at most `PACE_S` apart and `batch` symbols a call.
    `unwatches` says whether `unwatch` lets a symbol go for sure: else only a new websocket does.
    `on_unread` hears of each frame of its websockets that could not be read; `open_for` tells for
    how many seconds the websockets that serve such a listener have been open.
    """

    def __init__(
        self,
        name: str,
        watch: Callable[[Sequence[str]], Awaitable[object]],
        unwatch: Callable[[Sequence[str]], Awaitable[object]],
        split: Callable[[Any], Iterable[tuple[str, Any]]],
        hang_up: Callable[[Callable[[object], bool]], None] = lambda _: None,
        batch: int = 100,
        unwatches: bool = True,
        on_unread: Callable[[], None] = lambda: None,
        open_for: Callable[[Callable[[object], bool]], float] = lambda _: SETTLED_S,
    ) -> None:
        self.name, self.unread = name, on_unread
        self._watch, self._unwatch, self._split, self._batch = watch, unwatch, split, batch
        self._hang_up, self._unwatches, self._open_for = hang_up, unwatches, open_for
        self._stale: set[str] = set()
        self._renewable_at = 0.0
        self._closed = False
        self._listeners: dict[str, tuple[tuple[OnResult, OnError], ...]] = {}
        self._held: dict[str, _Call] = {}
        self._alone: set[str] = set()
        self._calls: set[asyncio.Task[None]] = set()
        self._reconciling: asyncio.Task[None] | None = None

    def listen(self, symbol: str, on_result: OnResult, on_error: OnError) -> Leave:
        """Hear every update of a symbol, in the turn in which ccxt parses it.

        Errors:  on_error once, after which nothing more is heard: listen anew; Closing at once
                 when the channel is closed.
        """
        if self._closed:
            raise Closing("the exchange's connections are closed")
        listener = (on_result, on_error)
        self._listeners[symbol] = (*self._listeners.get(symbol, ()), listener)
        self._reconcile_soon()

        def leave() -> None:
            there = self._listeners.get(symbol, ())
            if listener not in there:
                return
            if beside := tuple(each for each in there if each is not listener):
                self._listeners[symbol] = beside
                return
            del self._listeners[symbol]
            self._reconcile_soon()

        return leave

    def deliver(self, symbol: str, result: Any) -> None:
        """Hand an update to those who listen to its symbol."""
        for on_result, _ in self._listeners.get(symbol, ()):
            on_result(result)

    def hear(self, result: Any) -> None:
        """Take what ccxt resolved, for one symbol or for several."""
        for symbol, part in self._split(result):
            self.deliver(symbol, part)

    def renew(self, symbol: str) -> bool:
        """Subscribe a symbol anew, for nothing comes of it; False when that isn't done.

        Its listeners stay. Where ccxt can't unsubscribe, its websocket is hung up, at most once in
        HANG_UP_AGAIN_S, and all that it served are told.
        """
        if symbol not in self._held:
            return False
        now = asyncio.get_running_loop().time()
        if not self._unwatches and not self._stale:  # else it goes with those others
            if now < self._renewable_at:
                return False
            self._renewable_at = now + HANG_UP_AGAIN_S
        self._stale.add(symbol)
        self._reconcile_soon()
        return True

    def settled(self, symbol: str) -> bool:
        """Whether a symbol is subscribed for so long that whatever changes now will be heard."""
        call = self._held.get(symbol)
        if call is None or asyncio.get_running_loop().time() - call.since < SETTLED_S:
            return False
        return self._open_for(self.owns) >= SETTLED_S

    @property
    def held(self) -> frozenset[str]:
        """Symbols that are subscribed upstream."""
        return frozenset(self._held)

    def holds(self, call: "_Call") -> bool:
        """Whether a call still serves a symbol."""
        return any(self._held.get(symbol) is call for symbol in call.symbols)

    def owns(self, listener: object) -> bool:
        """Whether a call is this channel's."""
        return isinstance(listener, _Call) and listener.is_of(self)

    async def close(self) -> None:
        """Stop calling, for good. What is subscribed goes with the sockets."""
        self._closed = True
        tasks = [*self._calls, *([self._reconciling] if self._reconciling else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._held.clear()
        self._listeners.clear()

    def lose(self, call: "_Call", error: Exception) -> None:
        """Tell everyone whom this call served that it serves no more.

        Guarantee:  a refused call for several symbols is repeated symbol by symbol first, so that
                    one that the exchange refuses doesn't take the others along. What isn't
                    UnknownSymbol, Unsupported or Denied is told as Transient, to be tried again.
        """
        ours = as_ours(error)
        passes = isinstance(ours, Transient) and not is_stumble(error)
        if ours is None:
            log.error("unexpected error of a subscription", channel=self.name, exc_info=error)
            ours = Transient(f"subscription failed: {type(error).__name__}")
        refused = isinstance(ours, UnknownSymbol | Unsupported | Denied)
        if not refused and not isinstance(ours, Transient):
            log.warning("subscription failed", channel=self.name, error=str(ours))
            ours = Transient(str(ours))
        lost = [symbol for symbol in call.symbols if self._held.get(symbol) is call]
        for symbol in lost:
            del self._held[symbol]
            self._stale.discard(symbol)
        if len(call.symbols) > 1 and not passes:
            self._alone.update(lost)
            self._reconcile_soon()
            return
        told = [listener for symbol in lost for listener in self._listeners.pop(symbol, ())]
        for _, on_error in told:
            on_error(ours)

    def _reconcile_soon(self) -> None:
        if self._reconciling is None:
            self._reconciling = asyncio.create_task(self._reconcile(), name=f"channel {self.name}")

    async def _reconcile(self) -> None:
        calling.set(None)
        try:
            await asyncio.sleep(GATHER_S)
            while True:
                if gone := self._gone():
                    await self._let_go(gone)
                elif new := self._new():
                    self._call(new)
                else:
                    break
                await asyncio.sleep(PACE_S)
        finally:
            self._reconciling = None

    def _gone(self) -> list[str]:
        listened, stale = self._listeners, self._stale
        gone = (symbol for symbol in self._held if symbol not in listened or symbol in stale)
        return list(itertools.islice(gone, self._batch))

    def _new(self) -> list[str]:
        new = [symbol for symbol in self._listeners if symbol not in self._held]
        together = [symbol for symbol in new if symbol not in self._alone]
        if together:
            return together[: self._batch]
        self._alone.difference_update(new[:1])
        return new[:1]

    def _call(self, symbols: list[str]) -> None:
        call = _Call(self, symbols)
        self._held.update(dict.fromkeys(symbols, call))
        task = asyncio.create_task(self._first(call), name=f"watch {self.name}")
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _first(self, call: "_Call") -> None:
        calling.set(call)
        try:
            await self._watch(call.symbols)
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            self.lose(call, ConnectionError("websocket closed while subscribing"))
        except Exception as error:
            if not is_farewell(error):
                self.lose(call, error)

    async def _let_go(self, symbols: list[str]) -> None:
        calls = [self._held.pop(symbol) for symbol in symbols]
        stale = self._stale.intersection(symbols)
        self._stale -= stale
        try:
            async with asyncio.timeout(RENEW_S if stale else LET_GO_S):
                await self._unwatch(symbols)
        except (Exception, asyncio.CancelledError) as error:
            if is_being_cancelled():
                raise
            # ccxt's books and the exchange's may differ now: start that socket anew
            log.warning("subscription not let go", channel=self.name, error=repr(error)[:200])
            self._hang_up(lambda listener: listener in calls)
        else:
            if stale and not self._unwatches:
                self._hang_up(lambda listener: listener in calls)


class _Call:
    """One call of `watch_x`: what tap.Listener asks for."""

    def __init__(self, channel: Channel, symbols: list[str]) -> None:
        self.symbols = symbols
        self.since = asyncio.get_running_loop().time()
        self._channel = channel
        self.channel_name = channel.name

    @property
    def served(self) -> bool:
        """Whether anything that this call subscribed is still held."""
        return self._channel.holds(self)

    def is_of(self, channel: Channel) -> bool:
        return self._channel is channel

    def hear(self, result: Any) -> None:
        self._channel.hear(result)

    def unread(self) -> None:
        self._channel.unread()

    def fail(self, error: Exception) -> None:
        self._channel.lose(self, error)
