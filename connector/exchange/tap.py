"""Hear every update that ccxt parses, in the turn in which it parses it.

A loop around `await watch_x()` loses updates: ccxt wakes a waiter once and drains its whole
receive buffer meanwhile. Here ccxt keeps what it is good at, sockets and subscriptions; while one
of its `watch_x` is being called, a context variable names who calls, the websocket client notes
for which message hashes, and from then on hands the caller each result of these hashes.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NoReturn, Protocol

import ccxt
import structlog
from aiohttp import WSMsgType

from connector import metrics
from connector.exchange.faults import is_farewell
from connector.exchange.lane import Lane
from connector.exchange.receiving import read_in_slices
from connector.exchange.request import Request, note_status
from connector.exchange.retry_after import retry_after_seconds

log = structlog.get_logger(__name__)

HEAD_LENGTH = 200
DIAL_S, BRIEF_DIALS = 1.0, 20
"""Pause before an address is dialled again, after so many failures in a row."""
LONG_DIAL_S = 10.0
"""The same afterwards: six addresses are dialled 288 times in 5 minutes; Binance allows 300."""
BAD_REQUEST, BANNED = 400, 418
LEAST_UNSAID_S, MOST_UNSAID_S = 1.0, 60.0
"""Pause after a ban without a Retry-After; doubles with each further one."""


class Listener(Protocol):
    """One `watch_x` call: hears results until it fails or is let go."""

    @property
    def channel_name(self) -> str:
        """Whose call it is; a fast lane serves channels by name."""
        ...

    @property
    def served(self) -> bool:
        """Whether anybody still wants what this call subscribed."""
        ...

    def hear(self, result: Any, /) -> None:
        """Take a result of one of the call's message hashes. Must not keep it: ccxt changes it."""
        ...

    def unread(self) -> None:
        """Take note that a frame of the call's socket could not be read, whatever it told."""
        ...

    def fail(self, error: Exception, /) -> None:
        """Take the end of the subscription: refused, or its socket is gone. May come twice."""
        ...


calling: ContextVar[Listener | None] = ContextVar("calling", default=None)
"""Who is calling `watch_x` in this task."""


def tapped(exchange_class: type[Any]) -> type[Any]:
    """Derive a ccxt.pro class whose websocket clients are tapped and survive poison frames.

    Source:  ccxt 4.5.90, `async_support/base/exchange.py` (`client`, `on_error`, `on_close`) and
             `async_support/base/ws/client.py` (`future`, `resolve`, `reject`, `handle_message`).
    """

    class Tapped(exchange_class):
        frame: Any = None
        """The raw frame whose handler is running, as parsed JSON; None outside a handler."""
        retry_after: float | None = None
        status = 0
        """Of the last answer over HTTP."""
        bans = 0
        """Answers of 418 since the last good one that didn't say how long to stay away."""
        lane: Lane | None = None
        """Who reads market frames before ccxt does, if anybody."""
        lost = 0
        """Websockets that failed while in use, and in whose place none has been opened yet."""

        def client(self, url: str) -> Any:
            client = super().client(url)
            if not hasattr(client, "listeners"):
                _tap(client, self.lane)
            return client

        def handle_message(self, client: Any, message: Any) -> None:
            self.frame = message
            try:
                super().handle_message(client, message)
            finally:
                self.frame = None

        async def fetch(self, url: Any, method: Any = "GET", *rest: Any, **named: Any) -> Any:
            with Request(str(url), str(method)):
                answer = await super().fetch(url, method, *rest, **named)
            if isinstance(answer, str) and answer.lstrip().startswith("<"):
                # ccxt's parsers would stumble over it in a way of their own each
                raise ccxt.NetworkError(f"{self.id} {method}: a page in the place of an answer")
            return answer

        def on_connected(self, client: Any, message: Any = None) -> None:
            super().on_connected(client, message)
            if self.lost:
                self.lost -= 1
                metrics.RECONNECTS.inc()

        def handle_errors(self, code: Any, reason: Any, url: Any, method: Any, *answer: Any) -> Any:
            note_status(code)
            headers = answer[0] if answer else None
            self.retry_after = retry_after_seconds(headers)
            self.status = int(code)
            self._obey(self.status)
            try:
                return super().handle_errors(code, reason, url, method, *answer)
            except ccxt.BaseError as error:
                self._raise_dated(error)

        def handle_http_status_code(self, code: Any, *answer: Any) -> None:
            try:
                super().handle_http_status_code(code, *answer)
            except ccxt.BaseError as error:
                self._raise_dated(error)
            if int(code) >= BAD_REQUEST:  # ccxt takes a status that it doesn't list for good
                _, url, method, body = answer
                told = f"{self.id} {method} {url} {code} {str(body)[:HEAD_LENGTH]}"
                self._raise_dated(ccxt.BadResponse(told))

        def _obey(self, code: int) -> None:
            """Send nothing for as long as a refusal says, or for a while if a 418 doesn't say."""
            if code < BAD_REQUEST:
                self.bans = 0
                return
            if self.retry_after is None and code == BANNED:
                self.retry_after = min(MOST_UNSAID_S, LEAST_UNSAID_S * 2.0**self.bans)
                self.bans += 1
            if self.retry_after:
                log.warning("the exchange asks for a pause", code=code, seconds=self.retry_after)
                self.throttler.pause(self.retry_after)

        def _raise_dated(self, error: Any) -> NoReturn:
            error.retry_after, error.status = self.retry_after, self.status
            raise error

        def on_error(self, client: Any, error: Exception) -> None:
            super().on_error(client, error)
            _redial_soon(self, client)
            self.lost += _lose(client, error)

        def on_close(self, client: Any, error: Any) -> None:
            super().on_close(client, error)
            self.lost += _lose(client, ConnectionError(f"websocket closed with code {error}"))

    Tapped.__name__ = exchange_class.__name__
    return Tapped


