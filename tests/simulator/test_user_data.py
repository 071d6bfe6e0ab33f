"""The user data stream: what is sent, in which order, to whom, until when."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.simulator.on_loopback import (
    WITHIN,
    Exchange,
    done,
    line,
    refused,
    said,
    signed_query,
    user_data,
)

ORDER = "/fapi/v1/order"
Start = Callable[..., Awaitable[Exchange]]


async def placed(exchange: Exchange, client_id: str = "one", **changes: Any) -> Any:
    wanted = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.070",
        "price": "97000.00",
        "newClientOrderId": client_id,
    }
    return await done(exchange, "POST", ORDER, **(wanted | changes))


async def test_each_step_of_an_order_is_told_the_account_before_the_order(
    exchange: Exchange,
) -> None:
    async with user_data(exchange) as ws:
        order = await placed(exchange)
        exchange.fill("BTCUSDT", "one", "0.020")
        exchange.fill("BTCUSDT", order["orderId"])
        heard = [await ws.hear() for _ in range(5)]
    assert [frame["e"] for frame in heard] == [
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
    ]
    new, first, last = (frame["o"] for frame in heard[::2])
    assert [(each["x"], each["X"], each["z"]) for each in (new, first, last)] == [
        ("NEW", "NEW", "0.000"),
        ("TRADE", "PARTIALLY_FILLED", "0.020"),
        ("TRADE", "FILLED", "0.070"),
    ]
    assert "n" not in new
    assert (first["l"], first["L"], first["n"], first["N"]) == (
        "0.020",
        "97000.00",
        "0.38800000",
        "USDT",
    )
    assert (first["m"], first["i"], first["c"]) == (True, order["orderId"], "one")
    assert first["t"] < last["t"]
    told = heard[3]["a"]
    assert told["m"] == "ORDER"
    assert told["B"] == [
        {"a": "USDT", "wb": "99998.64200000", "cw": "99998.64200000", "bc": "0.00000000"}
    ]
    assert (told["P"][0]["pa"], told["P"][0]["ep"]) == ("0.070", "97000.00000000")


async def test_seven_updates_of_an_order_and_fifty_orders_arrive_in_one_piece(
    exchange: Exchange,
) -> None:
    async with user_data(exchange) as ws:
        await placed(exchange)
        assert (await ws.hear())["o"]["x"] == "NEW"
        writes = exchange.private_writes()
        for _ in range(7):
            exchange.fill("BTCUSDT", "one", "0.010")
        assert writes == []
        burst = [await ws.hear() for _ in range(14)]
        assert len(writes) == 1
        assert [frame["o"]["z"] for frame in burst[1::2]] == [f"0.0{n}0" for n in range(1, 8)]
        for n in range(50):
            await placed(exchange, f"many-{n}")
            await ws.hear()
        writes.clear()
        for n in range(50):
            exchange.fill("BTCUSDT", f"many-{n}")
        filled = [await ws.hear() for _ in range(100)]
        assert len(writes) == 1
    assert [frame["o"]["c"] for frame in filled[1::2]] == [f"many-{n}" for n in range(50)]


async def test_ends_and_changes_are_told(exchange: Exchange) -> None:
    async with user_data(exchange) as ws:
        await placed(exchange, "a")
        await done(
            exchange,
            "PUT",
            ORDER,
            symbol="BTCUSDT",
            side="BUY",
            origClientOrderId="a",
            quantity="0.080",
            price="96000.00",
        )
        await done(exchange, "DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="a")
        await placed(exchange, "b")
        exchange.cancel("BTCUSDT", "b", expired=True)
        await placed(exchange, "c", timeInForce="IOC")
        heard = [await ws.hear() for _ in range(7)]
        await done(exchange, "POST", "/fapi/v1/leverage", symbol="BTCUSDT", leverage=7)
        leverage = await ws.hear()
        await done(exchange, "POST", "/fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
        margin = await ws.hear()
    assert [(frame["o"]["c"], frame["o"]["x"], frame["o"]["X"]) for frame in heard] == [
        ("a", "NEW", "NEW"),
        ("a", "AMENDMENT", "NEW"),
        ("a", "CANCELED", "CANCELED"),
        ("b", "NEW", "NEW"),
        ("b", "EXPIRED", "EXPIRED"),
        ("c", "NEW", "NEW"),
        ("c", "EXPIRED", "EXPIRED"),
    ]
    assert heard[1]["o"]["p"] == "96000.00"
    assert leverage["ac"] == {"s": "BTCUSDT", "l": 7}
    assert margin["a"]["m"] == "MARGIN_TYPE_CHANGE"
    assert margin["a"]["P"][0]["mt"] == "isolated"


async def test_all_websockets_on_a_key_hear_and_what_is_kept_outlives_them(
    exchange: Exchange,
) -> None:
    async with user_data(exchange) as one, user_data(exchange) as other:
        await placed(exchange)
        assert await one.hear() == await other.hear()
        await exchange.drop_sockets(private=False)
        assert exchange.private_connections == 2
        await exchange.drop_sockets(private=True)
        assert exchange.private_connections == exchange.connections == 0
    exchange.fill("BTCUSDT", "one", "0.020")
    async with user_data(exchange) as again:
        exchange.fill("BTCUSDT", "one", "0.030")
        assert (await again.hear())["e"] == "ACCOUNT_UPDATE"
        assert (await again.hear())["o"]["z"] == "0.050"


@pytest.mark.parametrize("address", ["/ws/{}", "/private/ws?listenKey={}", "/private/ws/{}"])
async def test_a_key_is_heard_at_each_address(exchange: Exchange, address: str) -> None:
    _, body = await said(exchange, "POST", "/fapi/v1/listenKey")
    async with line(exchange, address.format(body["listenKey"])) as ws:
        await exchange.until_private()
        await placed(exchange)
        assert (await ws.hear())["o"]["c"] == "one"


async def test_a_key_that_is_not_prolonged_expires_and_its_websocket_stays_deaf(
    exchanges: Start,
) -> None:
    exchange = await exchanges(symbols=2, updates_per_second=0, listen_key_seconds=60)
    async with user_data(exchange) as ws:
        exchange.advance(59)
        status, _ = await said(exchange, "PUT", "/fapi/v1/listenKey")
        assert status == 200
        exchange.advance(59)
        await placed(exchange)
        assert (await ws.hear())["e"] == "ORDER_TRADE_UPDATE"
        exchange.advance(1)
        assert (await ws.hear())["e"] == "listenKeyExpired"
        exchange.fill("BTCUSDT", "one")
        assert await ws.hear_until(answer_to=9) == []
        assert exchange.connections == 1
        assert exchange.private_connections == 0
        assert (await said(exchange, "PUT", "/fapi/v1/listenKey"))[1]["code"] == -1125
        async with user_data(exchange) as renewed:
            await placed(exchange, "two")
            assert (await renewed.hear())["o"]["c"] == "two"
        assert await ws.hear_until(answer_to=10) == []


async def test_keys_expire_on_demand_and_can_be_closed(exchange: Exchange) -> None:
    async with user_data(exchange) as ws:
        _, body = await said(exchange, "POST", "/fapi/v1/listenKey")
        exchange.expire_listen_keys()
        assert await ws.hear() == {
            "e": "listenKeyExpired",
            "E": exchange.now_ms,
            "listenKey": body["listenKey"],
        }
        async with user_data(exchange):
            assert await said(exchange, "DELETE", "/fapi/v1/listenKey") == (200, {})
            assert exchange.private_connections == 0


async def test_a_muted_stream_loses_what_happens_meanwhile(exchange: Exchange) -> None:
    async with user_data(exchange) as ws:
        exchange.mute_private = True
        await placed(exchange)
        exchange.mute_private = False
        exchange.fill("BTCUSDT", "one", "0.020")
        assert (await ws.hear())["e"] == "ACCOUNT_UPDATE"
        assert (await ws.hear())["o"]["X"] == "PARTIALLY_FILLED"
    assert [frame["e"] for frame in exchange.sent_on("userData")] == [
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
    ]


async def test_websockets_may_be_refused_while_requests_are_answered(exchange: Exchange) -> None:
    exchange.refuse_websockets = True
    with pytest.raises(aiohttp.ClientError):
        async with user_data(exchange):
            pass
    await placed(exchange)
    exchange.refuse_websockets = False
    async with asyncio.timeout(WITHIN), user_data(exchange) as ws:
        exchange.fill("BTCUSDT", "one")
        assert (await ws.hear())["e"] == "ACCOUNT_UPDATE"


async def test_a_key_is_asked_for_with_a_key(exchange: Exchange) -> None:
    assert (await said(exchange, "POST", "/fapi/v1/listenKey", key=None))[1]["code"] == -2014
    assert (await said(exchange, "POST", "/fapi/v1/listenKey", key="other"))[1]["code"] == -2015
    assert (await said(exchange, "GET", ORDER, signed_query(symbol="X"), key="other"))[0] == 401
    assert await refused(exchange, "GET", ORDER, symbol="NOPEUSDT", orderId=1) == -1121
