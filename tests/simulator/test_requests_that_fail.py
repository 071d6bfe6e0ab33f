"""Requests that fail on demand: what was done, what the caller hears."""

import asyncio
from typing import Any

import aiohttp
import pytest

from connector.simulator import Simulator
from connector.simulator.serving.faults import How
from tests.simulator.on_loopback import (
    WITHIN,
    Exchange,
    ccxt_trader,
    done,
    got,
    said,
    signed_query,
    user_data,
)

ORDER = "/fapi/v1/order"
WANTED = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.070",
    "price": "97000.00",
    "newClientOrderId": "one",
}


def place(exchange: Simulator) -> Any:
    return said(exchange, "POST", ORDER, signed_query(**WANTED))


@pytest.mark.parametrize(("how", "executed"), [("cut_before", 0), ("cut_after", 1)])
async def test_a_cut_request_has_no_answer_whether_executed_or_not(
    exchange: Exchange, how: str, executed: int
) -> None:
    exchange.fail_next("POST", ORDER, how)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await place(exchange)
    assert len(exchange.orders()) == executed
    assert exchange.faults.planned == 0
    assert (await place(exchange))[0] == (400 if executed else 200)
    assert exchange.orders_placed == {"one": 1}


@pytest.mark.parametrize(
    ("how", "executed", "code"),
    [
        (("status_before", 503), 0, -1008),
        (("status_after", 503), 1, -1000),
        (("status_before", 429), 0, -1003),
        (("status_after", 408), 1, -1007),
        (("status_before", 500), 0, -1000),
    ],
)
async def test_a_status_says_nothing_of_what_was_done(
    exchange: Exchange, how: How, executed: int, code: int
) -> None:
    exchange.fail_next("POST", ORDER, how)
    status, body = await place(exchange)
    assert (status, body["code"]) == (how[1], code)
    assert len(exchange.orders()) == executed


@pytest.mark.parametrize(("how", "executed"), [("hang_before", 0), ("hang_after", 1)])
async def test_a_hanging_request_is_cut_when_faults_are_forgotten(
    exchange: Exchange, how: str, executed: int
) -> None:
    exchange.fail_next("*", ORDER, how)
    asked = asyncio.create_task(place(exchange))
    async with asyncio.timeout(WITHIN):
        await exchange.until(lambda: not exchange.faults.planned)
        await got(exchange, "/fapi/v1/ping")
        assert not asked.done()
        assert len(exchange.orders()) == executed
        exchange.faults.forget()
        with pytest.raises(aiohttp.ClientError):
            await asked


async def test_stopping_ends_what_hangs(exchange: Exchange) -> None:
    exchange.fail_next("GET", "/fapi/v1/ping", "hang_before")
    asked = asyncio.create_task(got(exchange, "/fapi/v1/ping"))
    async with asyncio.timeout(WITHIN):
        await exchange.until(lambda: not exchange.faults.planned)
        await exchange.stop()
        with pytest.raises(aiohttp.ClientError):
            await asked


async def test_a_late_answer_is_overtaken_by_its_event(exchange: Exchange) -> None:
    async with user_data(exchange) as ws:
        exchange.fail_next("POST", ORDER, ("delay", 0.05))
        asked = asyncio.create_task(place(exchange))
        assert (await ws.hear())["o"]["X"] == "NEW"
        assert not asked.done()
        assert (await asked)[0] == 200


async def test_a_late_request_is_executed_late(exchange: Exchange) -> None:
    exchange.fail_next("POST", ORDER, ("delay_before", 0.05))
    asked = asyncio.create_task(place(exchange))
    async with asyncio.timeout(WITHIN):
        await exchange.until(lambda: not exchange.faults.planned)
    assert exchange.orders() == []
    assert (await asked)[0] == 200


async def test_plans_are_used_up_in_their_order(exchange: Exchange) -> None:
    exchange.fail_next("GET", "/fapi/v1/time", ("status_before", 500), times=2)
    exchange.fail_next("*", "*", ("status_before", 502))
    heard = [(await said(exchange, "GET", "/fapi/v1/time"))[0] for _ in range(4)]
    assert heard == [500, 500, 502, 200]
    exchange.fail_next("GET", "*", "cut_before")
    exchange.faults.forget()
    assert (await got(exchange, "/fapi/v1/time"))["serverTime"] == exchange.now_ms


@pytest.mark.parametrize(
    "how", ["explode", "cut_sideways", "status_before", ("cut_after", 1), ("delay_never", 1)]
)
def test_a_way_to_fail_that_there_is_not_is_refused(how: How) -> None:
    with pytest.raises(ValueError, match="no such way"):
        Simulator().fail_next("POST", ORDER, how)
    with pytest.raises(ValueError, match="at least 1"):
        Simulator().fail_next("POST", ORDER, "cut_after", times=0)


async def test_a_lost_answer_is_found_again_by_its_client_id(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        await client.load_markets()
        exchange.fail_next("POST", ORDER, "cut_after")
        with pytest.raises(Exception, match=ORDER):
            await client.create_order(
                "BTC/USDT:USDT", "limit", "buy", "0.010", "96000.00", {"clientOrderId": "lost"}
            )
        found = await client.fetch_order(None, "BTC/USDT:USDT", {"clientOrderId": "lost"})
    assert found["status"] == "open"
    assert exchange.orders_placed == {"lost": 1}


async def test_orders_are_filled_and_ended_by_hand_only_while_they_are_open(
    exchange: Exchange,
) -> None:
    await done(exchange, "POST", ORDER, **WANTED)
    partly = exchange.fill("BTCUSDT", "one", "0.020", "96999.00")
    assert (str(partly.executed), str(partly.average)) == ("0.020", "96999.00000000")
    with pytest.raises(ValueError, match="worse than its limit"):
        exchange.fill("BTCUSDT", "one", "0.020", "97001.00")
    assert exchange.cancel("BTCUSDT", "one").status == "canceled"
    with pytest.raises(RuntimeError, match="not open"):
        exchange.fill("BTCUSDT", "one")
    with pytest.raises(KeyError, match="nothing"):
        exchange.fill("BTCUSDT", "nothing")
    with pytest.raises(KeyError):
        exchange.order("ETHUSDT", "one")
    assert exchange.order("BTCUSDT", "one").executed == partly.executed
