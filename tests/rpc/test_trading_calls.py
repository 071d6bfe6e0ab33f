"""Orders, balances and positions through a real server, real ccxt and the embedded exchange."""

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest
from aiohttp import web
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from connector.simulator.serving.faults import Failing
from connector.simulator.trading.account import USUAL_LEVERAGE
from tests.rpc.conftest import Serve, Served, both_dialects

pytestmark = both_dialects

BUY, SELL = types.ORDER_SIDE_BUY, types.ORDER_SIDE_SELL
LIMIT, MARKET = types.ORDER_TYPE_LIMIT, types.ORDER_TYPE_MARKET


def _order(**fields: Any) -> resources.PlaceOrderRequest:
    """Give a BTCUSDT limit order that rests, changed by what is named."""
    usual: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": BUY,
        "type": LIMIT,
        "quantity": "0.010",
        "price": "90000.0",
    }
    usual |= fields
    for name in ("quantity", "price"):
        usual[name] = {"value": usual[name]}
    return resources.PlaceOrderRequest(**usual)


async def _placed(served: Served, **fields: Any) -> resources.Order:
    async with asyncio.timeout(15):
        return await served.stub.PlaceOrder(_order(**fields))


async def _refused(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details() or ""


async def test_a_limit_order_rests_and_is_listed_at_once(serve: Serve) -> None:
    served = await serve()

    order = await _placed(served, client_order_id="x-zdfVM8vY_grid_1", symbol="BTC/USDT:USDT")
    listed = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))

    assert order.order_id > 0
    assert (order.client_order_id, order.symbol) == ("x-zdfVM8vY_grid_1", "BTC/USDT:USDT")
    assert (order.status, order.executed_qty.value.strip("0.")) == (types.ORDER_STATUS_NEW, "")
    assert Decimal(order.price.value) == 90000
    assert not order.HasField("avg_price")
    assert order.created_at.seconds > 0
    assert [(o.order_id, o.client_order_id, o.symbol) for o in listed.orders] == [
        (order.order_id, "x-zdfVM8vY_grid_1", "BTCUSDT")
    ]


async def test_an_order_is_listed_from_its_answer_on_also_where_the_exchange_lists_it_late(
    serve: Serve,
) -> None:
    served = await serve({"fill_ratio": 0})
    served.exchange.list_late = True
    orders = [await _placed(served, client_order_id=f"o{n}") for n in range(4)]
    other = await _placed(served, symbol="ETHUSDT", price="3000.00", quantity="0.100")

    served.exchange.fill("BTCUSDT", "o1", "0.005")
    served.exchange.fill("BTCUSDT", "o2", "0.010")
    request = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=orders[3].order_id)
    await served.stub.CancelOrder(request)
    listed = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))
    every = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest())

    assert [(o.client_order_id, Decimal(o.executed_qty.value)) for o in listed.orders] == [
        ("o0", Decimal(0)),
        ("o1", Decimal("0.005")),
    ]
    assert {o.order_id for o in every.orders} == {
        orders[0].order_id,
        orders[1].order_id,
        other.order_id,
    }


async def test_an_order_in_a_market_that_is_listed_no_more_is_seen_and_cancelled(
    serve: Serve,
) -> None:
    served = await serve()
    order = await _placed(served, symbol="ETHUSDT", price="3000.00", quantity="0.100")
    ccxt: Any = served.connector.session.ccxt
    listed = await ccxt.fetch_markets()

    async def without_it() -> list[Any]:
        return [market for market in listed if market["id"] != "ETHUSDT"]

    ccxt.fetch_markets = without_it
    await served.connector.session.load_markets()
    symbols = await served.stub.GetSymbols(rpc.GetSymbolsRequest())
    seen = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest())
    request = rpc.CancelOrderRequest(symbol="ETHUSDT", order_id=order.order_id)
    await served.stub.CancelOrder(request)
    left = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="ETHUSDT"))

    assert "BTCUSDT" in symbols.symbols
    assert "ETHUSDT" not in symbols.symbols
    assert [(each.order_id, each.symbol) for each in seen.orders] == [(order.order_id, "ETHUSDT")]
    assert not left.orders


async def test_an_answer_about_another_order_is_none(serve: Serve) -> None:
    served = await serve()
    order = await _placed(served, client_order_id="asked")
    method, path = served.path("order")
    (asked,) = (each.exchange_id for each in served.exchange.orders())

    other = asked[:-1] + ("2" if asked.endswith("1") else "1")

    def spoil(body: bytes) -> bytes:
        return body.replace(asked.encode(), other.encode())

    def matches(request: web.Request) -> bool:
        return (request.method, request.path) == (method, path)

    served.exchange.faults.plan(Failing(matches=matches, kind="spoilt", spoil=spoil))
    request = rpc.GetOrderRequest(symbol="BTCUSDT", order_id=order.order_id)
    code, details = await _refused(served.stub.GetOrder(request))

    assert code is grpc.StatusCode.UNAVAILABLE
    assert "told of" in details


