"""Streams as engines rely on them: orders lossless, account and positions, symbols multiplexed."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from connector.operators import repair_gaps
from connector.simulator.trading.account import USUAL_LEVERAGE
from tests.rpc.account import BUY, SELL, account_of, positions_of, sized, traded, until
from tests.rpc.conftest import WITHIN_S, Serve, Served, both_dialects, take

NEW, PARTLY = types.ORDER_STATUS_NEW, types.ORDER_STATUS_PARTIALLY_FILLED
FILLED, CANCELED = types.ORDER_STATUS_FILLED, types.ORDER_STATUS_CANCELED
EXPIRED = types.ORDER_STATUS_EXPIRED


async def _orders(served: Served) -> Any:
    """Subscribe, and wait until the exchange's private socket is open."""
    call = served.stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
    await served.until_private_topics()
    return call


def _request(client_order_id: str, **fields: Any) -> resources.PlaceOrderRequest:
    usual: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": types.ORDER_SIDE_BUY,
        "type": types.ORDER_TYPE_LIMIT,
        "quantity": {"value": "0.060"},
        "price": {"value": "90000.0"},
    }
    return resources.PlaceOrderRequest(client_order_id=client_order_id, **(usual | fields))


async def _place(served: Served, client_order_id: str, **fields: Any) -> resources.Order:
    async with asyncio.timeout(10):
        return await served.stub.PlaceOrder(_request(client_order_id, **fields))


@both_dialects
async def test_twenty_bursts_of_seven_updates_lose_nothing(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _orders(served)
    names = [f"burst-{n}" for n in range(20)]
    for name in names:
        await _place(served, name)

    for name in names:
        for _ in range(6):
            served.exchange.fill("BTCUSDT", name, "0.010")
    updates = await take(call, 140)

    trades = [update.last_trade.trade_id for update in updates if update.HasField("last_trade")]
    assert len(set(trades)) == len(trades) == 120
    for name in names:
        own = [update for update in updates if update.client_order_id == name]
        assert [update.status for update in own] == [NEW, *[PARTLY] * 5, FILLED]
        assert [Decimal(u.executed_qty.value) for u in own] == [Decimal(n) / 100 for n in range(7)]
        assert {(update.exchange, update.symbol) for update in own} == {(served.dialect, "BTCUSDT")}
        assert all(Decimal(u.last_trade.quantity.value) == Decimal("0.01") for u in own[1:])
        assert all(u.last_trade.order_id == u.order_id for u in own[1:])
    call.cancel()


@both_dialects
async def test_a_burst_then_silence_ends_in_filled(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _orders(served)
    await _place(served, "alone")

    for _ in range(6):
        served.exchange.fill("BTCUSDT", "alone", "0.010")

    assert (await take(call, 7))[-1].status == FILLED
    call.cancel()


@both_dialects
async def test_a_filled_event_follows_although_the_response_said_filled(serve: Serve) -> None:
    served = await serve()
    call = await _orders(served)

    order = await _place(served, "market", type=types.ORDER_TYPE_MARKET)
    updates = await take(call, 1)
    while updates[-1].status != FILLED:
        updates += await take(call, 1)

    assert order.status == FILLED
    assert updates[-1].executed_qty.value == order.executed_qty.value
    assert updates[-1].last_trade.trade_id
    call.cancel()


@both_dialects
async def test_an_event_does_not_overtake_the_answer_of_its_order(serve: Serve) -> None:
    served = await serve()
    call = await _orders(served)
    served.exchange.fail_next(*served.path("place"), ("delay", 0.3))

    placing = asyncio.ensure_future(_place(served, "late"))
    hearing = asyncio.ensure_future(call.read())
    await asyncio.wait({placing, hearing}, return_when=asyncio.FIRST_COMPLETED, timeout=5)

    assert placing.done()
    assert (await asyncio.wait_for(hearing, 5)).client_order_id == "late"
    call.cancel()


@both_dialects
async def test_an_expired_order_is_told_truly_and_then_as_canceled(serve: Serve) -> None:
    served = await serve()
    call = await _orders(served)
    await _place(served, "mortal")

    served.exchange.cancel("BTCUSDT", "mortal", expired=True)

    ends = {"binance": [EXPIRED, CANCELED], "bybit": [CANCELED]}[served.dialect]
    told = [update.status for update in await take(call, 1 + len(ends))]
    assert told == [NEW, *ends]
    call.cancel()


@both_dialects
async def test_the_end_of_a_killed_post_only_order_is_not_taken_for_the_end_of_its_repetition(
    serve: Serve,
) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _orders(served)
    ccxt: Any = served.connector.session.ccxt
    create = ccxt.create_order

    async def taken_and_ended(*order: Any) -> Any:
        ccxt.create_order = create
        served.exchange.mute_private = True  # its end is heard of late, or never
        raw = await create(*order)
        served.exchange.cancel("BTCUSDT", "again")
        way = served.connector.session.way
        return await way.fetch_order(ccxt, order[0], raw["id"], None)

    ccxt.create_order = taken_and_ended
    with pytest.raises(grpc.aio.AioRpcError, match="POST_ONLY would execute immediately"):
        await _place(served, "again", post_only=True)
    served.exchange.mute_private = False
    await served.exchange.drop_sockets(private=True)  # what was missed is asked for
    order = await _place(served, "again")
    updates = await take(call, 1)

    assert len(served.exchange.orders()) == 2  # the second in other words where an id goes once
    (left,) = (await served.stub.GetOpenOrders(rpc.GetOpenOrdersRequest())).orders
    assert (left.order_id, left.client_order_id) == (order.order_id, "again")
    assert len(served.exchange.orders(only_open=True)) == 1
    assert [(each.order_id, each.status) for each in updates] == [(order.order_id, NEW)]
    call.cancel()


@both_dialects
@pytest.mark.parametrize("batch", [False, True])
async def test_a_post_only_order_that_was_never_placed_for_its_caller_is_not_told(
    serve: Serve, batch: bool
) -> None:
    served = await serve()
    served.connector.session.ccxt.enableRateLimit = False  # what waits over 1 s isn't held
    call = await _orders(served)
    crossing: dict[str, Any] = {"post_only": True, "price": {"value": "98000.0"}}

    if batch:
        orders = [_request("kept"), _request("killed", **crossing)]
        answer = await served.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders))
        assert [error.client_order_id for error in answer.errors] == ["killed"]
    else:
        with pytest.raises(grpc.aio.AioRpcError, match="POST_ONLY would execute immediately"):
            await _place(served, "killed", **crossing)
        await _place(served, "kept")
    await _place(served, "after")

    told = {(each.client_order_id, each.status) for each in await take(call, 2)}
    assert told == {("kept", NEW), ("after", NEW)}
    call.cancel()


