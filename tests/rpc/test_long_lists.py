"""Lists longer than an exchange's page: whole, wherever the connector relies on them."""

import asyncio
from decimal import Decimal
from typing import Any

import grpc
import pytest
from google.type.decimal_pb2 import Decimal as Amount
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from tests.rpc.account import BUY, traded
from tests.rpc.conftest import Serve, Served, both_dialects, take

pytestmark = both_dialects

MANY = 60
TWO_COINS = {
    "symbols": ("BTCUSDT", "BTCUSDC"),
    "balance": {"USDT": "100000", "USDC": "100000"},
}


@pytest.fixture(autouse=True)
def _nothing_is_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rely on lists alone: what was just placed would be asked for one by one."""
    monkeypatch.setattr("connector.exchange.order_recency.RECENT_S", 0.0)


def _order(name: str, symbol: str = "BTCUSDT") -> resources.PlaceOrderRequest:
    return resources.PlaceOrderRequest(
        symbol=symbol,
        side=BUY,
        type=types.ORDER_TYPE_LIMIT,
        quantity=Amount(value="0.010"),
        price=Amount(value="90000.0"),
        client_order_id=name,
    )


async def _many(served: Served) -> set[int]:
    """Place sixty orders that rest."""
    orders = [_order(f"many-{number}") for number in range(MANY)]
    async with asyncio.timeout(10):
        answer = await served.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders))
    assert answer.all_success
    return {order.order_id for order in answer.orders}


async def _open(served: Served, symbol: str) -> list[resources.Order]:
    return list((await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol=symbol))).orders)


async def test_every_open_order_is_listed_once(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    placed = await _many(served)

    for symbol in ("BTCUSDT", ""):
        listed = await _open(served, symbol)
        assert len(listed) == MANY
        assert {order.order_id for order in listed} == placed


async def test_what_a_gap_filled_is_told_with_every_trade_and_nothing_is_taken_for_ended(
    serve: Serve,
) -> None:
    served = await serve({"fill_ratio": 0})
    call: Any = served.stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
    await served.until_private_topics()
    placed = await _many(served)
    await take(call, MANY)

    served.exchange.refuse_websockets = True
    await served.exchange.drop_sockets(private=True)
    for number in range(MANY):
        for _ in range(2):
            served.exchange.fill("BTCUSDT", f"many-{number}", "0.002")
    served.exchange.refuse_websockets = False
    told = await take(call, 2 * MANY)

    assert {update.order_id for update in told} == placed
    assert {update.status for update in told} == {types.ORDER_STATUS_PARTIALLY_FILLED}
    assert len({update.last_trade.trade_id for update in told}) == 2 * MANY
    assert all(Decimal(update.last_trade.quantity.value) == Decimal("0.002") for update in told)
    call.cancel()


async def test_all_are_cancelled_where_no_one_call_does_it(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    await _many(served)
    served.connector.session.ccxt.has["cancelAllOrders"] = False

    await served.stub.CancelAllOrders(rpc.CancelAllOrdersRequest(symbol="BTCUSDT"))

    assert served.exchange.orders(only_open=True) == []


async def test_orders_and_positions_of_every_settlement_coin_are_listed(serve: Serve) -> None:
    served = await serve({**TWO_COINS, "fill_ratio": 0})
    for symbol in ("BTCUSDT", "BTCUSDC"):
        await traded(served, "0.010", symbol=symbol)
        await served.stub.PlaceOrder(_order(f"in-{symbol}", symbol))

    listed = await _open(served, "")
    positions = (await served.stub.GetPositions(rpc.GetPositionsRequest())).positions

    assert {order.symbol for order in listed} == {"BTCUSDT", "BTCUSDC"}
    assert {position.symbol for position in positions} == {"BTCUSDT", "BTCUSDC"}


async def test_a_list_without_an_end_is_an_error_and_never_a_part(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await serve({"fill_ratio": 0})
    monkeypatch.setattr("connector.exchange.pages.MOST_PAGES", 1)
    await _many(served)

    if served.dialect == "binance":  # one page holds them all
        assert len(await _open(served, "BTCUSDT")) == MANY
        return
    with pytest.raises(grpc.aio.AioRpcError, match="open orders: more than 1 pages"):
        await _open(served, "BTCUSDT")
