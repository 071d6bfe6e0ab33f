"""Streams as engines rely on them: orders lossless, account and positions, symbols multiplexed."""

import asyncio
from decimal import Decimal
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import types_pb2 as types

from connector.simulator.trading.account import USUAL_LEVERAGE
from tests.rpc.account import BUY, SELL, account_of, positions_of, sized, traded, until
from tests.rpc.conftest import Serve, both_dialects, take
from tests.rpc.ordering import CANCELED, EXPIRED, FILLED, NEW, PARTLY, limit, orders_of, place


@both_dialects
async def test_twenty_bursts_of_seven_updates_lose_nothing(serve: Serve) -> None:
    served = await serve({"fill_ratio": 0})
    call = await orders_of(served)
    names = [f"burst-{n}" for n in range(20)]
    for name in names:
        await place(served, name)

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
    call = await orders_of(served)
    await place(served, "alone")

    for _ in range(6):
        served.exchange.fill("BTCUSDT", "alone", "0.010")

    assert (await take(call, 7))[-1].status == FILLED
    call.cancel()


@both_dialects
async def test_a_filled_event_follows_although_the_response_said_filled(serve: Serve) -> None:
    served = await serve()
    call = await orders_of(served)

    order = await place(served, "market", type=types.ORDER_TYPE_MARKET)
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
    call = await orders_of(served)
    served.exchange.fail_next(*served.path("place"), ("delay", 0.3))

    placing = asyncio.ensure_future(place(served, "late"))
    hearing = asyncio.ensure_future(call.read())
    await asyncio.wait({placing, hearing}, return_when=asyncio.FIRST_COMPLETED, timeout=5)

    assert placing.done()
    assert (await asyncio.wait_for(hearing, 5)).client_order_id == "late"
    call.cancel()


@both_dialects
async def test_an_expired_order_is_told_truly_and_then_as_canceled(serve: Serve) -> None:
    served = await serve()
    call = await orders_of(served)
    await place(served, "mortal")

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
    call = await orders_of(served)
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
        await place(served, "again", post_only=True)
    served.exchange.mute_private = False
    await served.exchange.drop_sockets(private=True)  # what was missed is asked for
    order = await place(served, "again")
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
    call = await orders_of(served)
    crossing: dict[str, Any] = {"post_only": True, "price": {"value": "98000.0"}}

    if batch:
        orders = [limit("kept"), limit("killed", **crossing)]
        answer = await served.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders))
        assert [error.client_order_id for error in answer.errors] == ["killed"]
    else:
        with pytest.raises(grpc.aio.AioRpcError, match="POST_ONLY would execute immediately"):
            await place(served, "killed", **crossing)
        await place(served, "kept")
    await place(served, "after")

    told = {(each.client_order_id, each.status) for each in await take(call, 2)}
    assert told == {("kept", NEW), ("after", NEW)}
    call.cancel()


@both_dialects
async def test_every_subscriber_hears_every_update(serve: Serve) -> None:
    served = await serve()
    calls = [await orders_of(served) for _ in range(3)]
    await served.until(lambda: served.connector.service.streams.open == 3)

    order = await place(served, "shared")

    for call in calls:
        assert (await take(call, 1))[0].order_id == order.order_id
        call.cancel()


@both_dialects
async def test_cancelling_the_last_stream_ends_its_producers(serve: Serve) -> None:
    served = await serve()
    call = await orders_of(served)

    call.cancel()

    await served.until(lambda: served.exchange.private_connections == 0)
    assert served.connector.service.streams.open == 0


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
    await served.until(lambda: served.connector.service.streams.open == 0)


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