@pytest.mark.parametrize("told", [b"{}", b'{"retCode":110001,"retMsg":"order no', b""])
async def test_a_refused_cancellation_that_nobody_can_read_is_none_that_was_done(
    serve: Serve, told: bytes
) -> None:
    served = await serve({"fill_ratio": 0})
    order = await _placed(served, client_order_id="filled")
    served.exchange.fill("BTCUSDT", "filled", "0.010")
    method, path = served.path("cancel")

    def matches(asked: web.Request) -> bool:
        return (asked.method, asked.path) == (method, path)

    served.exchange.faults.plan(Failing(matches=matches, kind="spoilt", spoil=lambda _: told))
    request = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=order.order_id)
    code, _ = await _refused(served.stub.CancelOrder(request))

    assert code is grpc.StatusCode.NOT_FOUND


async def test_orders_that_a_list_lacks_are_asked_for_a_few_at_once(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    ccxt: Any = served.connector.session.ccxt
    ccxt.enableRateLimit = False  # a start uses most of it up
    served.exchange.list_late = True
    names = [f"o{n}" for n in range(12)]
    for name in names:
        await _placed(served, client_order_id=name)
    real, under_way, most = ccxt.fetch, 0, 0

    async def fetch(*arguments: Any, **named: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await real(*arguments, **named)
        finally:
            under_way -= 1

    ccxt.fetch = fetch
    listed = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))

    assert [order.client_order_id for order in listed.orders] == names
    assert 1 < most <= 5


async def test_a_market_order_says_how_much_it_executed_and_its_price_is_ignored(
    serve: Serve,
) -> None:
    served = await serve()

    order = await _placed(served, type=MARKET, price="0", quantity="0.020")
    positions = await served.stub.GetPositions(rpc.GetPositionsRequest(symbol="BTCUSDT"))
    every = await served.stub.GetPositions(rpc.GetPositionsRequest())

    assert order.status == types.ORDER_STATUS_FILLED
    assert Decimal(order.executed_qty.value) == Decimal("0.020")
    assert Decimal(order.avg_price.value) > 0
    assert [p.symbol for p in positions.positions] == ["BTCUSDT"]
    assert Decimal(positions.positions[0].size.value) == Decimal("0.020")
    assert Decimal(positions.positions[0].mark_price.value) > 0
    assert positions.positions[0].haircut.value == "1"
    assert [p.symbol for p in every.positions] == ["BTCUSDT"]


async def test_a_short_position_is_negative_and_a_closed_one_is_not_listed(serve: Serve) -> None:
    served = await serve()

    await _placed(served, type=MARKET, side=SELL, quantity="0.030")
    short = await served.stub.GetPositions(rpc.GetPositionsRequest(symbol="BTCUSDT"))
    await _placed(served, type=MARKET, side=BUY, quantity="0.030", reduce_only=True)
    flat = await served.stub.GetPositions(rpc.GetPositionsRequest(symbol="BTCUSDT"))

    assert Decimal(short.positions[0].size.value) == Decimal("-0.030")
    assert not flat.positions


async def test_an_order_without_a_client_id_gets_one_and_is_told_it(serve: Serve) -> None:
    served = await serve()

    order = await _placed(served)
    request = rpc.GetOrderRequest(symbol="BTCUSDT", client_order_id=order.client_order_id)

    assert order.client_order_id
    assert (await served.stub.GetOrder(request)).order_id == order.order_id


async def test_an_order_is_found_by_either_id(serve: Serve) -> None:
    served = await serve()
    order = await _placed(served, client_order_id="mine")

    by_id = await served.stub.GetOrder(
        rpc.GetOrderRequest(symbol="BTCUSDT", order_id=order.order_id)
    )
    by_client_id = await served.stub.GetOrder(
        rpc.GetOrderRequest(symbol="BTCUSDT", client_order_id="mine")
    )

    assert by_id == by_client_id
    assert by_id.client_order_id == "mine"


async def test_prices_and_quantities_are_rounded_to_the_market(serve: Serve) -> None:
    served = await serve()

    order = await _placed(served, price="90000.0499", quantity="0.0109999")

    assert Decimal(order.price.value) == Decimal("90000.0")
    assert Decimal(order.quantity.value) == Decimal("0.010")


