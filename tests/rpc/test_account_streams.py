"""The streams of the account and of positions: snapshot, changes, heartbeat, gaps."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import grpc
import pytest
from google.type.decimal_pb2 import Decimal as Decimal_
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from tests.rpc.conftest import WITHIN_S, Serve, Served, take

BUY, SELL = types.ORDER_SIDE_BUY, types.ORDER_SIDE_SELL
Met = Callable[[Any], bool]
BRISK = {"positions": {"refresh_s": 0.2}, "account": {"refresh_s": 0.2, "heartbeat_s": 0.3}}


async def _traded(served: Served, quantity: str, side: Any = BUY, symbol: str = "BTCUSDT") -> None:
    async with asyncio.timeout(10):
        order = await served.stub.PlaceOrder(
            resources.PlaceOrderRequest(
                symbol=symbol,
                side=side,
                type=types.ORDER_TYPE_MARKET,
                quantity=Decimal_(value=quantity),
            )
        )
    assert order.status == types.ORDER_STATUS_FILLED


async def _account(served: Served) -> Any:
    call = served.stub.SubscribeAccount(rpc.SubscribeAccountRequest())
    await served.until(lambda: served.exchange.private_connections == 1)
    return call


async def _positions(served: Served, symbol: str = "") -> Any:
    call = served.stub.SubscribePositions(rpc.SubscribePositionsRequest(symbol=symbol))
    await served.until(lambda: served.exchange.private_connections == 1)
    return call


async def _until(call: Any, met: Met) -> Any:
    """Read, bounded, until a message is as wished."""
    async with asyncio.timeout(WITHIN_S):
        while not met(message := (await take(call, 1))[0]):
            pass
    return message


def _sized(symbol: str, size: str) -> Met:
    return lambda p: p.symbol == symbol and Decimal(p.size.value) == Decimal(size)


async def test_account_from_watch_balance(serve: Serve) -> None:
    served = await serve()
    call = await _account(served)
    first = (await take(call, 1))[0]
    assert Decimal(first.total_wallet_balance.value) == 100_000
    assert (first.health_score.value, list(first.positions)) == ("1", [])
    assert first.account_leverage == 1

    await _traded(served, "0.100")

    told = await _until(call, lambda account: len(account.positions) == 1)
    told = told if Decimal(told.total_wallet_balance.value) < 100_000 else (await take(call, 1))[0]
    asked = await served.stub.GetAccount(rpc.GetAccountRequest())
    assert told == asked
    assert Decimal(told.total_wallet_balance.value) < 100_000
    assert 0 < Decimal(told.health_score.value) < 1
    assert Decimal(told.total_maintenance_margin.value) > 0
    assert [position.symbol for position in told.positions] == ["BTCUSDT"]
    call.cancel()


async def test_positions_from_watch_positions(serve: Serve) -> None:
    served = await serve()
    call = await _positions(served)

    await _traded(served, "0.100", SELL)
    opened = await _until(call, _sized("BTCUSDT", "-0.1"))
    whole = opened if opened.HasField("liquidation_price") else (await take(call, 1))[0]
    await _traded(served, "0.100", BUY)
    closed = (await take(call, 1))[0]
    await _traded(served, "0.020", BUY, "ETHUSDT")

    asked = (await served.stub.GetPositions(rpc.GetPositionsRequest())).positions
    assert Decimal(whole.mark_price.value) > 0
    assert whole.leverage == opened.leverage or opened.leverage == 1
    assert _sized("BTCUSDT", "0")(closed)
    assert not closed.HasField("liquidation_price")
    assert await _until(call, lambda p: p == asked[0])
    call.cancel()


async def test_positions_are_told_at_once_in_the_askers_spelling_and_no_others(
    serve: Serve,
) -> None:
    served = await serve()
    await _traded(served, "0.100")
    await _traded(served, "0.020", SELL, "ETHUSDT")

    calls = {text: await _positions(served, text) for text in ("BTC/USDT:USDT", "BTCUSDT", "")}
    btc, canonical = [(await take(calls[text], 1))[0] for text in ("BTC/USDT:USDT", "BTCUSDT")]
    every = await take(calls[""], 2)

    assert _sized("BTC/USDT:USDT", "0.1")(btc)
    assert _sized("BTCUSDT", "0.1")(canonical)
    assert {p.symbol: Decimal(p.size.value) for p in every} == {
        "BTCUSDT": Decimal("0.1"),
        "ETHUSDT": Decimal("-0.02"),
    }
    asked = (await served.stub.GetPositions(rpc.GetPositionsRequest(symbol="BTCUSDT"))).positions
    assert [canonical] == list(asked)
    for call in calls.values():
        call.cancel()


async def test_a_liquidation_price_never_stands_without_a_mark_price(serve: Serve) -> None:
    served = await serve(feeds=BRISK)
    call = await _positions(served)
    told: list[Any] = []

    for side, size in ((SELL, "-0.1"), (SELL, "-0.2"), (BUY, "-0.1")):
        await _traded(served, "0.100", side)
        while not told or not (
            _sized("BTCUSDT", size)(told[-1]) and told[-1].HasField("liquidation_price")
        ):
            told += await take(call, 1)

    for position in told:
        assert not position.HasField("liquidation_price") or Decimal(position.mark_price.value or 0)
    call.cancel()


async def test_a_quiet_account_is_repeated(serve: Serve) -> None:
    served = await serve(feeds={"account": {"heartbeat_s": 0.05}})
    call = await _account(served)

    first, *others = await take(call, 4)

    assert all(other == first for other in others)
    call.cancel()


async def test_what_a_gap_changed_is_told_after_it_and_flat_once(serve: Serve) -> None:
    served = await serve()
    await _traded(served, "0.100")
    call = await _positions(served)
    account = await _account(served)
    await take(call, 1)

    served.exchange.refuse_websockets = True
    await served.exchange.drop_sockets(private=True)
    await _traded(served, "0.100", SELL)
    await _traded(served, "0.020", SELL, "ETHUSDT")
    served.exchange.refuse_websockets = False

    told = [await _until(call, lambda p: p.symbol == "ETHUSDT" or not Decimal(p.size.value))]
    told += await take(call, 1)
    assert {p.symbol: Decimal(p.size.value) for p in told} == {
        "ETHUSDT": Decimal("-0.02"),
        "BTCUSDT": Decimal(0),
    }
    await _until(account, lambda a: [p.symbol for p in a.positions] == ["ETHUSDT"])
    account.cancel()
    call.cancel()


async def test_a_deaf_private_stream_is_hung_up_when_positions_differ(serve: Serve) -> None:
    served = await serve(feeds=BRISK)
    call = await _positions(served)
    await _traded(served, "0.050")
    await _until(call, lambda p: p.HasField("mark_price"))
    served.exchange.mute_private = True
    await _traded(served, "0.050")
    await _until(call, _sized("BTCUSDT", "0.1"))  # by asking
    await served.until(lambda: served.exchange.private_connections == 0)
    served.exchange.mute_private = False
    await served.until(lambda: served.exchange.private_connections == 1)

    await _traded(served, "0.100")

    await _until(call, _sized("BTCUSDT", "0.2"))
    call.cancel()


async def test_an_expired_listen_key_is_replaced(serve: Serve) -> None:
    served = await serve()
    call = await _positions(served)

    served.exchange.expire_listen_keys()
    await served.until(lambda: served.exchange.private_connections == 1)
    await _traded(served, "0.100")

    await _until(call, _sized("BTCUSDT", "0.1"))
    call.cancel()


@pytest.mark.parametrize("stream", ["SubscribeAccount", "SubscribePositions"])
async def test_cancelling_a_stream_ends_its_producers(serve: Serve, stream: str) -> None:
    served = await serve()
    request = getattr(rpc, f"{stream}Request")()
    call = getattr(served.stub, stream)(request)
    await served.until(lambda: served.exchange.private_connections == 1)

    call.cancel()

    await served.until(lambda: served.exchange.private_connections == 0)
    await served.until(lambda: served.connector.service.open_streams == 0)


@pytest.mark.parametrize("has", [{"watchBalance": None, "watchPositions": None}])
async def test_without_streams_of_the_exchange_it_is_asked(serve: Serve, has: Any) -> None:
    quick = {"positions": {"poll_s": 0.1}, "account": {"poll_s": 0.1}}
    served = await serve(feeds=quick)
    served.connector.session.ccxt.has.update(has)
    positions = served.stub.SubscribePositions(rpc.SubscribePositionsRequest())
    account = served.stub.SubscribeAccount(rpc.SubscribeAccountRequest())
    await take(account, 1)

    await _traded(served, "0.100")

    await _until(positions, _sized("BTCUSDT", "0.1"))
    await _until(account, lambda a: len(a.positions) == 1)
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
