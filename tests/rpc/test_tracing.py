"""Spans of unary calls, as a real collector receives them over HTTP."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from aiohttp import web
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from connector import tracing
from tests.endtoend.processes import STOP_S, ended, running
from tests.rpc.conftest import WITHIN_S, Serve, take

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SECRET = "signature"

Spans = Callable[[], Awaitable[list[Any]]]


@dataclass
class Collector:
    """Where spans are sent to, and what came."""

    url: str
    received: list[Any]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    """Receive spans over HTTP."""
    received: list[Any] = []

    async def take_spans(request: web.Request) -> web.Response:
        export = ExportTraceServiceRequest.FromString(await request.read())
        for resource in export.resource_spans:
            for scope in resource.scope_spans:
                received.extend(scope.spans)
        return web.Response(
            body=ExportTraceServiceResponse().SerializeToString(),
            content_type="application/x-protobuf",
        )

    app = web.Application()
    app.router.add_post("/v1/traces", take_spans)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Collector(f"http://127.0.0.1:{runner.addresses[0][1]}", received)
    await runner.cleanup()


@pytest.fixture
async def spans(collector: Collector) -> AsyncIterator[Spans]:
    """Trace into the collector; `await spans()` ends it and gives what came, oldest first."""
    stop = tracing.start(collector.url, 1.0)
    stopped = False

    async def ended() -> list[Any]:
        nonlocal stopped
        if not stopped:
            stopped = True
            await asyncio.to_thread(stop)
        return sorted(collector.received, key=lambda span: span.start_time_unix_nano)

    yield ended
    await ended()


def _attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


async def test_a_call_s_span_is_below_its_caller_s_and_above_its_requests(
    serve: Serve, spans: Spans
) -> None:
    served = await serve()
    await served.stub.GetLatestPrice(
        rpc.GetLatestPriceRequest(symbol="BTCUSDT"),
        metadata=[("traceparent", f"00-{TRACE}-{CALLER}-01")],
    )

    call, request = await spans()
    assert (call.name, call.trace_id.hex(), call.parent_span_id.hex()) == (
        "GetLatestPrice",
        TRACE,
        CALLER,
    )
    assert _attributes(call)["rpc.response.status_code"] == "OK"
    assert (request.name, request.trace_id.hex()) == ("GET /fapi/v1/ticker/24hr", TRACE)
    assert request.parent_span_id == call.span_id
    assert _attributes(request)["http.response.status_code"] == 200


async def test_a_refused_call_is_an_error_and_a_signed_request_shows_no_query(
    serve: Serve, spans: Spans
) -> None:
    served = await serve()
    with pytest.raises(grpc.aio.AioRpcError):
        await served.stub.CancelOrder(rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=77))

    told = await spans()
    assert _attributes(told[0])["rpc.response.status_code"] == "NOT_FOUND"
    assert told[0].status.code == 2
    assert {span.trace_id for span in told} == {told[0].trace_id}
    assert "DELETE /fapi/v1/order" in [span.name for span in told]
    assert not [span for span in told if SECRET in str(span)]


async def test_streams_and_what_nobody_called_for_have_no_span(serve: Serve, spans: Spans) -> None:
    served = await serve()
    call: Any = served.stub.SubscribeAccount(rpc.SubscribeAccountRequest())
    await take(call, 1)
    call.cancel()

    assert [span.name for span in await spans()] == []


async def test_a_trace_that_its_caller_does_not_record_is_not_recorded(
    serve: Serve, spans: Spans
) -> None:
    served = await serve()
    await served.stub.GetSymbolInfo(
        rpc.GetSymbolInfoRequest(symbol="BTCUSDT"),
        metadata=[("traceparent", f"00-{TRACE}-{CALLER}-00")],
    )
    assert await spans() == []


async def test_nothing_is_made_while_it_is_off(serve: Serve) -> None:
    served = await serve()
    answer = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))
    assert answer == rpc.GetOpenOrdersResponse(orders=list[resources.Order]())
    assert tracing.request("GET", "http://127.0.0.1/fapi/v1/order") is None


def test_it_is_said_what_to_install_where_the_packages_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(tracing.NotInstalled, match=r"opensqt-connector\[otel\]"):
        tracing.start("http://127.0.0.1:4318", 1.0)


async def test_a_process_hands_its_spans_over_before_it_ends(collector: Collector) -> None:
    async with (
        running("serve", "--port", "0", CONNECTOR_TRACING__ENDPOINT=collector.url) as run,
        grpc.aio.insecure_channel(f"127.0.0.1:{run.ready['port']}") as channel,
    ):
        await ExchangeServiceStub(channel).GetName(rpc.GetNameRequest(), timeout=WITHIN_S)
        run.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(run.process.wait(), STOP_S)

    assert run.process.returncode == 0
    assert [span.name for span in collector.received] == ["GetName"]


async def test_a_collector_is_named_by_its_address() -> None:
    told = await ended("serve", "--port", "0", CONNECTOR_TRACING__ENDPOINT="collector:4317")
    assert told.status == 2
    assert "tracing.endpoint" in told.err