async def test_a_cancelled_order_is_gone_and_a_second_cancel_finds_nothing(serve: Serve) -> None:
    served = await serve()
    order = await _placed(served)
    request = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=order.order_id)

    await served.stub.CancelOrder(request)
    code, message = await _refused(served.stub.CancelOrder(request))
    listed = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))

    assert code is grpc.StatusCode.NOT_FOUND
    assert message.startswith("order not found")
    assert not listed.orders


@pytest.mark.parametrize("how", ["cut_before", "cut_after"])
async def test_a_cancel_whose_answer_is_lost_is_looked_up(serve: Serve, how: str) -> None:
    served = await serve()
    order = await _placed(served)
    served.lose("cancel", how)
    request = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=order.order_id)

    if how == "cut_before":
        code, message = await _refused(served.stub.CancelOrder(request))
        assert (code, message[:20]) == (grpc.StatusCode.UNAVAILABLE, "exchange unavailable")
    else:
        await served.stub.CancelOrder(request)

    assert len(served.exchange.orders(only_open=True)) == (how == "cut_before")


async def test_cancelling_a_filled_order_is_not_a_success_also_when_the_answer_is_lost(
    serve: Serve,
) -> None:
    served = await serve()
    order = await _placed(served, type=MARKET)
    served.lose("cancel", "cut_before")
    request = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=order.order_id)

    code, message = await _refused(served.stub.CancelOrder(request))

    assert code is grpc.StatusCode.NOT_FOUND
    assert message.startswith("order not found")


async def test_all_orders_of_a_symbol_are_cancelled_and_no_others(serve: Serve) -> None:
    served = await serve()
    for _ in range(3):
        await _placed(served)
    other = await _placed(served, symbol="ETHUSDT", price="3000.00", quantity="0.100")

    await served.stub.CancelAllOrders(rpc.CancelAllOrdersRequest(symbol="BTCUSDT"))
    left = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest())

    assert [(o.order_id, o.symbol) for o in left.orders] == [(other.order_id, "ETHUSDT")]


async def test_a_repeated_client_id_is_answered_with_the_existing_order(serve: Serve) -> None:
    served = await serve()
    first = await _placed(served, client_order_id="twice")

    again = await _placed(served, client_order_id="twice")

    assert again.order_id == first.order_id
    assert served.exchange.orders_placed["twice"] == 1


async def test_a_filled_order_answers_for_its_repetition_too(serve: Serve) -> None:
    served = await serve()
    first = await _placed(served, client_order_id="twice", type=MARKET)

    again = await _placed(served, client_order_id="twice", type=MARKET)

    assert again.order_id == first.order_id
    assert again.status == types.ORDER_STATUS_FILLED
    assert served.exchange.orders_placed["twice"] == 1


async def test_the_same_id_placed_twice_at_once_is_one_order(serve: Serve) -> None:
    served = await serve()

    orders = await asyncio.gather(*(_placed(served, client_order_id="race") for _ in range(5)))

    assert len({order.order_id for order in orders}) == 1
    assert served.exchange.orders_placed["race"] == 1


async def test_another_order_with_a_used_client_id_is_refused(serve: Serve) -> None:
    served = await serve()
    await _placed(served, client_order_id="taken")

    code, message = await _refused(_placed(served, client_order_id="taken", quantity="0.020"))

    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert message.startswith("duplicate order: client order id taken belongs to another order")


async def test_an_id_that_an_order_of_another_symbol_has_is_refused_also_when_that_is_filled(
    serve: Serve,
) -> None:
    served = await serve()
    await _placed(served, client_order_id="taken", type=MARKET)
    other = _order(client_order_id="taken", type=MARKET, symbol="ETHUSDT", quantity="0.1")

    code, message = await _refused(served.stub.PlaceOrder(other))

    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert message.startswith("duplicate order: client order id taken belongs to another order")
    assert served.exchange.orders_placed["taken"] == 1


LOST = ["cut_after", ("status_after", 503)]


@pytest.mark.parametrize("how", LOST)
@pytest.mark.parametrize("client_order_id", ["mine", ""])
async def test_a_lost_answer_is_looked_up_and_never_doubled(
    serve: Serve, how: Any, client_order_id: str
) -> None:
    served = await serve()
    served.exchange.fail_next(*served.path("place"), how)

    order = await _placed(served, client_order_id=client_order_id)
    listed = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))

    assert [o.order_id for o in listed.orders] == [order.order_id]
    assert served.exchange.orders_placed[order.client_order_id] == 1