@both_dialects
async def test_every_subscriber_hears_every_update(serve: Serve) -> None:
    served = await serve()
    calls = [await _orders(served) for _ in range(3)]
    await served.until(lambda: served.connector.service.open_streams == 3)

    order = await _place(served, "shared")

    for call in calls:
        assert (await take(call, 1))[0].order_id == order.order_id
        call.cancel()


async def _with_two_orders(served: Served) -> Any:
    """Subscribe, and place the orders of which `_gap` fills one and cancels the other."""
    call = await _orders(served)
    await _place_two(served, call)
    return call


async def _place_two(served: Served, call: Any) -> None:
    for name in ("filled", "cancelled"):
        await _place(served, name)
    await take(call, 2)


@asynccontextmanager
async def _away(served: Served) -> AsyncGenerator[None]:
    """Cut the account's websocket, and let it come back at the end."""
    served.exchange.refuse_websockets = True
    await served.exchange.drop_sockets(private=True)
    yield
    served.exchange.refuse_websockets = False


async def _placing_in_a_gap(served: Served, answered_after_s: float) -> asyncio.Future[Any]:
    """Place `hidden` while the account's websocket is away and lists are late, for good."""
    exchange = served.exchange
    exchange.list_late = exchange.refuse_websockets = True
    await exchange.drop_sockets(private=True)
    exchange.fail_next(*served.path("place"), ("delay", answered_after_s))
    placing = asyncio.ensure_future(_place(served, "hidden"))
    await served.until(lambda: "hidden" in exchange.orders_placed)
    return placing


async def _gap(served: Served) -> None:
    """Do, while nobody hears: fill one order, cancel another, place a third."""
    served.exchange.fill("BTCUSDT", "filled", "0.060")
    served.exchange.cancel("BTCUSDT", "cancelled")
    await _place(served, "placed")


