"""Spans of unary calls, down to the requests to the exchange; nothing is made while it is off.

OpenTelemetry is an extra, `opensqt-connector[otel]`. Endless streams have no span, nor has a
request that no unary call waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from connector.errors import ConnectorError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

NAME = "opensqt-connector"
EXPORT_S = 5
"""For one try to hand spans over; in a thread of the library, which keeps 2,048 at most."""

Metadata = Iterable[tuple[str, str | bytes]]


class NotInstalled(ConnectorError):
    """Tracing is asked for, and its packages aren't there."""


_tracer: Tracer | None = None
_call_s_span: ContextVar[Span | None] = ContextVar("call's span", default=None)


def start(endpoint: str, ratio: float) -> Callable[[], None]:
    """Send spans to an OTLP collector from now on, `ratio` of those that no caller decided.

    Shapes:  `http://127.0.0.1:4318`, to which `/v1/traces` is added. Gives what hands over the rest
             and ends it; that waits, at most EXPORT_S.
    Errors:  NotInstalled, which says what to install.
    """
    global _tracer
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError:
        raise NotInstalled(
            "tracing.endpoint is set, and OpenTelemetry isn't installed: install "
            f"'{NAME}[otel]', or leave tracing.endpoint empty"
        ) from None
    provider = TracerProvider(
        resource=Resource.create({"service.name": NAME}), sampler=ParentBasedTraceIdRatio(ratio)
    )
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_S)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = provider.get_tracer(NAME)

    def stop() -> None:
        global _tracer
        _tracer = None
        provider.force_flush(EXPORT_S * 1000)
        provider.shutdown()

    return stop


def is_on() -> bool:
    """Whether spans are made."""
    return _tracer is not None


@contextmanager
def call(method: str, metadata: Metadata) -> Generator[None]:
    """Make the span of a unary call while the block lasts, below its caller's if it told one.

    Source:  metadata `traceparent` and `tracestate`, W3C Trace Context.
    """
    if _tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    told = {key: value for key, value in metadata if isinstance(value, str)}
    with _tracer.start_as_current_span(
        method,
        context=TraceContextTextMapPropagator().extract(told),
        kind=SpanKind.SERVER,
        attributes={"rpc.system.name": "grpc", "rpc.method": method},
        record_exception=False,  # its text may be the exchange's own, with whatever stands in it
        set_status_on_exception=False,
    ) as span:
        within = _call_s_span.set(span)
        try:
            yield
        finally:
            _call_s_span.reset(within)


def note(status: str) -> None:
    """Note the status, `OK` or another, of the call within whose span this is, if it has one."""
    span = _call_s_span.get()
    if span is None:
        return
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("rpc.response.status_code", status)
    if status != "OK":
        span.set_status(Status(StatusCode.ERROR))


def request(method: str, url: str) -> Span | None:
    """Begin the span of a request to the exchange, None where no traced call waits for it.

    Its query is left out: signatures stand there.
    """
    if _tracer is None:
        return None
    from opentelemetry.trace import SpanKind, get_current_span

    if not get_current_span().is_recording():
        return None
    parts = urlsplit(url)
    return _tracer.start_span(
        f"{method} {parts.path}",
        kind=SpanKind.CLIENT,
        attributes={
            "http.request.method": method,
            "server.address": parts.hostname or "",
            "url.path": parts.path,
        },
    )


def answered(span: Span | None, status: str) -> None:
    """End the span of a request; `none`: no answer came."""
    if span is None:
        return
    from opentelemetry.trace import Status, StatusCode

    if status.isdigit():
        span.set_attribute("http.response.status_code", int(status))
    if not status.startswith(("2", "3")):
        span.set_status(Status(StatusCode.ERROR))
    span.end()