async def test_an_order_whose_request_was_cut_off_is_told_as_not_placed_and_may_be_repeated(
    serve: Serve,
) -> None:
    served = await serve()
    served.exchange.fail_next(*served.path("place"), "cut_before")

    code, message = await _refused(_placed(served, client_order_id="mine"))
    order = await _placed(served, client_order_id="mine")

    assert code is grpc.StatusCode.UNAVAILABLE
    assert message.startswith("exchange unavailable: the order was not placed")
    assert order.client_order_id == "mine"
    assert served.exchange.orders_placed["mine"] == 1


async def test_an_order_beyond_the_limit_of_requests_is_told_so_and_was_not_sent(
    serve: Serve, dialect: str
) -> None:
    if dialect == "bybit":
        pytest.skip("there the limit is of a second, so that the order waits and is sent")
    served = await serve()
    throttler = served.connector.session.ccxt.throttler
    throttler.note(throttler.max_weight)

    async with asyncio.timeout(5):
        code, message = await _refused(_placed(served, client_order_id="held"))

    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert message.startswith("rate limit exceeded: the exchange's limit of requests is used up")
    assert "held" not in served.exchange.orders_placed


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"side": 0}, grpc.StatusCode.INVALID_ARGUMENT, "invalid order: side is unspecified"),
        ({"type": 0}, grpc.StatusCode.INVALID_ARGUMENT, "invalid order: type is unspecified"),
        (
            {"quantity": "--"},
            grpc.StatusCode.INVALID_ARGUMENT,
            "invalid order: quantity '--' is no number",
        ),
        ({"price": "NaN"}, grpc.StatusCode.INVALID_ARGUMENT, "invalid order: price 'NaN' is no"),
        ({"price": "0"}, grpc.StatusCode.INVALID_ARGUMENT, "invalid order: price 0 is not above"),
        (
            {"quantity": "0.0001"},
            grpc.StatusCode.INVALID_ARGUMENT,
            "invalid order: quantity 0.0001 is below one step",
        ),
        ({"symbol": "NOPE"}, grpc.StatusCode.INVALID_ARGUMENT, "INVALID_SYMBOL: "),
        (
            {"quantity": "30.000"},
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "insufficient funds: ",
        ),
        (
            {"price": "98000.0", "post_only": True},
            grpc.StatusCode.FAILED_PRECONDITION,
            "POST_ONLY would execute immediately: ",
        ),
        (
            {"type": MARKET, "post_only": True},
            grpc.StatusCode.INVALID_ARGUMENT,
            "invalid order: a MARKET order can't be post-only",
        ),
        (
            {"client_order_id": "x" * 65},
            grpc.StatusCode.INVALID_ARGUMENT,
            "invalid request: client_order_id has 65 characters; allowed: up to 64",
        ),
    ],
)
async def test_a_bad_order_is_refused_by_what_is_wrong_with_it(
    serve: Serve, fields: dict[str, Any], code: grpc.StatusCode, says: str
) -> None:
    served = await serve()

    told, message = await _refused(_placed(served, **fields))

    assert (told, message[: len(says)]) == (code, says)


async def test_the_account_is_told_whole(serve: Serve) -> None:
    served = await serve()
    empty = await served.stub.GetAccount(rpc.GetAccountRequest())
    await _placed(served, type=MARKET, quantity="0.100")
    account = await served.stub.GetAccount(rpc.GetAccountRequest())

    assert Decimal(empty.total_wallet_balance.value) == 100_000
    assert (empty.health_score.value, empty.account_leverage) == ("1", 1)
    assert [p.symbol for p in account.positions] == ["BTCUSDT"]
    assert 0 < Decimal(account.health_score.value) < 1
    assert Decimal(account.total_maintenance_margin.value) > 0
    assert 0 < Decimal(account.available_balance.value) < 100_000


async def test_an_account_is_told_in_the_asset_that_it_trades_in(serve: Serve) -> None:
    served = await serve({"symbols": ("BTCUSDC", "ETHUSDT"), "balance": {"USDC": "100000"}})
    empty = await served.stub.GetAccount(rpc.GetAccountRequest())
    await _placed(served, symbol="BTCUSDC", type=MARKET, quantity="0.100")
    account = await served.stub.GetAccount(rpc.GetAccountRequest())

    assert Decimal(empty.total_wallet_balance.value) == 100_000
    assert Decimal(empty.available_balance.value) == 100_000
    assert 0.99 < Decimal(account.health_score.value) < 1
    assert 0 < Decimal(account.total_maintenance_margin.value) < 100
    assert 99_000 < Decimal(account.adjusted_equity.value) < 100_000
    assert 90_000 < Decimal(account.available_balance.value) < 99_500


