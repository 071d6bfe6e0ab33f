"""The streams of the account and of positions: snapshot, changes, heartbeat, gaps."""

import asyncio
from decimal import Decimal
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc

from tests.rpc.account import BUY, SELL, account_of, positions_of, sized, traded, until
from tests.rpc.conftest import WITHIN_S, Serve, both_dialects, take

BRISK = {"positions": {"refresh_s": 0.2}, "account": {"refresh_s": 0.2, "heartbeat_s": 0.3}}


@both_dialects
async def test_positions_are_told_at_once_in_the_askers_spelling_and_no_others(
    serve: Serve,
) -> None:
    served = await serve()
    await traded(served, "0.100")
    await traded(served, "0.020", SELL, "ETHUSDT")

    calls = {text: await positions_of(served, text) for text in ("BTC/USDT:USDT", "BTCUSDT", "")}
    btc, canonical = [(await take(calls[text], 1))[0] for text in ("BTC/USDT:USDT", "BTCUSDT")]
    every = await take(calls[""], 2)

    assert sized("BTC/USDT:USDT", "0.1")(btc)
    assert sized("BTCUSDT", "0.1")(canonical)
    assert {p.symbol: Decimal(p.size.value) for p in every} == {
        "BTCUSDT": Decimal("0.1"),
        "ETHUSDT": Decimal("-0.02"),
    }
    asked = (await served.stub.GetPositions(rpc.GetPositionsRequest(symbol="BTCUSDT"))).positions
    assert [canonical] == list(asked)
    for call in calls.values():
        call.cancel()


@both_dialects
async def test_a_liquidation_price_never_stands_without_a_mark_price(serve: Serve) -> None:
    served = await serve(feeds=BRISK)
    call = await positions_of(served)
    told: list[Any] = []

    for side, size in ((SELL, "-0.1"), (SELL, "-0.2"), (BUY, "-0.1")):
        await traded(served, "0.100", side)
        while not told or not (
            sized("BTCUSDT", size)(told[-1]) and told[-1].HasField("liquidation_price")
        ):
            told += await take(call, 1)

    for position in told:
        assert not position.HasField("liquidation_price") or Decimal(position.mark_price.value or 0)
    call.cancel()


@both_dialects
async def test_a_quiet_account_is_repeated(serve: Serve) -> None:
    served = await serve(feeds={"account": {"heartbeat_s": 0.05}})
    call = await account_of(served)

    first, *others = await take(call, 4)

    assert all(other == first for other in others)
    call.cancel()


@both_dialects
async def test_what_a_gap_changed_is_told_after_it_and_flat_once(serve: Serve) -> None:
    served = await serve()
    await traded(served, "0.100")
    call = await positions_of(served)
    account = await account_of(served)
    await take(call, 1)

    served.exchange.refuse_websockets = True
    await served.exchange.drop_sockets(private=True)
    await traded(served, "0.100", SELL)
    await traded(served, "0.020", SELL, "ETHUSDT")
    served.exchange.refuse_websockets = False

    told = [await until(call, lambda p: p.symbol == "ETHUSDT" or not Decimal(p.size.value))]
    told += await take(call, 1)
    assert {p.symbol: Decimal(p.size.value) for p in told} == {
        "ETHUSDT": Decimal("-0.02"),
        "BTCUSDT": Decimal(0),
    }
    await until(account, lambda a: [p.symbol for p in a.positions] == ["ETHUSDT"])
    account.cancel()
    call.cancel()


@both_dialects
async def test_a_deaf_private_stream_is_hung_up_when_positions_differ(serve: Serve) -> None:
    served = await serve(feeds=BRISK)
    call = await positions_of(served)
    await traded(served, "0.050")
    told = await until(call, sized("BTCUSDT", "0.05"))
    served.exchange.trade("BTCUSDT", "97500.00", "0.001")
    await until(call, lambda p: p.HasField("mark_price") and p.mark_price != told.mark_price)
    served.exchange.mute_private = True
    trading = asyncio.create_task(traded(served, "0.050"))  # its answer may wait for the limit
    await until(call, sized("BTCUSDT", "0.1"))  # by asking
    await served.until(lambda: served.exchange.private_connections == 0)
    served.exchange.mute_private = False
    await trading
    await served.until(lambda: served.exchange.private_connections == 1)

    await traded(served, "0.100")

    await until(call, sized("BTCUSDT", "0.2"))
    call.cancel()


async def test_an_expired_listen_key_is_replaced(serve: Serve) -> None:
    served = await serve()
    call = await positions_of(served)

    served.exchange.expire_listen_keys()
    await served.until(lambda: served.exchange.private_connections == 1)
    await traded(served, "0.100")

    await until(call, sized("BTCUSDT", "0.1"))
    call.cancel()


@both_dialects
@pytest.mark.parametrize("has", [{"watchBalance": None, "watchPositions": None}])
async def test_without_streams_of_the_exchange_it_is_asked(serve: Serve, has: Any) -> None:
    quick = {"positions": {"poll_s": 0.1}, "account": {"poll_s": 0.1}}
    served = await serve(feeds=quick)
    served.connector.session.ccxt.has.update(has)
    positions = served.stub.SubscribePositions(rpc.SubscribePositionsRequest())
    account = served.stub.SubscribeAccount(rpc.SubscribeAccountRequest())
    await take(account, 1)

    await traded(served, "0.100")

    await until(positions, sized("BTCUSDT", "0.1"))
    await until(account, lambda a: len(a.positions) == 1)
    assert served.exchange.private_connections == 0
    positions.cancel()
    account.cancel()


@pytest.mark.parametrize("stream", ["SubscribeAccount", "SubscribePositions"])
async def test_without_credentials_a_private_stream_is_refused_after_its_pause(
    serve: Serve, stream: str
) -> None:
    served = await serve(keys=False, refusal_pause_ms=200)
    call = getattr(served.stub, stream)(getattr(rpc, f"{stream}Request")())
    began = asyncio.get_running_loop().time()

    assert await asyncio.wait_for(call.code(), WITHIN_S) is grpc.StatusCode.UNAUTHENTICATED
    assert (await call.details()).startswith("authentication failed")
    assert asyncio.get_running_loop().time() - began > 0.15


async def test_a_symbol_that_is_none_is_refused(serve: Serve) -> None:
    served = await serve()
    call = served.stub.SubscribePositions(rpc.SubscribePositionsRequest(symbol="NOSUCH"))

    assert await asyncio.wait_for(call.code(), WITHIN_S) is grpc.StatusCode.INVALID_ARGUMENT
    assert (await call.details()).startswith("INVALID_SYMBOL")