def _tap(client: Any, lane: Lane | None) -> None:
    listeners: dict[str, Listener] = {}
    on_lane = False  # a socket of none but other channels, the account's, never takes it
    future, resolve, reject = client.future, client.resolve, client.reject
    handle_message: Callable[[Any], None] = client.handle_message

    def tapped_future(message_hash: str) -> Any:
        nonlocal on_lane
        listener = calling.get()
        if listener is not None:
            listeners[message_hash] = listener
            on_lane = on_lane or (lane is not None and lane.serves(listener.channel_name))
        return future(message_hash)

    def tapped_resolve(result: Any, message_hash: str) -> Any:
        listener = listeners.get(message_hash)
        if listener is not None:
            listener.hear(result)
        return resolve(result, message_hash)

    def tapped_reject(result: Any, message_hash: str | None = None) -> Any:
        listener = None if message_hash is None else listeners.get(message_hash)
        rejected = reject(result, message_hash)
        if listener is not None and isinstance(result, Exception) and not is_farewell(result):
            listener.fail(result)
        return rejected

    def guarded_handle_message(message: Any) -> None:
        metrics.FRAME.arrived = time.perf_counter()
        try:
            in_text = message.type is WSMsgType.TEXT
            if not (on_lane and in_text and lane and lane.take(message.data, client.futures)):
                handle_message(message)
        except Exception as error:
            metrics.POISON_FRAMES.inc()
            head = str(getattr(message, "data", message))[:HEAD_LENGTH]
            log.warning("poison frame survived", error=repr(error)[:HEAD_LENGTH], head=head)
            for listener in {id(each): each for each in listeners.values()}.values():
                listener.unread()
        finally:
            metrics.FRAME.arrived = 0.0

    client.listeners = listeners
    client.future = tapped_future
    client.reusableFuture = tapped_future
    client.resolve = tapped_resolve
    client.reject = tapped_reject
    client.handle_message = guarded_handle_message
    read_in_slices(client)


def _redial_soon(exchange: Any, client: Any) -> None:
    """Cut ccxt's pause between dials down: it doubles to 30 s, on top of each stream's own pauses.

    What is left keeps many streams from dialling at once. The exchange's Retry-After stays.
    """
    dialled: dict[str, int] | None = (getattr(exchange, "ws_dial_backoff", None) or {}).get(
        client.url
    )
    if dialled is None or getattr(client, "last_retry_after", None) is not None:
        return
    pause_s = DIAL_S if dialled["attempts"] <= BRIEF_DIALS else LONG_DIAL_S
    dialled["until"] = min(dialled["until"], exchange.milliseconds() + int(pause_s * 1000))


def _lose(client: Any, error: Exception) -> bool:
    """Tell every listener of a websocket that it is gone; say whether there was one."""
    listeners: dict[str, Listener] = getattr(client, "listeners", {})
    lost = {id(listener): listener for listener in listeners.values()}
    listeners.clear()
    if lost:
        metrics.SOCKETS_LOST.inc()
    for listener in lost.values():
        listener.fail(error)
    return bool(lost)
