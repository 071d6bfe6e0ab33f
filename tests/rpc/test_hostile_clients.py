"""Clients that take more than their share: they alone are told, and the others go on."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1.events_pb2 import OrderUpdate
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub
from reactivex.subject import Subject

from connector.grpc import server
from tests.rpc.conftest import Serve, Served, take

PRICES = rpc.SubscribePriceRequest(symbols=["BTCUSDT"])
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


def _other(served: Served) -> grpc.aio.Channel:
    """Give a connection of its own."""
    address = f"127.0.0.1:{served.connector.port}"
    return grpc.aio.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])


async def _refusal(call: Any) -> str:
    async with asyncio.timeout(5):
        assert await call.code() is EXHAUSTED
        return str(await call.details())


async def _hears_prices(served: Served, call: Any, price: str) -> None:
    served.exchange.trade("BTCUSDT", price, "0.5")
    async with asyncio.timeout(5):
        while (await take(call, 1))[0].price.value != price:
            pass


async def test_a_client_with_too_many_streams_is_told_the_limit_and_others_go_on(
    serve: Serve,
) -> None:
    served = await serve(limits={"streams_per_client": 3})
    good: Any = served.stub.SubscribePrice(PRICES)
    await _hears_prices(served, good, "97123.10")

    async with _other(served) as channel:
        stub = ExchangeServiceStub(channel)
        calls: list[Any] = [stub.SubscribePrice(PRICES) for _ in range(1_000)]
        refused = "limit reached: server.limits.streams_per_client is 3"
        ends = {asyncio.ensure_future(_code(call)): call for call in calls}
        async with asyncio.timeout(20):
            await _hears_prices(served, good, "97123.20")
            for end in itertools.islice(asyncio.as_completed(ends), 997):
                assert await end == (EXHAUSTED, refused)
        kept = [call for end, call in ends.items() if not end.done()]
        for call in kept:
            await take(call, 1)
        kept[0].cancel()
        await served.until(lambda: served.connector.service.streams.open == 3)
        again: Any = stub.SubscribePrice(PRICES)
        await take(again, 1)
        for call in kept:
            call.cancel()
        await asyncio.gather(*ends, return_exceptions=True)

    await served.until(lambda: served.connector.service.streams.open == 1)
    await _hears_prices(served, good, "97123.30")


async def _code(call: Any) -> tuple[Any, str]:
    return await call.code(), await call.details()


async def test_too_many_symbols_are_refused_with_the_limits_name(serve: Serve) -> None:
    served = await serve()
    many = ["BTCUSDT"] * 5_000
    prices: Any = served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=many))
    klines: Any = served.stub.SubscribeKlines(
        rpc.SubscribeKlinesRequest(symbols=many, interval="1m")
    )

    for call in (prices, klines):
        told = await _refusal(call)
        assert told == "limit reached: server.limits.symbols_per_stream is 1000, not 5000"


async def test_too_large_batches_are_refused_before_anything_is_placed(serve: Serve) -> None:
    served = await serve()
    orders = [resources.PlaceOrderRequest(symbol="BTCUSDT")] * 501
    place: Any = served.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders))
    cancel: Any = served.stub.BatchCancelOrders(
        rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=range(1, 502))
    )

    for call in (place, cancel):
        told = await _refusal(call)
        assert told == "limit reached: server.limits.orders_per_batch is 500, not 501"


@pytest.mark.parametrize("size", [1024 * 1024, 4 * 1024 * 1024 + 1, 6 * 1024 * 1024])
async def test_a_large_message_is_refused_and_holds_nobody_up(serve: Serve, size: int) -> None:
    served = await serve()
    good: Any = served.stub.SubscribePrice(PRICES)
    await _hears_prices(served, good, "97123.10")
    call: Any = served.stub.GetLatestPrice(rpc.GetLatestPriceRequest(symbol="X" * size))

    told = await _refusal(call)
    whole = len(rpc.GetLatestPriceRequest(symbol="X" * size).SerializeToString())
    ours = f"limit reached: server.limits.request_bytes is 1048576, not {whole}"
    assert told == ours if whole < server.READ_BYTES else "larger than max" in told
    await _hears_prices(served, good, "97123.20")


async def test_streams_that_are_cancelled_at_once_leave_nothing(serve: Serve) -> None:
    served = await serve(limits={"streams_per_client": 50})
    for _ in range(5):
        calls: list[Any] = [served.stub.SubscribePrice(PRICES) for _ in range(40)]
        for call in calls:
            call.cancel()
        await asyncio.wait([asyncio.ensure_future(call.code()) for call in calls], timeout=5)

    await served.until(lambda: served.connector.service.streams.open == 0)
    good: Any = served.stub.SubscribePrice(PRICES)
    await _hears_prices(served, good, "97123.10")


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (
            {"buffered_items": 10},
            "reader too slow: more than 10 items wait for this reader "
            "(server.limits.buffered_items)",
        ),
        (
            {"behind_s": 0.05},
            "reader too slow: this reader is more than 0.05 s behind (server.limits.behind_s)",
        ),
    ],
)
async def test_a_reader_of_orders_that_has_stopped_is_let_go_of_and_told(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any], says: str
) -> None:
    served = await serve(limits=limits)
    updates: Subject[OrderUpdate] = Subject()

    def order_updates(own: object) -> Subject[OrderUpdate]:
        return updates

    monkeypatch.setattr(served.connector.feeds, "order_updates", order_updates)
    asked = rpc.SubscribeOrdersRequest()
    async with _other(served) as channel:
        stopped: Any = ExchangeServiceStub(channel).SubscribeOrders(asked)
        good: Any = served.stub.SubscribeOrders(asked)
        await served.until(lambda: len(updates.observers) == 2)

        async with asyncio.timeout(20):
            sent = 0
            while len(updates.observers) == 2:
                updates.on_next(OrderUpdate(order_id=sent, client_order_id="x" * 100_000))
                assert (await take(good, 1))[0].order_id == sent
                sent += 1
            assert served.connector.service.streams.open == 1
            heard = [message.order_id async for message in _until_refused(stopped)]

        assert await stopped.code() is EXHAUSTED
        assert await stopped.details() == says
        assert heard == list(range(len(heard)))
        assert len(heard) < sent
        updates.on_next(OrderUpdate(order_id=sent))
        assert (await take(good, 1))[0].order_id == sent


async def _until_refused(call: Any) -> AsyncIterator[OrderUpdate]:
    with contextlib.suppress(grpc.aio.AioRpcError):
        async for message in call:
            yield message
