"""Clients that speak HTTP/2 as no gRPC library does: they alone are told, and the others go on."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc

from bench.programs import http2
from connector.grpc.server import SERVICE_NAME
from tests.rpc.conftest import WITHIN_S, Serve, Served, take

PRICES = rpc.SubscribePriceRequest(symbols=["BTCUSDT"])
WATCH = "/grpc.health.v1.Health/Watch"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def path(method: str) -> str:
    return f"/{SERVICE_NAME}/{method}"


@contextlib.asynccontextmanager
async def wire(served: Served, first: bytes = http2.SMALL) -> AsyncGenerator[http2.Line]:
    """Connect without a library, and listen."""
    line = await http2.Line.open(f"127.0.0.1:{served.connector.port}", first)
    listening = asyncio.create_task(line.listen())
    try:
        yield line
    finally:
        line.close()
        await listening


async def said(line: http2.Line, what: str, count: int = 1) -> None:
    async with asyncio.timeout(WITHIN_S):
        while line.said[what] < count:
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("named", [b"/\xff\xfe", b"/" + SERVICE_NAME.encode() + b"/\xc3(", b"nope"])
async def test_a_method_whose_name_is_no_text_ends_nobody_elses_streams(
    serve: Serve, named: bytes
) -> None:
    served = await serve()
    good: Any = served.stub.SubscribePrice(PRICES)
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await take(good, 1)

    async with wire(served) as line:
        line.send(http2.call(line.stream(), named))
        await said(line, "12 Method not found!")
        line.send(http2.call(line.stream(), named))
        await said(line, "12 Method not found!", 2)

    served.exchange.trade("BTCUSDT", "97123.20", "0.5")
    await take(good, 1)
    assert (await served.stub.GetName(rpc.GetNameRequest())).name


async def test_a_watcher_of_health_who_reads_nothing_holds_neither_health_nor_the_end_up(
    serve: Serve,
) -> None:
    served = await serve(stop_grace_ms=100)
    async with wire(served, http2.PREFACE + http2.settings(window=0)) as line:
        number = line.stream()
        line.send(http2.call(number, WATCH) + http2.message(number, b""))
        health = health_pb2_grpc.HealthStub(served.channel)
        other: Any = health.Watch(health_pb2.HealthCheckRequest())
        assert [each.status for each in await take(other, 1)] == [SERVING]

        served.connector.server.tell_health(False)
        assert [each.status for each in await take(other, 1)] == [NOT_SERVING]
        async with asyncio.timeout(WITHIN_S):
            await served.connector.server.stop()
        assert await other.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("method", ["GetName", "SubscribePrice"])
async def test_a_request_that_does_not_come_ends_its_call_and_no_other(
    serve: Serve, method: str
) -> None:
    served = await serve(limits={"request_s": 0.1})
    asked = PRICES.SerializeToString()
    async with wire(served) as line:
        silent, slow, open_ended = line.stream(), line.stream(), line.stream()
        line.send(http2.call(silent, path(method)))
        line.send(http2.call(slow, path(method)) + http2.beginning(slow, 1_000))
        line.send(http2.call(open_ended, path("SubscribePrice")))
        line.send(http2.message(open_ended, asked, ends=False))

        told = "limit reached: server.limits.request_s is 0.1, and the request is not here yet"
        await said(line, f"8 {told}", 2)
        await served.until(lambda: served.connector.service.streams.open == 1)
    await served.until(lambda: served.connector.service.streams.open == 0)


async def test_calls_whose_answers_are_not_read_are_counted_and_end_with_their_connection(
    serve: Serve,
) -> None:
    served = await serve(limits={"calls_per_client": 3})
    refused = "8 limit reached: server.limits.calls_per_client is 3"
    async with wire(served, http2.PREFACE + http2.settings(window=0)) as line:
        for count in range(1, 6):
            number = line.stream()
            line.send(http2.call(number, path("GetSymbols")) + http2.message(number, b""))
            await said(line, refused, max(0, count - 3))
        assert list(line.said) == [refused]

        assert (await served.stub.GetName(rpc.GetNameRequest())).name
        for each in (http2.CONNECTION, 1, 3, 5):
            line.send(http2.grant(each))
        await said(line, "0", 3)
        number = line.stream()
        line.send(http2.call(number, path("GetSymbols")) + http2.message(number, b""))
        line.send(http2.grant(number))
        await said(line, "0", 4)


@pytest.mark.parametrize(
    "method", [WATCH, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"]
)
async def test_watchers_of_health_and_reflections_are_streams_of_their_client(
    serve: Serve, method: str
) -> None:
    served = await serve(limits={"streams_per_client": 3})
    async with wire(served) as line:
        for _ in range(5):
            number = line.stream()
            line.send(http2.call(number, method) + http2.message(number, b"", ends=False))
        await said(line, "8 limit reached: server.limits.streams_per_client is 3", 2)


async def test_connections_beyond_the_limit_are_hung_up_on(serve: Serve) -> None:
    served = await serve(limits={"connections": 2, "idle_connection_s": 1})
    good: Any = served.stub.SubscribePrice(PRICES)
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await take(good, 1)
    async with wire(served) as second:
        async with wire(served) as third:
            await said(third, "connection closed")
        await said(second, "connection closed")  # nothing was called on it
        assert any(each.startswith("farewell") for each in second.said)

    served.exchange.trade("BTCUSDT", "97123.20", "0.5")
    await take(good, 1)
    async with wire(served) as fourth:
        number = fourth.stream()
        fourth.send(http2.call(number, path("GetName")) + http2.message(number, b""))
        await said(fourth, "0")