async def test_a_positions_leverage_is_what_the_exchange_lends_at(serve: Serve) -> None:
    served = await serve()
    await _placed(served, type=MARKET, side=SELL)
    await _placed(served)  # its margin is none of the position's

    (position,) = (await served.stub.GetPositions(rpc.GetPositionsRequest())).positions
    account = await served.stub.GetAccount(rpc.GetAccountRequest())

    assert (position.leverage, account.account_leverage) == (USUAL_LEVERAGE, USUAL_LEVERAGE)


async def test_a_balance_is_an_assets_own(serve: Serve) -> None:
    served = await serve()

    for asset, free in (("USDT", 100_000), ("usdt", 100_000), ("DOGE", 0), ("", 100_000)):
        answer = await served.stub.GetBalance(rpc.GetBalanceRequest(asset=asset))
        assert Decimal(answer.balance.value) == free


async def test_an_asset_is_found_in_any_case_that_leaves_no_doubt(serve: Serve) -> None:
    served = await serve()
    wallet = {"Jade Protocol": "1", "omni": "2", "aB": "3", "Ab": "4"}

    async def fetch_balance() -> Any:
        return {"total": wallet, "free": wallet, "used": {}}

    served.connector.session.ccxt.fetch_balance = fetch_balance

    asked = {"Jade Protocol": "1", "JADE PROTOCOL": "1", "OMNI": "2", "aB": "3", "Ab": "4"}
    for asset, free in asked.items():
        answer = await served.stub.GetBalance(rpc.GetBalanceRequest(asset=asset))
        assert answer.balance.value == free
    code, message = await _refused(served.stub.GetBalance(rpc.GetBalanceRequest(asset="AB")))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert message == "invalid request: asset 'AB': the account has aB, Ab"


async def test_a_killed_post_only_order_is_placed_when_it_is_sent_again_without(
    serve: Serve,
) -> None:
    served = await serve()
    crossing: dict[str, Any] = {"client_order_id": "again", "price": "98000.0"}
    code, message = await _refused(_placed(served, **crossing, post_only=True))
    assert code is grpc.StatusCode.FAILED_PRECONDITION
    assert message.startswith("POST_ONLY would execute immediately")

    order = await _placed(served, **crossing)
    listed = await served.stub.GetOrder(
        rpc.GetOrderRequest(symbol="BTCUSDT", client_order_id="again")
    )

    assert (order.client_order_id, listed.order_id) == ("again", order.order_id)
    assert Decimal(listed.executed_qty.value) == Decimal(listed.quantity.value)


async def test_a_client_id_recurs_once_its_order_is_long_ended(serve: Serve) -> None:
    served = await serve()
    first = await _placed(served, client_order_id="exit", type=MARKET)
    served.exchange.advance(120)
    await served.connector.session.open()  # and learn what time it is

    second = await _placed(served, client_order_id="exit", type=MARKET)

    assert second.order_id != first.order_id
    assert second.client_order_id == "exit"
    assert Decimal(served.exchange.positions()[0].quantity) == 2 * Decimal(first.quantity.value)


async def test_order_ids_are_positive_and_the_same_after_a_restart(
    serve: Serve, tmp_path: Path
) -> None:
    state = str(tmp_path / "state.sqlite3")
    served = await serve(state=state)
    order = await _placed(served, client_order_id="kept")
    await served.connector.__aexit__()
    again = await serve(state=state, at=served.exchange)
    listed = await again.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))
    await again.stub.CancelOrder(rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=order.order_id))

    assert 0 < order.order_id < 1 << 63
    assert [each.order_id for each in listed.orders] == [order.order_id]
    assert served.exchange.order("BTCUSDT", "kept").status == "canceled"


