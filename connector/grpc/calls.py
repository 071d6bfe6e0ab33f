"""Around every call: errors become statuses, refused streams wait, one log line, one metric."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import structlog

from connector import metrics, tracing
from connector.errors import Closing, ConnectorError, Denied
from connector.grpc.arriving import each_request, reading, the_request
from connector.grpc.audit import audit
from connector.grpc.ending import abort, at_the_end
from connector.grpc.guard import TRADING, Caller, Guard
from connector.grpc.limits import Share, client_of
from connector.grpc.lines import Lines
from connector.grpc.serialised import Once
from connector.grpc.statuses import status_of, trailing_metadata
from connector.grpc.turns import WHOSE
from connector.grpc.underway import Underway
from connector.keys import Role

log = structlog.get_logger(__name__)

HEALTH, HEALTH_CHECK = "/grpc.health.", "/grpc.health.v1.Health/Check"
"""Asked by machines every few seconds, without a key: not logged."""
UNKNOWN = Caller("unknown", Role.READ)
"""Who was refused before it was known who calls."""
CORRELATION_KEYS = ("x-correlation-id", "x-request-id")

if TYPE_CHECKING:
    from connector.config import LimitsConfig
    from connector.metrics.tally import Spread

    Handler = grpc.RpcMethodHandler[Any, Any]
    Metadata = Mapping[str, str | bytes]
    Context = grpc.aio.ServicerContext[Any, Any]


class Calls(grpc.aio.ServerInterceptor):
    """Outermost around each handler: nothing that a handler raises reaches gRPC untranslated.

    A stream that ends in an error waits `refusal_pause` first (cancellable), because the engine
    reconnects at once, for ever; one that ends because the connector closes doesn't.

    Each handler reads its one request itself, as if it were a stream of them: else gRPC waits for
    the request, for ever, before anybody could count the call or end it.
    """

    def __init__(self, refusal_pause: timedelta, guard: Guard, limits: LimitsConfig) -> None:
        self._pause_s, self._guard, self._limits = refusal_pause.total_seconds(), guard, limits
        self._wrapped: dict[str, Handler] = {}
        self.underway, self.lines = Underway(), Lines()
        self._streams = Share("streams_per_client", limits.streams_per_client)
        self._calls = Share("calls_per_client", limits.calls_per_client)

    async def intercept_service(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the method's handler, once."""
        method = str(handler_call_details.method)
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            if handler is None:  # pyright: ignore[reportUnnecessaryComparison]
                return handler
            wrapped = self._wrapped[method] = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: Handler) -> Handler:
        if method == HEALTH_CHECK:
            return handler
        read = reading(handler.request_deserializer, self._limits)
        if handler.stream_stream is not None:  # reflection
            return grpc.stream_stream_rpc_method_handler(
                self._conversation(method, handler.stream_stream),
                read,
                handler.response_serializer,
            )
        if handler.unary_unary is not None:
            return grpc.stream_unary_rpc_method_handler(
                self._unary(method, handler.unary_unary), read, handler.response_serializer
            )
        if handler.unary_stream is not None and method.startswith(HEALTH):
            return grpc.stream_stream_rpc_method_handler(
                self._watch(handler.unary_stream), read, handler.response_serializer
            )
        if handler.unary_stream is not None:
            serialise: Any = handler.response_serializer
            return grpc.stream_stream_rpc_method_handler(
                self._stream(method, handler.unary_stream),
                read,
                Once(serialise),
            )
        return handler

    def _unary(self, method: str, answer: Any) -> Any:
        seconds = metrics.REQUEST_SECONDS.at(_name_of(method))

        async def call(_: object, context: Context) -> Any:
            line, request = _Line(method, context, self.lines, seconds), None
            try:
                client = self._client(line, context)
                self._calls.take(client)
                self._give_back_at_the_end(client)
                request = await the_request(context, self._limits)
                self._admit(line, context)
                async with self.underway.one(trades=line.method in TRADING):
                    response = await answer(request, context)
            except Exception as error:
                line.asked, line.outcome = request, status_of(error)[1]
                await line.refuse(error)
            except asyncio.CancelledError:
                line.asked, line.outcome = request, "the caller left before the answer"
                line.end("CANCELLED")
                raise
            line.asked, line.answer = request, response
            line.end("OK")
            return response

        return _traced(method, call)

    def _give_back_at_the_end(self, client: str) -> None:
        """Count a call until its answer has been taken, which a client may leave unread."""

        def ended(_: object) -> None:
            self._calls.give_back(client)

        at_the_end(ended)

    def _stream(self, method: str, serve: Any) -> Any:
        async def call(_: object, context: Context) -> None:
            line = _Line(method, context, self.lines)
            try:
                client = self._client(line, context)
                with self._streams.one_more(client):
                    WHOSE.set(client)
                    request = await the_request(context, self._limits)
                    self._admit(line, context)
                    await serve(request, context)
            except Exception as error:
                try:
                    if not isinstance(error, Closing):
                        await asyncio.sleep(self._pause_s)
                    await line.refuse(error)
                except asyncio.CancelledError:
                    line.end("CANCELLED", error)
                    raise
            except asyncio.CancelledError:
                line.end("CANCELLED")
                raise
            line.end("OK")

        return call

    def _conversation(self, method: str, converse: Any) -> Any:
        async def call(requests: Any, context: Context) -> None:
            line = _Line(method, context, self.lines)
            try:
                with self._streams.one_more(self._client(line, context)):
                    self._admit(line, context)
                    async for answer in converse(each_request(requests), context):
                        await context.write(answer)
            except ConnectorError as error:
                await asyncio.sleep(self._pause_s)
                await line.refuse(error)

        return call

    def _watch(self, serve: Any) -> Any:
        """Health is asked for without a key by machines, every few seconds: counted, not logged."""

        async def call(_: object, context: Context) -> None:
            try:
                with self._streams.one_more(context.peer()):
                    await serve(await the_request(context, self._limits), context)
            except ConnectorError as error:
                await asyncio.sleep(self._pause_s)
                await abort(context, *status_of(error))

        return call

    def _client(self, line: _Line, context: Context) -> str:
        """Tell whose share a call is of; whom we don't know has his connection's."""
        try:
            line.caller = self._identified(line, context)
        except Denied:
            return line.peer
        return client_of(line.caller, line.peer)

    def _admit(self, line: _Line, context: Context) -> None:
        line.caller = line.caller or self._identified(line, context)
        self._guard.allow(line.caller, line.method)

    def _identified(self, line: _Line, context: Context) -> Caller:
        return self._guard.identify(line.method, line.metadata, _certificate(context))