async def _told_once(call: Any) -> None:
    updates = await take(call, 3)
    told = Counter((update.client_order_id, update.status) for update in updates)
    assert told == {("filled", FILLED): 1, ("cancelled", CANCELED): 1, ("placed", NEW): 1}
    filled = next(update for update in updates if update.status == FILLED)
    assert Decimal(filled.last_trade.quantity.value) == Decimal("0.06")


@both_dialects
async def test_what_happened_without_websockets_is_told_once(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _with_two_orders(served)

    async with _away(served):
        await _gap(served)

    await _told_once(call)
    await served.until_private_topics()  # else it is told by the second question, 5 s later
    served.exchange.fill("BTCUSDT", "placed", "0.010")
    update = (await take(call, 1))[0]
    assert (update.client_order_id, update.status) == ("placed", PARTLY)
    call.cancel()


@pytest.mark.parametrize("dialect", ["bybit"], indirect=True)
async def test_a_fill_heard_of_before_own_trades_are_subscribed_carries_its_trade(
    serve: Serve,
) -> None:
    served = await serve({"fill_ratio": 0})
    served.connector.session.ccxt.enableRateLimit = False  # a start uses most of it up
    await _place(served, "early")
    ccxt: Any = served.connector.session.ccxt
    watch, gate = ccxt.watch_my_trades, asyncio.Event()

    async def late() -> Any:
        await gate.wait()
        return await watch()

    ccxt.watch_my_trades = late
    call: Any = served.stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
    await served.until(lambda: "order" in served.upstream())
    await _place(served, "told")
    told = {update.client_order_id for update in await take(call, 2)}
    assert told == {"early", "told"}  # what was missed has been asked for
    served.exchange.fill("BTCUSDT", "early", "0.020")
    gate.set()
    await served.until_private_topics()
    served.exchange.fill("BTCUSDT", "early", "0.040")

    async with asyncio.timeout(3):  # a second look at what was missed comes after 5 s
        updates = await take(call, 2)
        while updates[-1].status != FILLED:
            updates += await take(call, 1)
    filled = [update for update in updates if update.executed_qty.value not in ("", "0")]
    assert [Decimal(update.last_trade.quantity.value) for update in filled] == [
        Decimal("0.02"),
        Decimal("0.04"),
    ]
    call.cancel()


async def test_an_order_that_came_and_went_while_the_socket_opened_is_told_at_once(
    serve: Serve,
) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _orders(served)

    faults = served.exchange.faults
    faults.fail_next("POST", "/fapi/v1/listenKey", ("delay_before", 0.3))
    await served.exchange.drop_sockets(private=True)
    await served.until(lambda: not faults.planned)
    await _place(served, "brief")
    served.exchange.fill("BTCUSDT", "brief", "0.060")
    assert served.exchange.private_connections == 0

    async with asyncio.timeout(2):
        assert (await take(call, 1))[-1].status == FILLED
    call.cancel()


@both_dialects
async def test_an_order_that_was_only_answered_is_told_of_after_a_restart(
    serve: Serve, tmp_path: Path
) -> None:
    state = str(tmp_path / "state.sqlite3")
    served = await serve({"fill_ratio": 0}, state=state)
    await _orders(served)
    served.exchange.refuse_websockets = True
    await served.exchange.drop_sockets(private=True)
    await _place(served, "hidden")
    await served.connector.__aexit__()
    served.exchange.advance(1)
    served.exchange.fill("BTCUSDT", "hidden")
    served.exchange.refuse_websockets = False

    call = await _orders(await serve(state=state, at=served.exchange))

    (update,) = await take(call, 1)
    assert (update.client_order_id, update.status) == ("hidden", FILLED)
    assert Decimal(update.last_trade.quantity.value) == Decimal("0.060")


@both_dialects
@pytest.mark.parametrize("first", ["", "0.020"], ids=["untouched", "partly filled"])
async def test_a_fill_in_the_instant_that_was_told_last_is_told_with_its_trade_after_a_restart(
    serve: Serve, tmp_path: Path, first: str
) -> None:
    state = str(tmp_path / "state.sqlite3")
    served = await serve({"fill_ratio": 0}, state=state)
    call = await _orders(served)
    await _place(served, "same-ms")
    await take(call, 1)
    if first:
        served.exchange.fill("BTCUSDT", "same-ms", first)
        await take(call, 1)
    await served.connector.__aexit__()
    served.exchange.fill("BTCUSDT", "same-ms")  # the clock stands still

    call = await _orders(await serve(state=state, at=served.exchange))

    (update,) = await take(call, 1)
    assert (update.client_order_id, update.status) == ("same-ms", FILLED)
    left = Decimal("0.060") - Decimal(first or 0)
    assert Decimal(update.last_trade.quantity.value) == left


@both_dialects
@pytest.mark.parametrize("what", ["cut", "types"])
async def test_what_a_frame_told_that_cannot_be_read_is_asked_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    once = partial(repair_gaps, again_after=timedelta(0))
    monkeypatch.setattr("connector.order_feed.repair_gaps", once)
    served = await serve({"fill_ratio": 0})
    call = await _orders(served)
    await _place(served, "hidden")
    await take(call, 1)

    served.exchange.begin_fault(f"poison:what={what},place=instead,sockets=private,frames=10")
    served.exchange.fill("BTCUSDT", "hidden")

    (update,) = await take(call, 1)
    assert (update.client_order_id, update.status) == ("hidden", FILLED)
    assert Decimal(update.last_trade.quantity.value) == Decimal("0.060")
    call.cancel()


async def test_a_fill_that_a_gap_hid_is_told_with_its_trade_also_when_another_gap_follows(
    serve: Serve,
) -> None:
    served = await serve({"fill_ratio": 0})
    served.connector.session.ccxt.enableRateLimit = False  # a start uses most of it up
    exchange, session = served.exchange, served.connector.session
    call = await _orders(served)
    placing = await _placing_in_a_gap(served, 0.4)
    exchange.fill("BTCUSDT", "hidden", "0.010")

    exchange.refuse_websockets = False
    await served.until_private_topics()
    await placing  # what was missed has been asked for, and no list had the order
    exchange.advance(61)
    await session.open()
    await _place(served, "later")
    exchange.fill("BTCUSDT", "later")
    heard = await take(call, 2)
    while heard[-1].status != FILLED:
        heard += await take(call, 1)
    await exchange.drop_sockets(private=True)
    await served.until_private_topics()
    exchange.cancel("BTCUSDT", "hidden")

    async with asyncio.timeout(3):  # a second look at what was missed comes after 5 s
        while heard[-1].status != CANCELED:
            heard += await take(call, 1)
    hidden = [u.last_trade for u in heard if u.client_order_id == "hidden"]
    assert [trade.quantity.value for trade in hidden if trade.trade_id] == ["0.010"]
    call.cancel()


@both_dialects
@pytest.mark.parametrize("kind", ["stands", "is filled", "is filled, its caller gone"])
async def test_a_fill_in_a_gap_is_told_also_when_its_order_is_answered_after_all_questions(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    soon = partial(repair_gaps, again_after=timedelta(milliseconds=50))
    monkeypatch.setattr("connector.order_feed.repair_gaps", soon)
    served = await serve({"fill_ratio": 0})
    served.connector.session.ccxt.enableRateLimit = False  # a start uses most of it up
    exchange, session = served.exchange, served.connector.session
    call = await _orders(served)
    placing = await _placing_in_a_gap(served, 0.8)
    exchange.fill("BTCUSDT", "hidden", "0.010" if kind == "stands" else None)
    if "gone" in kind:
        placing.cancel()

    exchange.refuse_websockets = False
    await served.until_private_topics()
    await asyncio.sleep(0.3)
    exchange.list_late = False
    await asyncio.gather(placing, return_exceptions=True)
    exchange.advance(61)
    await session.open()
    await _place(served, "later")
    exchange.fill("BTCUSDT", "later")

    told: list[Any] = []
    async with asyncio.timeout(WITHIN_S):
        while not any(u.HasField("last_trade") for u in told):
            update = (await take(call, 1))[0]
            told += [update] if update.client_order_id == "hidden" else []
    assert [u.last_trade.quantity.value for u in told if u.HasField("last_trade")] == [
        "0.010" if kind == "stands" else "0.060"
    ]
    assert told[-1].status == (PARTLY if kind == "stands" else FILLED)
    call.cancel()


@both_dialects
async def test_what_became_of_an_order_of_unknown_outcome_is_told_though_nobody_repeats_it(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_BOUND_S", 0.3)
    monkeypatch.setattr("connector.exchange.order_following.FOLLOWED_EVERY_S", 0.001)
    monkeypatch.setattr("connector.exchange.order_following.FOLLOWED_AT_ONCE", 1)
    served = await serve({"fill_ratio": 0})
    served.connector.session.ccxt.enableRateLimit = False  # a start uses most of it up
    exchange, service = served.exchange, served.connector.service
    orders: Any = service._orders  # pyright: ignore[reportPrivateUsage]
    call = await _orders(served)
    exchange.refuse_websockets = True
    await exchange.drop_sockets(private=True)
    exchange.fail_next("GET", "*", ("status_before", 503), 10_000)
    for name in ("unknown", "another"):
        exchange.fail_next(*served.path("place"), "cut_after")
        with pytest.raises(grpc.aio.AioRpcError, match="order outcome unknown"):
            await _place(served, name)
        exchange.fill("BTCUSDT", name)
    find, asked = orders.find, list[str]()

    async def counted(symbol: str, sent_id: str) -> Any:
        asked.append(sent_id)
        return await find(symbol, sent_id)

    orders.find = counted
    await served.until(lambda: len(asked) > 100)  # an outage of a quarter of an hour

    exchange.faults.forget()
    exchange.refuse_websockets = False

    updates = await take(call, 2)
    assert {(u.client_order_id, u.status) for u in updates} == {
        ("unknown", FILLED),
        ("another", FILLED),
    }
    assert [u.last_trade.quantity.value for u in updates] == ["0.060"] * 2
    call.cancel()


@both_dialects
async def test_what_became_of_an_order_of_unknown_outcome_is_told_after_a_restart(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_BOUND_S", 0.3)
    state = str(tmp_path / "state.sqlite3")
    served = await serve({"fill_ratio": 0}, state=state)
    exchange = served.exchange
    call = await _orders(served)
    await _place(served, "known")
    exchange.fill("BTCUSDT", "known")
    while (await take(call, 1))[0].status != FILLED:
        pass
    exchange.refuse_websockets = True
    await exchange.drop_sockets(private=True)
    exchange.fail_next("GET", "*", ("status_before", 503), 10_000)
    exchange.fail_next(*served.path("place"), "cut_after")
    with pytest.raises(grpc.aio.AioRpcError, match="order outcome unknown"):
        await _place(served, "unknown")
    exchange.fill("BTCUSDT", "unknown")
    await served.connector.__aexit__()
    exchange.faults.forget()
    exchange.refuse_websockets = False
    exchange.advance(600)

    again = await serve(state=state, at=exchange)
    call = await _orders(again)
    updates = await take(call, 1)

    assert [(u.client_order_id, u.status) for u in updates] == [("unknown", FILLED)]
    assert updates[0].last_trade.quantity.value == "0.060"
    call.cancel()


@both_dialects
async def test_a_gap_after_hundreds_of_earlier_orders_is_told_once(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _orders(served)
    earlier = [f"earlier{n}" for n in range(200)]
    for first in range(0, len(earlier), 40):
        batch = earlier[first : first + 40]
        orders = [_request(name, quantity={"value": "0.010"}) for name in batch]
        answer = await served.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders))
        assert answer.all_success
    for name in earlier[::2]:
        served.exchange.fill("BTCUSDT", name)
    await take(call, 300)
    await _place_two(served, call)

    async with _away(served):
        await _gap(served)

    await _told_once(call)
    served.exchange.fill("BTCUSDT", "earlier1")  # nothing else came in between
    update = (await take(call, 1))[0]
    assert (update.client_order_id, update.status) == ("earlier1", FILLED)
    call.cancel()


async def test_an_expired_listen_key_is_replaced(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _with_two_orders(served)

    served.exchange.expire_listen_keys()
    await _gap(served)

    await _told_once(call)
    call.cancel()


async def test_a_listen_key_that_ended_while_the_socket_was_away_is_replaced(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await _orders(served)

    async with _away(served):
        served.exchange.expire_listen_keys()

    await served.until(lambda: served.exchange.private_connections == 1)
    call.cancel()


@both_dialects
async def test_a_deaf_private_stream_is_found_by_asking_and_opened_anew(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0}, feeds={"orders": {"silence_s": 0.3}})
    call = await _with_two_orders(served)

    served.exchange.mute_private = True
    await _gap(served)

    await _told_once(call)
    call.cancel()


@both_dialects
async def test_cancelling_the_last_stream_ends_its_producers(serve: Serve) -> None:
    served = await serve()
    call = await _orders(served)

    call.cancel()

    await served.until(lambda: served.exchange.private_connections == 0)
    assert served.connector.service.open_streams == 0


@both_dialects
async def test_account_from_watch_balance(serve: Serve) -> None:
    served = await serve()
    call = await account_of(served)
    first = (await take(call, 1))[0]
    assert Decimal(first.total_wallet_balance.value) == 100_000
    assert (first.health_score.value, list(first.positions)) == ("1", [])
    assert first.account_leverage == 1

    await traded(served, "0.100")

    asked = await served.stub.GetAccount(rpc.GetAccountRequest())
    leverages: list[int] = []

    def is_as_asked(account: Any) -> bool:
        leverages.extend(each.leverage for each in account.positions)
        return account == asked

    told = await until(call, is_as_asked)
    assert set(leverages) == {told.account_leverage} == {USUAL_LEVERAGE}, "none is made up"
    assert Decimal(told.total_wallet_balance.value) < 100_000
    assert 0 < Decimal(told.health_score.value) < 1
    assert Decimal(told.total_maintenance_margin.value) > 0
    assert [position.symbol for position in told.positions] == ["BTCUSDT"]
    call.cancel()


@both_dialects
async def test_positions_from_watch_positions(serve: Serve) -> None:
    served = await serve()
    call = await positions_of(served)

    await traded(served, "0.100", SELL)
    opened = await until(call, sized("BTCUSDT", "-0.1"))
    asked = (await served.stub.GetPositions(rpc.GetPositionsRequest())).positions
    whole = opened if opened == asked[0] else await until(call, lambda p: p == asked[0])
    await traded(served, "0.100", BUY)
    closed = await until(call, sized("BTCUSDT", "0"))  # what was still held may come before
    await traded(served, "0.020", BUY, "ETHUSDT")

    asked = (await served.stub.GetPositions(rpc.GetPositionsRequest())).positions
    assert Decimal(whole.mark_price.value) > 0
    assert whole.HasField("liquidation_price")
    assert not closed.HasField("liquidation_price")
    assert await until(call, lambda p: p == asked[0])
    call.cancel()


@both_dialects
@pytest.mark.parametrize("stream", ["SubscribeAccount", "SubscribePositions"])
async def test_cancelling_a_stream_ends_its_producers(serve: Serve, stream: str) -> None:
    served = await serve()
    request = getattr(rpc, f"{stream}Request")()
    call = getattr(served.stub, stream)(request)
    await served.until(lambda: served.exchange.private_connections == 1)

    call.cancel()

    await served.until(lambda: served.exchange.private_connections == 0)
    await served.until(lambda: served.connector.service.open_streams == 0)


@both_dialects
async def test_several_symbols_multiplexed_on_one_price_stream(serve: Serve) -> None:
    served = await serve({"symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT"]})
    asked = ["BTCUSDT", "ETH/USDT:USDT", "SOLUSDT"]
    call = served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=asked))
    tickers = {served.topic("ticker", symbol) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")}
    await served.until(lambda: tickers <= served.upstream())
    if served.dialect == "bybit":  # it begins with snapshots
        await take(call, 3)

    for symbol, price in (("BTCUSDT", "97000.1"), ("ETHUSDT", "3400.12"), ("SOLUSDT", "187.11")):
        served.exchange.trade(symbol, price, "1")
    told = {message.symbol: message.price.value for message in await take(call, 3)}

    assert told.keys() == set(asked)
    assert [Decimal(told[symbol]) for symbol in asked] == [
        Decimal(price) for price in ("97000.1", "3400.12", "187.11")
    ]
    call.cancel()
    await served.until(lambda: not served.upstream())


@both_dialects
async def test_several_symbols_multiplexed_on_one_kline_stream(serve: Serve) -> None:
    served = await serve({"symbols": ["BTCUSDT", "ETHUSDT", "SOLUSDT"]})
    asked = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    call = served.stub.SubscribeKlines(rpc.SubscribeKlinesRequest(symbols=asked, interval="1m"))
    klines = {served.topic("kline", symbol) for symbol in asked}
    await served.until(lambda: klines <= served.upstream())

    for symbol in asked:
        served.exchange.trade(symbol, "100", "1")
    forming = await take(call, 3)
    served.exchange.advance(60)
    closed = [candle for candle in await take(call, 3) if candle.is_closed]

    assert {candle.symbol for candle in forming} == set(asked)
    assert not any(candle.is_closed for candle in forming)
    assert sorted(candle.symbol for candle in closed) == asked
    call.cancel()
    await served.until(lambda: not served.upstream())
