"""One kind of update that is asked for, where ccxt has no stream of it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog

from connector.errors import (
    Closing,
    ConnectorError,
    Denied,
    Malformed,
    Transient,
    UnknownSymbol,
    Unsupported,
)
from connector.exchange.channel import Leave, OnError, OnResult

log = structlog.get_logger(__name__)

Ask = Callable[[Sequence[str]], Awaitable[Iterable[tuple[str, Any]]]]
"""Symbols → what the exchange answers of each; a ConnectorError is that symbol's alone."""

GATHER_S = 0.005
"""Wait before the first question, so that symbols listened to in one go share it."""
JITTER = 0.1
"""Of the period, either way, so that connectors don't ask in step."""


class Polled:
    """Listened to like a Channel: the newest of every symbol, asked for each `every_s`.

    Guarantee:  one question for all symbols where the exchange has one; what happens between two
                questions is not seen, the newest value is, at most `every_s` and a tenth late.
    """

    def __init__(self, name: str, ask: Ask, every_s: float) -> None:
        self.name = name
        self._ask, self._every_s = ask, every_s
        self._closed = False
        self._listeners: dict[str, list[tuple[OnResult, OnError]]] = {}
        self._polling: asyncio.Task[None] | None = None

    def listen(self, symbol: str, on_result: OnResult, on_error: OnError) -> Leave:
        """Hear each answer of a symbol.

        Errors:  on_error once, after which nothing more is heard: listen anew; Closing at once
                 when this is closed.
        """
        if self._closed:
            raise Closing("the exchange's connections are closed")
        listener = (on_result, on_error)
        self._listeners.setdefault(symbol, []).append(listener)
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll(), name=f"poll {self.name}")

        def leave() -> None:
            beside = self._listeners.get(symbol, [])
            if listener in beside:
                beside.remove(listener)
                if not beside:
                    del self._listeners[symbol]

        return leave

    def renew(self, _: str) -> bool:
        """Nothing is subscribed here, so nothing can be subscribed anew."""
        return False

    def settled(self, _: str) -> bool:
        """Whatever changes will be told by the next answer."""
        return True

    @property
    def held(self) -> frozenset[str]:
        """Symbols that are asked for."""
        return frozenset(self._listeners)

    async def close(self) -> None:
        """Stop asking, for good."""
        self._closed = True
        self._listeners.clear()
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    async def _poll(self) -> None:
        try:
            await asyncio.sleep(GATHER_S)
            while self._listeners:
                await self._once(list(self._listeners))
                await asyncio.sleep(self._every_s * random.uniform(1 - JITTER, 1 + JITTER))
        finally:
            self._polling = None

    async def _once(self, symbols: Sequence[str]) -> None:
        try:
            answers = await self._ask(symbols)
        except ConnectorError as error:
            answers = [(symbol, error) for symbol in symbols]
        except Exception as error:
            log.error("unexpected error of a question", polled=self.name, exc_info=error)
            told = Transient(f"{self.name}: {type(error).__name__}")
            answers = [(symbol, told) for symbol in symbols]
        for symbol, answer in answers:
            if isinstance(answer, ConnectorError):
                self._fail(symbol, answer)
                continue
            for on_result, _ in tuple(self._listeners.get(symbol, ())):
                on_result(answer)

    def _fail(self, symbol: str, error: ConnectorError) -> None:
        if isinstance(error, Malformed):
            log.debug("malformed answer", polled=self.name, error=str(error))
            return
        if not isinstance(error, Transient | UnknownSymbol | Unsupported | Denied):
            error = Transient(str(error))
        for _, on_error in self._listeners.pop(symbol, ()):
            on_error(error)