class _Line:
    """The log line of one call, and of the orders that it was about, written at its end."""

    def __init__(
        self, method: str, context: Context, lines: Lines, seconds: Spread | None = None
    ) -> None:
        """`seconds` is where a unary call's length is counted."""
        self._began = time.perf_counter()
        self._lines, self._seconds = lines, seconds
        self.method = _name_of(method)
        self.metadata = dict(context.invocation_metadata() or ())
        self.peer = context.peer()
        self.caller: Caller | None = None
        self.asked: Any = None
        """A unary call's request, its answer or None, and what came of it in words."""
        self.answer: Any = None
        self.outcome = "OK"
        self._context = context

    async def refuse(self, error: Exception) -> NoReturn:
        code, message = status_of(error)
        if code is grpc.StatusCode.INTERNAL:
            log.error("defect", method=self.method, exc_info=error)
        self.end(code.name, error if isinstance(error, ConnectorError) else None)
        trailing = trailing_metadata(error, code, message)
        await abort(self._context, code, message, trailing)

    def end(self, status: str, error: Exception | None = None) -> None:
        """Note how it ended; counted and logged with others, after the answer."""
        tracing.note(status)
        elapsed = time.perf_counter() - self._began
        self._lines.add(partial(self._write, status, error, elapsed))

    def _write(self, status: str, error: Exception | None, elapsed: float) -> None:
        if self.method in TRADING:
            caller = self.caller or UNKNOWN
            audit(caller, self.peer, self.method, self.asked, self.answer, self.outcome)
        metrics.REQUESTS.labels(self.method, status).inc()
        if self._seconds is not None:
            self._seconds.observe(elapsed)
        log.info(
            "call",
            method=self.method,
            client=self.peer,
            key=self.caller.name if self.caller else None,
            status=status,
            ms=round(elapsed * 1000, 3),
            correlation_id=_correlation_of(self.metadata),
            **({"error": str(error)[:200]} if error else {}),
        )


def _name_of(method: str) -> str:
    return method.rpartition("/")[2]


def _correlation_of(metadata: Metadata) -> str:
    """Give what the caller calls this call, or an id of ours."""
    named = (metadata.get(key) for key in CORRELATION_KEYS)
    return str(next((each for each in named if each), None) or secrets.token_hex(8))[:64]


def _traced(method: str, call: Any) -> Any:
    async def within(request: Any, context: Context) -> Any:
        if not tracing.is_on():
            return await call(request, context)
        with tracing.call(_name_of(method), context.invocation_metadata() or ()):
            return await call(request, context)

    return within


def _certificate(context: Context) -> str | None:
    """Give the name in the client's certificate, which the handshake has verified."""
    shown = context.auth_context()
    for name in ("x509_subject_alternative_name", "x509_common_name"):
        for value in shown.get(name, ()):
            return value.decode("utf-8", "replace")[:64]
    return None
