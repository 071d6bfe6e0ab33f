"""`x-pipeline` in a stream's metadata: one client's stream is shaped, nobody else's."""

import asyncio
import time
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc

from tests.rpc.conftest import WITHIN_S, Serve, take

PRICE = rpc.SubscribePriceRequest(symbols=["BTCUSDT"])


def own(text: str) -> tuple[tuple[str, str], ...]:
    return (("x-pipeline", text),)


async def test_a_clients_own_pipeline_shapes_its_stream_alone(serve: Serve) -> None:
    served = await serve(feeds={"price": {"max_per_second": 0}})
    plain = served.stub.SubscribePrice(PRICE)
    shaped = served.stub.SubscribePrice(PRICE, metadata=own("min_move(bps=5)"))
    prices = ["97000.00", "97000.10", "97048.40", "97048.50", "97048.60"]
    every: list[Any] = []
    for price in prices:
        await served.until(lambda: "btcusdt@ticker" in served.upstream())
        served.exchange.trade("BTCUSDT", price, "0.5")
        every += await take(plain, 1)

    assert [each.price.value for each in every] == prices
    assert await take(shaped, 2) == [every[0], every[3]]  # 5 bp of 97000.00 are 48.50
    assert served.upstream() == {"btcusdt@ticker"}


REFUSED = [
    ("SubscribePrice", PRICE, "coalesc(max_per_second=2)", "at character 1 ('coalesc(max_per_seco"),
    ("SubscribePrice", PRICE, "distinct | min_move(bps=-1)", "at character 21 ('bps=-1)'): min_mo"),
    ("SubscribePrice", PRICE, "distinct |", "at character 11 ('the end'): expected a stage's name"),
    ("SubscribePrice", PRICE, "", "at character 1 ('the end'): expected a stage's name"),
    ("SubscribePrice", PRICE, "distinct" * 60, "at character 401 "),
    ("SubscribePrice", PRICE, "closed_only", "closed_only doesn't fit the price feed"),
    (
        "SubscribeKlines",
        rpc.SubscribeKlinesRequest(symbols=["BTCUSDT"], interval="1h"),
        "resample(to=5m)",
        "5m is no whole number of the bars that were asked for",
    ),
    (
        "SubscribeFundingRate",
        rpc.SubscribeFundingRateRequest(symbol="BTCUSDT"),
        "resample(to=5m)",
        "resample doesn't fit the funding feed; it fits klines",
    ),
    (
        "SubscribeOrders",
        rpc.SubscribeOrdersRequest(),
        "delay(by_s=1) | distinct",
        "at character 17 ('distinct'): distinct may drop or repeat items, and the orders stream",
    ),
    ("SubscribeAccount", rpc.SubscribeAccountRequest(), "min_move(bps=1)", "doesn't fit the acco"),
    ("SubscribePositions", rpc.SubscribePositionsRequest(), "sample()", "every_s is missing"),
    ("SubscribePrice", PRICE, "tap_log", "tap_log may stand in feeds.price.stages alone"),
    ("SubscribePrice", PRICE, "heartbeat(every_s=0.001)", "every_s should be greater than or"),
]


@pytest.mark.parametrize(("method", "request_", "text", "said"), REFUSED)
async def test_what_cannot_be_is_refused_after_its_pause_pointing_at_the_place(
    serve: Serve, method: str, request_: Any, text: str, said: str
) -> None:
    served = await serve(refusal_pause_ms=150)
    began = time.monotonic()
    call = getattr(served.stub, method)(request_, metadata=own(text))
    async with asyncio.timeout(WITHIN_S):
        assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT

    assert said in await call.details()
    assert (await call.details()).startswith("invalid request: ")
    assert time.monotonic() - began >= 0.15


async def test_it_is_given_once(serve: Serve) -> None:
    served = await serve()
    call = served.stub.SubscribePrice(PRICE, metadata=own("distinct") + own("distinct"))
    async with asyncio.timeout(WITHIN_S):
        assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "x-pipeline is given 2 times; allowed: once" in await call.details()


@pytest.mark.parametrize(
    ("method", "request_", "text"),
    [
        ("SubscribeAccount", rpc.SubscribeAccountRequest(), "distinct | delay(by_s=0)"),
        (
            "SubscribeFundingRate",
            rpc.SubscribeFundingRateRequest(symbol="BTCUSDT"),
            "smooth(half_life_s=1)",
        ),
    ],
)
async def test_the_last_value_still_comes_first(
    serve: Serve, method: str, request_: Any, text: str
) -> None:
    served = await serve()
    plain = getattr(served.stub, method)(request_)
    [last] = await take(plain, 1)
    shaped = getattr(served.stub, method)(request_, metadata=own(text))
    assert await take(shaped, 1) == [last]
    plain.cancel()
