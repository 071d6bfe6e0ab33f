"""Spot as an engine sees it, over gRPC: binance's documented answers behind the whole connector."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import grpc
import pytest
from aiohttp import web
from google.type.decimal_pb2 import Decimal as Amount
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from connector.app import Connector
from connector.config import Config
from connector.exchange.embedded import redirected
from tests.exchange.ways.test_spot import BALANCES, ORDER, market
from tests.exchange.ways.venue import Venue
from tests.rpc.conftest import take

AT_MS = 1_749_993_300_000
BTC = "BTCUSDT"


@pytest.fixture
async def exchange(no_task_left: None) -> AsyncIterator[tuple[Venue, str]]:
    """Give the venue and its address."""
    place = Venue({})
    place.answers = {
        "/api/v3/exchangeInfo": {"symbols": [market("BTC", "USDT"), market("ETH", "USDT")]},
        "/api/v3/time": {"serverTime": AT_MS},
        "/api/v3/account": {"balances": BALANCES},
        "/api/v3/order": ORDER,
        "/api/v3/openOrders": [],
    }
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", place.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield place, f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def stub(exchange: tuple[Venue, str]) -> AsyncIterator[Any]:
    """Give a client of a connector to it, as `EXCHANGE=binance` configures one."""
    _, address = exchange
    urls = redirected("binance", f"http://{address}", f"ws://{address}")
    config = Config.model_validate(
        {
            "exchange": {
                "id": "binance",
                "api_key": "key",
                "api_secret": "secret",
                "ccxt": {"urls": urls, "options": {"fetchMarkets": {"types": ["spot"]}}},
            },
            "state": {"path": ":memory:"},
            "server": {"port": 0, "refusal_pause_ms": 10},
            "feeds": {"linger_s": 0},
        }
    )
    async with (
        Connector(config) as connector,
        grpc.aio.insecure_channel(f"127.0.0.1:{connector.port}") as channel,
    ):
        await connector.ready()
        yield ExchangeServiceStub(channel)


async def test_it_is_told_as_spot_that_pays_no_funding(stub: Any) -> None:
    assert (await stub.GetType(rpc.GetTypeRequest())).type == types.EXCHANGE_TYPE_SPOT

    asked = await stub.GetFundingRate(rpc.GetFundingRateRequest(symbol=BTC))
    every = (await stub.GetFundingRates(rpc.GetFundingRatesRequest())).rates
    stream = stub.SubscribeFundingRate(rpc.SubscribeFundingRateRequest(symbol=BTC))
    [streamed] = await take(stream, 1)
    stream.cancel()

    assert [each.symbol for each in every] == [BTC, "ETHUSDT"]
    for told in (asked, streamed, *every):
        assert (Decimal(told.rate.value), told.next_funding_time) == (0, 0)
        assert not told.HasField("predicted_rate")


async def test_what_is_owned_is_a_position_asked_for_and_streamed(stub: Any) -> None:
    asked = (await stub.GetPositions(rpc.GetPositionsRequest(symbol=BTC))).positions
    account = await stub.GetAccount(rpc.GetAccountRequest())
    stream = stub.SubscribePositions(rpc.SubscribePositionsRequest())
    streamed = await take(stream, 1)
    stream.cancel()

    for [position] in (asked, streamed):
        assert (position.symbol, Decimal(position.size.value)) == (BTC, Decimal("0.5"))
        assert not Decimal(position.liquidation_price.value or 0)
    assert (account.is_unified, Decimal(account.health_score.value)) == (False, 1)
    assert Decimal(account.available_balance.value) == 9000


async def test_margin_is_refused_and_nothing_is_sent(
    stub: Any, exchange: tuple[Venue, str]
) -> None:
    venue, _ = exchange
    order = resources.PlaceOrderRequest(
        symbol=BTC,
        side=types.ORDER_SIDE_BUY,
        type=types.ORDER_TYPE_LIMIT,
        quantity=Amount(value="0.5"),
        price=Amount(value="104500"),
        client_order_id="oc1",
    )
    placed = await stub.PlaceOrder(order)
    sent = len(venue.asked_on("/api/v3/order"))
    order.use_margin, order.client_order_id = True, "oc2"

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.PlaceOrder(order)

    assert (placed.order_id, placed.client_order_id) == (28, "oc1")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    # the engine takes "margin" for missing funds, so its case changes
    assert (caught.value.details() or "").startswith("not supported: use_Margin: binance")
    assert len(venue.asked_on("/api/v3/order")) == sent
