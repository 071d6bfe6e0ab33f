"""Batches: the exchange's own call, results matched by client id, one failure is one failure."""

import asyncio
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from connector.exchange import order_batches, order_fates, order_lookup
from tests.rpc.conftest import WITHIN_S, Serve, Served, both_dialects
from tests.rpc.ordering import limit

pytestmark = both_dialects


def _order(client_order_id: str, **fields: Any) -> resources.PlaceOrderRequest:
    return limit(client_order_id, **({"quantity": {"value": "0.010"}} | fields))


def _counted(served: Served, method: str) -> list[Any]:
    """Count the calls of one of ccxt's methods, which go on as they are."""
    ccxt, calls = served.connector.session.ccxt, []
    real = getattr(ccxt, method)

    async def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return await real(*arguments)

    setattr(ccxt, method, counted)
    return calls


def _without(served: Served, *methods: str) -> None:
    """Let the exchange have no such call."""
    ccxt = served.connector.session.ccxt
    ccxt.has = {**ccxt.has, **dict.fromkeys(methods, False)}


async def _placed(served: Served, *orders: resources.PlaceOrderRequest) -> Any:
    return await served.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders))


async def test_the_native_batch_call_is_used_once(serve: Serve) -> None:
    served = await serve()
    batch, single = _counted(served, "create_orders"), _counted(served, "create_order")

    answer = await _placed(served, *(_order(f"b{n}") for n in range(4)))

    assert answer.all_success
    assert [order.client_order_id for order in answer.orders] == ["b0", "b1", "b2", "b3"]
    assert (len(batch), len(single)) == (1, 0)
    assert dict(served.exchange.orders_placed) == {f"b{n}": 1 for n in range(4)}


async def test_a_batch_of_twelve_with_two_bad_ones_places_ten_once(serve: Serve) -> None:
    served = await serve()
    batch = _counted(served, "create_orders")
    orders = [_order(f"o{n}") for n in range(12)]
    orders[3] = _order("o3", symbol="NOPE")
    orders[7] = _order("o7", post_only=True, price={"value": "98000.0"})

    answer = await _placed(served, *orders)

    assert not answer.all_success
    assert [(e.index, e.client_order_id) for e in answer.errors] == [(3, "o3"), (7, "o7")]
    assert answer.errors[0].code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert answer.errors[0].error_message.startswith("INVALID_SYMBOL")
    assert answer.errors[1].code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert answer.errors[1].error_message.startswith("POST_ONLY would execute immediately")
    assert len(answer.orders) == 10
    assert set(served.exchange.orders_placed.values()) == {1}
    assert {o.client_order_id for o in answer.orders} == {f"o{n}" for n in range(12)} - {"o3", "o7"}
    assert len(batch) == {"binance": 3, "bybit": 2}[served.dialect]


async def test_without_a_native_call_orders_go_singly_and_one_fails_alone(serve: Serve) -> None:
    served = await serve()
    _without(served, "createOrders")
    single = _counted(served, "create_order")

    answer = await _placed(
        served, _order("a"), _order("b", quantity={"value": "30.000"}), _order("c")
    )

    assert len(single) == 3
    assert [order.client_order_id for order in answer.orders] == ["a", "c"]
    assert [error.index for error in answer.errors] == [1]
    assert answer.errors[0].error_message.startswith("insufficient funds")


@pytest.mark.parametrize("how", ["cut_after", ("status_after", 503)])
async def test_a_batch_whose_answer_is_lost_is_looked_up_order_by_order(
    serve: Serve, how: Any
) -> None:
    served = await serve()
    served.exchange.fail_next(*served.path("place batch"), how)

    answer = await _placed(served, *(_order(f"l{n}") for n in range(3)))

    assert answer.all_success
    assert set(served.exchange.orders_placed.values()) == {1}


async def test_a_client_id_given_twice_in_a_batch_is_one_order(serve: Serve) -> None:
    served = await serve()

    answer = await _placed(served, _order("same"), _order("same"))

    assert answer.all_success
    assert len({order.order_id for order in answer.orders}) == 1
    assert served.exchange.orders_placed["same"] == 1