async def test_after_a_crash_an_id_is_looked_up_however_long_nobody_could_be_asked(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.DOUBT_S", 0.0)
    state = str(tmp_path / "state.sqlite3")
    served = await serve(state=state)
    order = await _placed(served, client_order_id="once", type=MARKET, price="0")
    await served.connector.__aexit__()
    with closing(sqlite3.connect(state)) as file, file:  # as if the machine had lost its power
        file.execute("INSERT INTO running SELECT scope FROM links LIMIT 1")
        file.execute("DELETE FROM links")

    again = await serve(state=state, at=served.exchange)

    assert (await _placed(again, client_order_id="once", type=MARKET)).order_id == order.order_id
    assert served.exchange.orders_placed == {"once": 1}


async def test_an_order_without_a_time_in_force_rests_until_it_is_cancelled(serve: Serve) -> None:
    served = await serve()

    await _placed(served, client_order_id="mine")

    assert str(served.exchange.order("BTCUSDT", "mine").lifetime) == "until_canceled"


async def test_a_market_order_that_is_only_acknowledged_is_asked_for_until_it_is_executed(
    serve: Serve,
) -> None:
    served = await serve()
    ccxt: Any = served.connector.session.ccxt
    create = ccxt.create_order

    async def acknowledged(*order: Any) -> Any:
        raw = await create(*order)
        return {"id": raw["id"], "clientOrderId": raw["clientOrderId"], "info": {}}

    ccxt.create_order = acknowledged
    order = await _placed(served, type=MARKET, price="0", quantity="0.020")

    assert (order.status, order.executed_qty.value) == (types.ORDER_STATUS_FILLED, "0.020")


async def test_an_order_of_which_nobody_knows_is_told_as_unknown_and_its_repetition_finds_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_BOUND_S", 0.3)
    served = await serve()
    served.exchange.fail_next(*served.path("place"), "cut_after")
    served.exchange.fail_next("GET", "*", ("status_before", 503), 1000)

    code, message = await _refused(_placed(served, client_order_id="mine"))
    _, still = await _refused(_placed(served, client_order_id="mine"))
    served.exchange.faults.forget()
    again = await _placed(served, client_order_id="mine")

    assert code is grpc.StatusCode.UNAVAILABLE
    assert message.startswith("order outcome unknown: ")
    assert still.startswith("order outcome unknown: "), "unsent itself, but not the first"
    assert again.client_order_id == "mine"
    assert served.exchange.orders_placed["mine"] == 1


async def test_an_order_that_answers_for_its_repetition_is_listed_from_then_on(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_BOUND_S", 0.3)
    served = await serve()
    served.exchange.list_late = True
    served.exchange.fail_next(*served.path("place"), "cut_after")
    served.exchange.fail_next("GET", "*", ("status_before", 503), 1000)
    await _refused(_placed(served, client_order_id="mine"))
    served.exchange.faults.forget()

    again = await _placed(served, client_order_id="mine")
    listed = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))

    assert [order.order_id for order in listed.orders] == [again.order_id]


