"""Around every call: errors become statuses, refused streams wait, one log line, one metric."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import structlog
from google.protobuf.message import DecodeError

from connector import metrics, tracing
from connector.errors import Closing, ConnectorError, InvalidRequest
from connector.grpc.audit import audit
from connector.grpc.guard import TRADING, Caller, Guard
from connector.grpc.limits import OpenStreams, client_of
from connector.grpc.serialised import Once
from connector.grpc.statuses import status_of, trailing_metadata
from connector.keys import Role

log = structlog.get_logger(__name__)

HEALTH = "/grpc.health."
"""Asked by machines every few seconds, without a key: not logged."""
UNKNOWN = Caller("unknown", Role.READ)
"""Who was refused before it was known who calls."""
CORRELATION_KEYS = ("x-correlation-id", "x-request-id")

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
    Context = grpc.aio.ServicerContext[Any, Any]


class Calls(grpc.aio.ServerInterceptor):
    """Outermost around each handler: nothing that a handler raises reaches gRPC untranslated.

    A stream that ends in an error waits `refusal_pause` first (cancellable), because the engine
    reconnects at once, for ever; one that ends because the connector closes doesn't.
    """

    def __init__(self, refusal_pause: timedelta, guard: Guard, streams: OpenStreams) -> None:
        self._pause_s, self._guard = refusal_pause.total_seconds(), guard
        self._serialisers: dict[str, Once[Any]] = {}
        self._streams = streams

    async def intercept_service(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the method's handler."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or method.startswith(HEALTH):  # pyright: ignore[reportUnnecessaryComparison]
            return handler
        if handler.stream_stream is not None:  # reflection
            return grpc.stream_stream_rpc_method_handler(
                self._conversation(method, handler.stream_stream),
                _reading(handler.request_deserializer),
                handler.response_serializer,
            )
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(method, handler.unary_unary),
                _reading(handler.request_deserializer),
                handler.response_serializer,
            )
        if handler.unary_stream is not None:
            serialise: Any = handler.response_serializer
            return grpc.unary_stream_rpc_method_handler(
                self._stream(method, handler.unary_stream),
                _reading(handler.request_deserializer),
                self._serialisers.setdefault(method, Once(serialise)),
            )
        return handler

    def _unary(self, method: str, answer: Any) -> Any:
        async def call(request: Any, context: Context) -> Any:
            line = _Line(method, context, is_unary=True)
            try:
                self._admit(line, context)
                response = await answer(_read(request), context)
            except Exception as error:
                line.audit(request, None, status_of(error)[1])
                await line.refuse(error)
            except asyncio.CancelledError:
                line.audit(request, None, "the caller left before the answer")
                line.end("CANCELLED")
                raise
            line.audit(request, response, "OK")
            line.end("OK")
            return response

        return _traced(method, call)

    def _stream(self, method: str, serve: Any) -> Any:
        async def call(request: Any, context: Context) -> None:
            line = _Line(method, context)
            try:
                caller = self._admit(line, context)
                with self._streams.one_more(client_of(caller, context.peer())):
                    await serve(_read(request), context)
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
            line = _Line(method, context)
            try:
                self._admit(line, context)
            except Exception as error:
                await asyncio.sleep(self._pause_s)
                await line.refuse(error)
            try:
                async for answer in converse(_each_read(requests), context):
                    await context.write(answer)
            except InvalidRequest as error:
                await line.refuse(error)

        return call

    def _admit(self, line: _Line, context: Context) -> Caller:
        metadata = dict(context.invocation_metadata() or ())
        line.caller = self._guard.identify(line.method, metadata, _certificate(context))
        self._guard.allow(line.caller, line.method)
        return line.caller


class _Unreadable:
    """Stands for a request whose bytes are no message; gRPC itself would answer UNKNOWN."""

    def __init__(self, why: str) -> None:
        self.why = why


def _reading(read: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    def attempt(raw: bytes) -> Any:
        try:
            return read(raw) if read else raw
        except DecodeError as error:
            return _Unreadable(str(error).rpartition(": ")[2])

    return attempt


def _read(request: Any) -> Any:
    if isinstance(request, _Unreadable):
        raise InvalidRequest(f"its bytes are no such message: {request.why}")
    return request


async def _each_read(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _read(request)


class _Line:
    """The log line of one call, written at its end."""

    def __init__(self, method: str, context: Context, *, is_unary: bool = False) -> None:
        self._is_unary = is_unary
        self.method = method.rpartition("/")[2]
        self.caller: Caller | None = None
        self._context = context
        self._began = time.perf_counter()
        metadata = {k: v for k, v in context.invocation_metadata() or ()}
        named = (metadata.get(key) for key in CORRELATION_KEYS)
        self._correlation = str(next((v for v in named if v), None) or uuid.uuid4().hex[:16])[:64]

    async def refuse(self, error: Exception) -> NoReturn:
        code, message = status_of(error)
        if code is grpc.StatusCode.INTERNAL:
            log.error("defect", method=self.method, exc_info=error)
        self.end(code.name, error if isinstance(error, ConnectorError) else None)
        trailing = trailing_metadata(error, code, message)
        await self._context.abort(code, message, trailing)

    def audit(self, request: Any, response: Any, outcome: str) -> None:
        """Note what came of an order, if this call was about one."""
        if self.method in TRADING:
            audit(
                self.caller or UNKNOWN,
                self._context.peer(),
                self.method,
                request,
                response,
                outcome,
            )

    def end(self, status: str, error: Exception | None = None) -> None:
        """Note how it ended; counted and logged in the loop's next turn, after the answer."""
        tracing.note(status)
        elapsed, client = time.perf_counter() - self._began, self._context.peer()
        loop = asyncio.get_running_loop()
        loop.call_soon(self._write, status, error, elapsed, client)

    def _write(self, status: str, error: Exception | None, elapsed: float, client: str) -> None:
        metrics.REQUESTS.labels(self.method, status).inc()
        if self._is_unary:
            metrics.REQUEST_SECONDS.labels(self.method).observe(elapsed)
        log.info(
            "call",
            method=self.method,
            client=client,
            key=self.caller.name if self.caller else None,
            status=status,
            ms=round(elapsed * 1000, 3),
            correlation_id=self._correlation,
            **({"error": str(error)[:200]} if error else {}),
        )


def _traced(method: str, call: Any) -> Any:
    async def within(request: Any, context: Context) -> Any:
        with tracing.call(method.rpartition("/")[2], context.invocation_metadata() or ()):
            return await call(request, context)

    return within


def _certificate(context: Context) -> str | None:
    """Give the name in the client's certificate, which the handshake has verified."""
    for name in ("x509_subject_alternative_name", "x509_common_name"):
        for value in context.auth_context().get(name, ()):
            return value.decode("utf-8", "replace")[:64]
    return None
