"""Each figure moves for its own reason, while a client reads and Prometheus asks."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources

from connector import metrics
from connector.config import MetricsConfig
from connector.monitoring.endpoint import Endpoint
from tests.monitoring.scraping import Scrape, get, scrape
from tests.rpc.conftest import WITHIN_S, Serve, Served, take


class Watched:
    """A serving connector and its endpoint; `grown` compares with the scrape before."""

    def __init__(self, served: Served, port: int, before: Scrape) -> None:
        self.served, self.port, self._before = served, port, before

    async def grown(self, name: str, by: float, **labels: str) -> None:
        """Wait, bounded, until a sample has grown by so much, and fail if it grew by more."""
        async with asyncio.timeout(WITHIN_S):
            while (grown := await self._grown(name, labels)) < by:
                await asyncio.sleep(0.01)
        assert grown == by, (name, labels)

    async def is_at(self, name: str, value: float, **labels: str) -> None:
        """Wait, bounded, until a gauge stands there."""
        async with asyncio.timeout(WITHIN_S):
            while (await scrape(self.port)).of(name, **labels) != value:
                await asyncio.sleep(0.01)

    async def _grown(self, name: str, labels: dict[str, str]) -> float:
        return (await scrape(self.port)).of(name, **labels) - self._before.of(name, **labels)


def _order(**changed: Any) -> resources.PlaceOrderRequest:
    fields: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": 1,
        "type": 1,
        "quantity": {"value": "0.010"},
        "price": {"value": "90000.00"},
        **changed,
    }
    return resources.PlaceOrderRequest(**fields)


Watch = Callable[..., contextlib.AbstractAsyncContextManager[Watched]]


@pytest.fixture
def watch(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Serve an exchange and its metrics; the pipes of connectors before it aren't counted on."""
    for shared in (metrics.STREAM_MESSAGES, metrics.STAGE_ITEMS):
        monkeypatch.setattr(shared, "_cells", {})

    @contextlib.asynccontextmanager
    async def start(*settings: Any, **named: Any) -> AsyncGenerator[Watched]:
        served = await serve(*settings, **named)
        async with Endpoint(MetricsConfig(port=0), served.connector.looks) as endpoint:
            assert endpoint.port
            yield Watched(served, endpoint.port, await scrape(endpoint.port))

    return start


async def _prices(served: Served, *symbols: str) -> Any:
    call = served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=symbols))
    await served.until(lambda: len(served.upstream()) >= len(symbols))
    return call


async def test_a_tick_is_counted_at_every_stage_and_timed_to_its_write(watch: Watch) -> None:
    async with watch(feeds={"price": {"max_per_second": 0}}) as watched:
        call = await _prices(watched.served, "BTCUSDT")
        for n in range(3):
            watched.served.exchange.trade("BTCUSDT", f"97123.{n}0", "0.5")
            await take(call, 1)

        await watched.grown("exchange_stream_messages_total", 3, stream_type="price")
        for stage in ("heartbeat", "newest_only", "coalesce"):
            for what in ("in", "out"):
                labels = {"feed": "price", "stage": stage, "what": what}
                await watched.grown("connector_stage_items_total", 3, **labels)
        await watched.grown("connector_written_total", 3, feed="price")
        await watched.grown("connector_frame_to_write_seconds_count", 3, feed="price")
        await watched.is_at("connector_subscribers", 1, feed="price")
        await watched.is_at("connector_upstreams", 1, feed="price")
        await watched.is_at("exchange_stream_connected", 1, exchange="binance")
        assert (await scrape(watched.port)).of("connector_newest_age_seconds", feed="price") < 5
        call.cancel()
        await watched.is_at("connector_subscribers", 0, feed="price")
        await watched.is_at("connector_upstreams", 0, feed="price")
        await watched.grown("grpc_requests_total", 1, method="SubscribePrice", status="CANCELLED")


