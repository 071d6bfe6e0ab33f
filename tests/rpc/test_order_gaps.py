"""What orders did while nobody heard: sockets away, frames unread, keys ended, restarts."""

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

from connector.operators import repair_gaps
from tests.rpc.conftest import WITHIN_S, Serve, Served, both_dialects, take
from tests.rpc.ordering import CANCELED, FILLED, NEW, PARTLY, limit, orders_of, place


async def _with_two_orders(served: Served) -> Any:
    """Subscribe, and place the orders of which `_gap` fills one and cancels the other."""
    call = await orders_of(served)
    await _place_two(served, call)
    return call


async def _place_two(served: Served, call: Any) -> None:
    for name in ("filled", "cancelled"):
        await place(served, name)
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
    placing = asyncio.ensure_future(place(served, "hidden"))
    await served.until(lambda: "hidden" in exchange.orders_placed)
    return placing


async def _gap(served: Served) -> None:
    """Do, while nobody hears: fill one order, cancel another, place a third."""
    served.exchange.fill("BTCUSDT", "filled", "0.060")
    served.exchange.cancel("BTCUSDT", "cancelled")
    await place(served, "placed")


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
    await place(served, "early")
    ccxt: Any = served.connector.session.ccxt
    watch, gate = ccxt.watch_my_trades, asyncio.Event()

    async def late() -> Any:
        await gate.wait()
        return await watch()

    ccxt.watch_my_trades = late
    call: Any = served.stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
    await served.until(lambda: "order" in served.upstream())
    await place(served, "told")
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
    call = await orders_of(served)

    faults = served.exchange.faults
    faults.fail_next("POST", "/fapi/v1/listenKey", ("delay_before", 0.3))
    await served.exchange.drop_sockets(private=True)
    await served.until(lambda: not faults.planned)
    await place(served, "brief")
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
    await orders_of(served)
    served.exchange.refuse_websockets = True
    await served.exchange.drop_sockets(private=True)
    await place(served, "hidden")
    await served.connector.__aexit__()
    served.exchange.advance(1)
    served.exchange.fill("BTCUSDT", "hidden")
    served.exchange.refuse_websockets = False

    call = await orders_of(await serve(state=state, at=served.exchange))

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
    call = await orders_of(served)
    await place(served, "same-ms")
    await take(call, 1)
    if first:
        served.exchange.fill("BTCUSDT", "same-ms", first)
        await take(call, 1)
    await served.connector.__aexit__()
    served.exchange.fill("BTCUSDT", "same-ms")  # the clock stands still

    call = await orders_of(await serve(state=state, at=served.exchange))

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
    call = await orders_of(served)
    await place(served, "hidden")
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
    call = await orders_of(served)
    placing = await _placing_in_a_gap(served, 0.4)
    exchange.fill("BTCUSDT", "hidden", "0.010")

    exchange.refuse_websockets = False
    await served.until_private_topics()
    await placing  # what was missed has been asked for, and no list had the order
    exchange.advance(61)
    await session.open()
    await place(served, "later")
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
    call = await orders_of(served)
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
    await place(served, "later")
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
    call = await orders_of(served)
    exchange.refuse_websockets = True
    await exchange.drop_sockets(private=True)
    exchange.fail_next("GET", "*", ("status_before", 503), 10_000)
    for name in ("unknown", "another"):
        exchange.fail_next(*served.path("place"), "cut_after")
        with pytest.raises(grpc.aio.AioRpcError, match="order outcome unknown"):
            await place(served, name)
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
    call = await orders_of(served)
    await place(served, "known")
    exchange.fill("BTCUSDT", "known")
    while (await take(call, 1))[0].status != FILLED:
        pass
    exchange.refuse_websockets = True
    await exchange.drop_sockets(private=True)
    exchange.fail_next("GET", "*", ("status_before", 503), 10_000)
    exchange.fail_next(*served.path("place"), "cut_after")
    with pytest.raises(grpc.aio.AioRpcError, match="order outcome unknown"):
        await place(served, "unknown")
    exchange.fill("BTCUSDT", "unknown")
    await served.connector.__aexit__()
    exchange.faults.forget()
    exchange.refuse_websockets = False
    exchange.advance(600)

    again = await serve(state=state, at=exchange)
    call = await orders_of(again)
    updates = await take(call, 1)

    assert [(u.client_order_id, u.status) for u in updates] == [("unknown", FILLED)]
    assert updates[0].last_trade.quantity.value == "0.060"
    call.cancel()


@both_dialects
async def test_a_gap_after_hundreds_of_earlier_orders_is_told_once(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await orders_of(served)
    earlier = [f"earlier{n}" for n in range(200)]
    for first in range(0, len(earlier), 40):
        batch = earlier[first : first + 40]
        orders = [limit(name, quantity={"value": "0.010"}) for name in batch]
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
    call = await orders_of(served)

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