async def test_rows_without_client_ids_are_matched_by_what_their_orders_are(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    ccxt: Any = served.connector.session.ccxt
    place = ccxt.create_orders

    async def nameless(*arguments: Any) -> Any:
        return [{**raw, "clientOrderId": None} for raw in reversed(await place(*arguments))]

    ccxt.create_orders = nameless
    answer = await _placed(
        served,
        *(_order(f"n{n}", quantity={"value": f"0.0{n}0"}) for n in range(1, 4)),
        _order("much", quantity={"value": "30.000"}),
    )

    book = {order.client_order_id for order in served.exchange.orders()}
    assert {o.client_order_id for o in answer.orders} == book == {"n1", "n2", "n3"}
    listed = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))
    ids = {order.client_order_id: order.order_id for order in listed.orders}
    assert {order.client_order_id: order.order_id for order in answer.orders} == ids
    (error,) = answer.errors
    assert (error.index, error.client_order_id) == (3, "much")
    assert error.error_message.startswith("insufficient funds")


@pytest.mark.parametrize("native", [True, False])
async def test_cancelling_several_tells_each_that_failed(serve: Serve, native: bool) -> None:
    served = await serve()
    if not native:
        _without(served, "cancelOrders")
    answer = await _placed(served, *(_order(f"c{n}") for n in range(3)))
    ids = [order.order_id for order in answer.orders]
    await served.stub.CancelOrder(rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=ids[1]))

    request = rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=[*ids, 999])
    errors = (await served.stub.BatchCancelOrders(request)).errors
    left = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))

    assert not left.orders
    assert all(error.code == grpc.StatusCode.NOT_FOUND.value[0] for error in errors)
    assert all(error.error_message.startswith("order not found") for error in errors)
    assert [error.index for error in errors] == [1, 3]


async def test_a_batch_of_cancellations_whose_answer_is_lost_is_a_success(serve: Serve) -> None:
    served = await serve()
    ids = [o.order_id for o in (await _placed(served, _order("a"), _order("b"))).orders]
    served.lose("cancel batch", "cut_after")

    request = rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=ids)

    assert not (await served.stub.BatchCancelOrders(request)).errors
    assert not served.exchange.orders(only_open=True)


async def test_a_batch_of_cancellations_that_names_orders_without_a_status_is_looked_up(
    serve: Serve,
) -> None:
    served = await serve()
    ids = [o.order_id for o in (await _placed(served, _order("a"), _order("b"))).orders]
    ccxt: Any = served.connector.session.ccxt
    cancel = ccxt.cancel_orders

    async def named(*arguments: Any) -> Any:
        return [{"id": raw["id"], "status": None} for raw in await cancel(*arguments)]

    ccxt.cancel_orders = named
    request = rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=ids)

    assert not (await served.stub.BatchCancelOrders(request)).errors
    assert not served.exchange.orders(only_open=True)


async def test_an_empty_batch_is_a_success(serve: Serve) -> None:
    served = await serve()

    assert (await _placed(served)).all_success


async def test_all_are_cancelled_in_one_batch_where_no_call_cancels_all(serve: Serve) -> None:
    served = await serve()
    _without(served, "cancelAllOrders")
    await _placed(served, *(_order(f"a{n}") for n in range(4)))
    other = await _placed(
        served,
        _order("e0", symbol="ETHUSDT", price={"value": "3000.00"}, quantity={"value": "0.1"}),
    )
    batch, single = _counted(served, "cancel_orders"), _counted(served, "cancel_order")

    await served.stub.CancelAllOrders(rpc.CancelAllOrdersRequest(symbol="BTCUSDT"))
    left = await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest())

    assert [order.order_id for order in left.orders] == [other.orders[0].order_id]
    assert (len(batch), len(single)) == (1, 0)