async def test_what_coalesce_replaces_is_counted_and_an_older_price_is_dropped(
    watch: Watch,
) -> None:
    async with watch(feeds={"price": {"max_per_second": 1}}) as watched:
        call = await _prices(watched.served, "BTCUSDT")
        for n in range(5):
            watched.served.exchange.trade("BTCUSDT", f"97123.{n}0", "0.5")
        stage = {"feed": "price", "stage": "coalesce"}
        await watched.grown("connector_stage_items_total", 5, what="in", **stage)
        await watched.grown("connector_stage_items_total", 3, what="coalesced", **stage)
        await take(call, 2)
        await watched.grown("connector_stage_items_total", 2, what="out", **stage)
        call.cancel()


async def test_a_clients_own_stages_are_counted(watch: Watch) -> None:
    async with watch(feeds={"price": {"max_per_second": 0}}) as watched:
        call = watched.served.stub.SubscribePrice(
            rpc.SubscribePriceRequest(symbols=["BTCUSDT"]),
            metadata=[("x-pipeline", "distinct")],
        )
        await watched.served.until(lambda: bool(watched.served.upstream()))
        for price in ("97123.00", "97123.00", "97124.00"):
            watched.served.exchange.trade("BTCUSDT", price, "0.5")
        await take(call, 2)

        stage = {"feed": "price", "stage": "distinct"}
        await watched.grown("connector_stage_items_total", 3, what="in", **stage)
        await watched.grown("connector_stage_items_total", 2, what="out", **stage)
        call.cancel()


async def test_a_poison_frame_is_counted_once(watch: Watch) -> None:
    async with watch() as watched:
        call = await _prices(watched.served, "BTCUSDT")
        sockets = watched.served.exchange.send_raw(None, '{"cut":')
        assert sockets == 1
        await watched.grown("connector_poison_frames_total", 1)
        call.cancel()


async def test_an_update_without_a_usable_value_is_counted(watch: Watch) -> None:
    async with watch() as watched:
        call = await _prices(watched.served, "BTCUSDT")
        text = '{"e":"24hrTicker","E":1749993342250,"C":1749993342250,"s":"BTCUSDT","c":"nought"}'
        watched.served.exchange.send_raw(watched.served.topic("ticker"), text)
        await watched.grown("connector_malformed_total", 1, kind="price")
        call.cancel()


async def test_a_lost_socket_is_one_loss_one_resumption_one_reconnect(watch: Watch) -> None:
    async with watch() as watched:
        served = watched.served
        call = await _prices(served, "BTCUSDT")
        await watched.is_at("connector_sockets", 1)
        await served.exchange.drop_sockets()
        await watched.grown("connector_sockets_lost_total", 1)
        await watched.grown("connector_resumed_total", 1, feed="price")
        await watched.grown("connector_reconnects_total", 1)
        await watched.is_at("connector_sockets", 1)
        await served.until(lambda: bool(served.upstream()))
        call.cancel()


async def test_a_reader_that_does_not_read_is_seen(watch: Watch) -> None:
    async with watch(feeds={"price": {"max_per_second": 0}}) as watched:
        served = watched.served
        narrow = (("grpc.http2.lookahead_bytes", 1024), ("grpc.http2.bdp_probe", 0))
        address = f"127.0.0.1:{served.connector.port}"
        async with grpc.aio.insecure_channel(address, options=narrow) as channel:
            call: Any = channel.unary_stream(
                "/opensqt.market_maker.v1.ExchangeService/SubscribePrice",
                rpc.SubscribePriceRequest.SerializeToString,
                lambda data: data,
            )(rpc.SubscribePriceRequest(symbols=["BTCUSDT"]))
            await served.until(lambda: bool(served.upstream()))
            async with asyncio.timeout(WITHIN_S * 4):
                turn = 0
                while (await scrape(watched.port)).of(
                    "connector_buffered_items", feed="price"
                ) < 1000:
                    for _ in range(200):
                        turn += 1
                        served.exchange.trade("BTCUSDT", f"{97000 + turn % 1000}.00", "0.5")
                    await asyncio.sleep(0)
            before = (await scrape(watched.port)).of(
                "connector_reader_coalesced_total", feed="price"
            )
            served.exchange.trade("BTCUSDT", "97123.00", "0.5")
            async with asyncio.timeout(WITHIN_S):
                while (await scrape(watched.port)).of(
                    "connector_reader_coalesced_total", feed="price"
                ) == before:
                    await asyncio.sleep(0.01)
            call.cancel()