async def test_an_order_of_unknown_outcome_answers_for_its_repetition_however_late(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_BOUND_S", 0.3)
    served = await serve()
    served.exchange.fail_next(*served.path("place"), "cut_after")
    served.exchange.fail_next("GET", "*", ("status_before", 503), 1000)

    _, message = await _refused(_placed(served, client_order_id="exit", type=MARKET))
    session: Any = served.connector.session
    for _ in range(2):  # nobody can tell for longer than an ended order's id stays taken
        served.exchange.advance(45)
        session._offset_ms += 45_000
        await _refused(_placed(served, client_order_id="exit", type=MARKET))
    served.exchange.faults.forget()
    again = await _placed(served, client_order_id="exit", type=MARKET)

    assert message.startswith("order outcome unknown: ")
    assert again.status == types.ORDER_STATUS_FILLED
    assert served.exchange.orders_placed["exit"] == 1


async def test_an_order_whose_caller_left_answers_for_his_repetition_however_late(
    serve: Serve,
) -> None:
    served = await serve()
    served.exchange.fail_next(*served.path("place"), ("delay", 0.1))
    placing = asyncio.ensure_future(_placed(served, client_order_id="exit", type=MARKET))
    await served.until(lambda: "exit" in served.exchange.orders_placed)
    placing.cancel()
    orders: Any = served.connector.service
    await served.until(lambda: not orders._orders._underway)

    orders_of_id: list[resources.Order] = []
    for _ in range(2):
        served.exchange.advance(61)
        await served.connector.session.open()
        orders_of_id.append(await _placed(served, client_order_id="exit", type=MARKET))
        assert sum(served.exchange.orders_placed.values()) == len(orders_of_id)

    first, another = orders_of_id
    assert first.status == types.ORDER_STATUS_FILLED
    assert another.order_id != first.order_id, "he was told of it: then his id asks for another"


async def test_a_past_order_does_not_answer_for_a_repetition_of_unknown_outcome(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_BOUND_S", 0.3)
    served = await serve()
    past = await _placed(served, client_order_id="exit", type=MARKET)
    served.exchange.advance(61)
    await served.connector.session.open()
    served.exchange.fail_next(*served.path("place"), "cut_before")
    served.exchange.fail_next("GET", "*", ("status_before", 503), 1000)
    orders: Any = served.connector.service
    monkeypatch.setattr(orders._orders, "existing", _nothing)

    _, message = await _refused(_placed(served, client_order_id="exit", type=MARKET))
    monkeypatch.undo()
    served.exchange.faults.forget()
    again = await _placed(served, client_order_id="exit", type=MARKET)

    assert message.startswith("order outcome unknown: ")
    assert again.order_id != past.order_id


async def _nothing(_: Any) -> None:
    """Stand for an exchange that answers until the order is sent."""


@pytest.mark.parametrize("unread", [{}, {"id": None, "status": "?"}, KeyError("orderId")])
async def test_an_answer_that_nobody_can_read_is_a_lost_one(serve: Serve, unread: Any) -> None:
    served = await serve()
    ccxt: Any = served.connector.session.ccxt
    create = ccxt.create_order

    async def answered(*order: Any) -> Any:
        await create(*order)
        if isinstance(unread, Exception):
            raise unread
        return unread

    ccxt.create_order = answered
    order = await _placed(served, client_order_id="mine")

    assert (order.client_order_id, order.status) == ("mine", types.ORDER_STATUS_NEW)
    assert served.exchange.orders_placed["mine"] == 1


async def test_a_market_order_is_asked_for_two_seconds_long_also_when_nothing_is_answered(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.EXECUTION_WAIT_S", 0.3)
    served = await serve()
    ccxt: Any = served.connector.session.ccxt
    create = ccxt.create_order

    async def acknowledged(*order: Any) -> Any:
        raw = await create(*order)
        return {"id": raw["id"], "clientOrderId": raw["clientOrderId"], "info": {}}

    async def hang(*_: Any) -> Any:
        await asyncio.sleep(3600)

    ccxt.create_order = acknowledged
    orders: Any = served.connector.service
    monkeypatch.setattr("connector.exchange.order_fates.EXECUTION_LAST_S", 0.2)
    monkeypatch.setattr(orders._orders, "_fetch", hang)
    async with asyncio.timeout(5):
        order = await _placed(served, type=MARKET)

    assert order.status == types.ORDER_STATUS_NEW


async def test_a_slow_answer_to_what_was_executed_is_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.EXECUTION_WAIT_S", 0.3)
    served = await serve()
    ccxt: Any = served.connector.session.ccxt
    create, fetch = ccxt.create_order, ccxt.fetch_order

    async def acknowledged(*order: Any) -> Any:
        raw = await create(*order)
        return {"id": raw["id"], "clientOrderId": raw["clientOrderId"], "info": {}}

    async def slowly(*asked: Any) -> Any:
        await asyncio.sleep(0.5)
        return await fetch(*asked)

    ccxt.create_order, ccxt.fetch_order = acknowledged, slowly
    order = await _placed(served, type=MARKET, quantity="0.020")

    assert (order.status, order.executed_qty.value) == (types.ORDER_STATUS_FILLED, "0.020")


@pytest.mark.parametrize(
    ("feature", "order", "says"),
    [
        ("PO", {"post_only": True}, "has no post-only orders"),
        ("IOC", {"time_in_force": types.TIME_IN_FORCE_IOC}, "has no IOC orders"),
        ("FOK", {"time_in_force": types.TIME_IN_FORCE_FOK}, "has no FOK orders"),
    ],
)
async def test_a_kind_of_order_is_refused_where_the_exchange_has_none(
    serve: Serve, feature: str, order: dict[str, Any], says: str
) -> None:
    served = await serve()
    ccxt: Any = served.connector.session.ccxt
    ccxt.features["swap"]["linear"]["createOrder"]["timeInForce"][feature] = False

    code, message = await _refused(_placed(served, **order))
    market = await _placed(served, **{**order, "post_only": False, "type": MARKET})

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert message.startswith("invalid order: ")
    assert says in message
    assert market.status == types.ORDER_STATUS_FILLED
    assert len(served.exchange.orders_placed) == 1


async def test_a_lost_order_is_not_absent_while_the_exchange_may_yet_execute_it(
    serve: Serve,
) -> None:
    served = await serve(options={"recvWindow": 1500})
    served.exchange.fail_next(*served.path("place"), ("astray_before", 1.7))

    order = await _placed(served, client_order_id="late", type=MARKET)

    assert order.status == types.ORDER_STATUS_FILLED
    assert served.exchange.orders_placed == {"late": 1}


async def test_a_lost_order_is_never_absent_where_nobody_says_how_long_it_is_good_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_BOUND_S", 1.7)
    served = await serve(options={"recvWindow": None})
    served.exchange.fail_next(*served.path("place"), "cut_before")

    code, message = await _refused(_placed(served, client_order_id="mine"))

    assert code is grpc.StatusCode.UNAVAILABLE
    assert message.startswith("order outcome unknown: ")


async def test_a_refused_order_is_none_that_the_next_process_looks_for(serve: Serve) -> None:
    served = await serve()
    ids = served.connector.ids

    await _refused(_placed(served, client_order_id="dear", quantity="900"))
    ids.flush()
    assert ids.knows_client_id("dear")
    assert not ids.unanswered(10)

    served.exchange.fail_next(*served.path("place"), "cut_before")
    await _refused(_placed(served, client_order_id="lost"))
    ids.flush()
    assert [each for each, _, _ in ids.unanswered(10)] == ["lost"]


async def test_a_lost_order_is_found_behind_a_past_one_of_its_client_id(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await serve()
    past = await _placed(served, client_order_id="exit", type=MARKET)
    served.exchange.advance(61)
    await served.connector.session.open()
    orders: Any = served.connector.service
    first = await orders._orders.by_order_id("BTC/USDT:USDT", past.order_id)

    async def the_first(*_: Any) -> Any:  # of several of one id an exchange may tell any
        return first

    monkeypatch.setattr(orders._orders, "find", the_first)
    served.exchange.fail_next(*served.path("place"), "cut_after")
    placing = _placed(served, client_order_id="exit", type=MARKET)

    if served.dialect == "bybit":  # it takes an id once: there is none behind
        assert (await _refused(placing))[1].startswith("exchange unavailable: the order was not")
        assert served.exchange.orders_placed == {"exit": 1}
        return
    again = await placing
    assert again.order_id != past.order_id
    assert again.status == types.ORDER_STATUS_FILLED
    assert served.exchange.orders_placed == {"exit": 2}


@pytest.mark.parametrize("failures", [1, 1000])
async def test_an_order_that_the_exchange_calls_a_duplicate_is_never_told_as_not_sent(
    serve: Serve, failures: int
) -> None:
    served = await serve()
    another = await serve(at=served.exchange)  # of another state file, which never hears of it
    first = await _placed(served, client_order_id="mine")
    another.connector.session.ccxt.enableRateLimit = False
    another.exchange.fail_next(*served.path("order"), ("status_before", 503), failures)

    if failures == 1:
        assert (await _placed(another, client_order_id="mine")).order_id == first.order_id
    else:
        code, message = await _refused(_placed(another, client_order_id="mine"))
        assert code is grpc.StatusCode.UNAVAILABLE
        assert message.startswith("order outcome unknown: ")
    assert served.exchange.orders_placed == {"mine": 1}


async def test_an_order_that_was_on_its_way_at_a_kill_answers_for_its_repetition(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.orders.CLOSE_S", 0.0)
    state = str(tmp_path / "state.sqlite3")
    served = await serve(state=state)
    served.exchange.fail_next(*served.path("place"), ("astray_before", 60.0))
    placing = asyncio.ensure_future(_placed(served, client_order_id="exit", type=MARKET))
    await served.until(lambda: not served.exchange.faults.planned)
    placing.cancel()
    await served.connector.__aexit__()

    again = await serve(state=state, at=served.exchange, options={"recvWindow": 2000})
    repeated = asyncio.ensure_future(_placed(again, client_order_id="exit", type=MARKET))
    await asyncio.wait({repeated}, timeout=0.3)
    assert not served.exchange.orders_placed
    served.exchange.faults.arrive()
    order = await repeated

    assert order.status == types.ORDER_STATUS_FILLED
    assert served.exchange.orders_placed == {"exit": 1}


async def test_a_past_order_does_not_answer_for_a_lost_one_of_its_client_id(serve: Serve) -> None:
    served = await serve()
    await _placed(served, client_order_id="exit", type=MARKET)
    served.exchange.advance(61)
    await served.connector.session.open()
    served.exchange.fail_next(*served.path("place"), "cut_before")

    code, message = await _refused(_placed(served, client_order_id="exit", type=MARKET))

    assert code is grpc.StatusCode.UNAVAILABLE
    assert message.startswith("exchange unavailable: the order was not placed")
    assert served.exchange.orders_placed["exit"] == 1


async def test_a_rate_limit_of_orders_says_when_to_come_back(serve: Serve) -> None:
    served = await serve()
    served.exchange.fail_next(*served.path("place"), ("status_before", 429))

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await _placed(served, client_order_id="mine")
    trailing: Any = caught.value.trailing_metadata()
    packed: Any = dict(trailing)["grpc-status-details-bin"]
    rich = Status.FromString(packed)
    retry = RetryInfo()

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (caught.value.details() or "").startswith("rate limit exceeded: ")
    assert rich.details[0].Unpack(retry)
    assert retry.retry_delay.seconds == 1
    assert not served.exchange.orders_placed