async def test_a_batch_that_was_refused_for_too_many_requests_is_not_sent_again_singly(
    serve: Serve,
) -> None:
    served = await serve()
    single = _counted(served, "create_order")
    served.exchange.fail_next(*served.path("place batch"), ("status_before", 429))

    answer = await _placed(served, *(_order(f"r{n}") for n in range(3)))

    assert [error.index for error in answer.errors] == [0, 1, 2]
    assert (single, dict(served.exchange.orders_placed)) == ([], {})


async def test_a_batch_that_is_not_answered_is_not_sent_on_and_each_order_is_told_what_is_known(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await serve()
    monkeypatch.setattr(order_batches, "SEND_TIMEOUT_S", 0.2)
    monkeypatch.setattr(order_lookup, "SEND_TIMEOUT_S", 0.2)
    monkeypatch.setattr(order_fates, "LOOKUP_BOUND_S", 0.2)
    batch, at_once = _counted(served, "create_orders"), order_batches.CALLS_AT_ONCE
    monkeypatch.setattr(order_batches, "monotonic", lambda: 60.0 * (len(batch) == at_once))
    served.exchange.begin_fault("hang:requests=all")

    answer = await _placed(served, *(_order(f"h{n}") for n in range(70)))

    sent = {"binance": 5, "bybit": 10}[served.dialect] * at_once
    told = [error.error_message.partition(":")[0] for error in answer.errors]
    assert told == ["order outcome unknown"] * sent + ["exchange unavailable"] * (70 - sent)
    assert len(batch) == at_once


async def test_client_ids_that_were_used_before_are_looked_up_together(serve: Serve) -> None:
    served = await serve()
    served.connector.session.ccxt.enableRateLimit = False  # a start uses most of it up
    names = [f"again-{number}" for number in range(5)]
    first = await _placed(served, *map(_order, names))
    asked: list[None] = []
    ccxt: Any = served.connector.session.ccxt
    real, all_asked = ccxt.fetch, asyncio.Event()

    async def fetch(*arguments: Any, **named: Any) -> Any:
        asked.append(None)
        if len(asked) == len(names):
            all_asked.set()
        async with asyncio.timeout(WITHIN_S):
            await all_asked.wait()
        return await real(*arguments, **named)

    ccxt.fetch = fetch
    again = await _placed(served, *map(_order, names))

    assert [order.order_id for order in again.orders] == [order.order_id for order in first.orders]


async def test_what_a_batch_executed_is_asked_for_together(serve: Serve) -> None:
    served = await serve()
    ccxt: Any = served.connector.session.ccxt
    place, fetch = ccxt.create_orders, ccxt.fetch_order
    asked, together = set[str](), asyncio.Event()

    async def acknowledged(*arguments: Any) -> Any:
        return [{**raw, "status": "open", "filled": "0"} for raw in await place(*arguments)]

    async def fetched(*arguments: Any) -> Any:
        asked.add(str(arguments[0]))
        if len(asked) == 3:
            together.set()
        await together.wait()
        return await fetch(*arguments)

    ccxt.create_orders, ccxt.fetch_order = acknowledged, fetched
    fast = {"type": types.ORDER_TYPE_MARKET}
    async with asyncio.timeout(WITHIN_S):
        answer = await _placed(served, *(_order(f"m{n}", **fast) for n in range(3)))

    assert [order.status for order in answer.orders] == [types.ORDER_STATUS_FILLED] * 3


async def test_unknown_ids_of_a_batch_are_looked_for_in_each_list_once(serve: Serve) -> None:
    served = await serve()
    (mine,) = (await _placed(served, _order("mine"))).orders
    served.connector.ids.close()
    served.connector.ids.__init__(":memory:", "another")  # as if the state file were lost
    ids = [2**62 + n for n in range(30)]
    listed = _counted(served, "fetch_open_orders")

    request = rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=[*ids, mine.order_id])
    errors = (await served.stub.BatchCancelOrders(request)).errors

    assert [error.index for error in errors] == list(range(30))
    assert {error.error_message.partition(":")[0] for error in errors} == {"order not found"}
    assert len(listed) <= 2, "asked for once, page by page"
    assert not served.exchange.orders(only_open=True)
