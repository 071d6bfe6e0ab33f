"""Ended calls leave nothing that waits for the garbage collector, which holds everybody up."""

import gc
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc

from bench.programs import http2
from tests.rpc.conftest import Serve
from tests.rpc.test_hostile_frames import WATCH, path, said, wire

NOT_HERE = "8 limit reached: server.limits.request_s is 0.02, and the request is not here yet"


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _contexts() -> int:
    """Count the calls that are still in memory."""
    return sum(type(each).__name__ == "_ServicerContext" for each in gc.get_objects())


async def test_calls_that_were_answered_or_refused_are_gone_without_a_collection(
    serve: Serve, no_collection: None
) -> None:
    served = await serve(limits={"request_s": 0.02})
    async with wire(served) as line:
        for method in (path("GetName"), path("SubscribePrice"), WATCH):
            line.send(http2.call(line.stream(), method))
        await said(line, NOT_HERE, 3)
    await served.stub.GetName(rpc.GetNameRequest())
    with pytest.raises(grpc.aio.AioRpcError, match="INVALID_SYMBOL"):
        await served.stub.GetLatestPrice(rpc.GetLatestPriceRequest(symbol="NONE"))
    left: Any = served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=["BTCUSDT"]))
    await served.until(lambda: served.connector.service.streams.open == 1)
    left.cancel()

    await served.until(lambda: _contexts() == 0)