async def test_calls_and_requests_are_counted_by_status(watch: Watch) -> None:
    async with watch() as watched:
        served = watched.served
        await served.stub.GetLatestPrice(rpc.GetLatestPriceRequest(symbol="BTCUSDT"))
        with pytest.raises(grpc.aio.AioRpcError):
            await served.stub.GetLatestPrice(rpc.GetLatestPriceRequest(symbol="NONEUSDT"))

        method = "GetLatestPrice"
        await watched.grown("grpc_requests_total", 1, method=method, status="OK")
        await watched.grown("grpc_requests_total", 1, method=method, status="INVALID_ARGUMENT")
        await watched.grown("grpc_request_duration_seconds_count", 2, method=method)
        assert (await watched._grown("connector_rest_calls_total", {"status": "200"})) >= 1  # pyright: ignore[reportPrivateUsage]
        scraped = await scrape(watched.port)
        assert 0 < scraped.of("connector_rest_weight") < scraped.of("connector_rest_weight_limit")


async def test_an_answer_that_never_comes_has_no_status(watch: Watch) -> None:
    async with watch() as watched:
        served = watched.served
        served.lose("place", "cut_after")
        await served.stub.PlaceOrder(_order())
        await watched.grown("connector_rest_calls_total", 1, status="none")


async def test_what_came_of_orders_is_counted(watch: Watch) -> None:
    async with watch({"fill_ratio": 0}) as watched:
        served = watched.served
        order = await served.stub.PlaceOrder(_order())
        vast = _order(quantity={"value": "500.000"})
        await served.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=[_order(), vast]))
        cancel = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=order.order_id)
        await served.stub.CancelOrder(cancel)
        with pytest.raises(grpc.aio.AioRpcError):
            await served.stub.CancelOrder(cancel)
        await served.stub.CancelAllOrders(rpc.CancelAllOrdersRequest(symbol="BTCUSDT"))

        outcomes = "connector_orders_total"
        await watched.grown(outcomes, 2, action="place", outcome="ok")
        await watched.grown(outcomes, 1, action="place", outcome="invalid_order")
        await watched.grown(outcomes, 1, action="cancel", outcome="ok")
        await watched.grown(outcomes, 1, action="cancel", outcome="order_not_found")
        await watched.grown(outcomes, 1, action="cancel_all", outcome="ok")


async def test_the_account_s_feeds_are_counted(watch: Watch) -> None:
    async with watch() as watched:
        served = watched.served
        orders = served.stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
        await served.until(lambda: served.exchange.private_connections == 1)
        await served.stub.PlaceOrder(_order(type=2))
        told = await take(orders, 1)
        while told[-1].status != 3:
            told += await take(orders, 1)

        await watched.grown("connector_written_total", len(told), feed="orders")
        stage = {"feed": "orders", "stage": "hold_until", "what": "out"}
        await watched.grown("connector_stage_items_total", len(told), **stage)
        orders.cancel()


async def test_ready_follows_the_exchange(watch: Watch) -> None:
    async with watch() as watched:
        async with asyncio.timeout(WITHIN_S):
            while (await get(watched.port, "/readyz"))[0] != 200:
                await asyncio.sleep(0.01)
        await watched.is_at("connector_exchange_reachable", 1)
