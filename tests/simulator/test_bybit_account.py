"""Bybit's account through ccxt's own class: signatures, orders, positions, the wallet, topics."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import aiohttp
import orjson
import pytest
from ccxt.base.errors import (
    AuthenticationError,
    BadRequest,
    ExchangeError,
    ExchangeNotAvailable,
    InsufficientFunds,
    InvalidNonce,
    InvalidOrder,
    NetworkError,
    OrderNotFound,
    RateLimitExceeded,
)

from connector.simulator.bybit.ids import order_number, order_uuid
from connector.simulator.trading.account import USUAL_LEVERAGE
from tests.simulator.on_loopback import WITHIN, Exchange, ccxt_trader, line

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
KNOWN: dict[str, Any] = {"acknowledged": True}

Start = Callable[..., Awaitable[Exchange]]


@pytest.fixture
async def bybit(exchanges: Start) -> Exchange:
    return await exchanges(dialect="bybit", symbols=("BTCUSDT", "ETHUSDT", "1000SATSUSDT"))


async def told(exchange: Exchange, path: str, *, window: str = "5000", **wrong: str) -> int:
    """Ask signed, with a header changed; give the code of the answer."""
    headers = {"X-BAPI-API-KEY": "simulator-key", "X-BAPI-TIMESTAMP": str(exchange.now_ms)}
    headers |= {"X-BAPI-RECV-WINDOW": window} | {
        f"X-BAPI-{name.upper()}": value for name, value in wrong.items() if name != "sign"
    }
    query = "accountType=UNIFIED"
    text = f"{headers['X-BAPI-TIMESTAMP']}{headers['X-BAPI-API-KEY']}{window}{query}"
    signature = hmac.digest(b"simulator-secret", text.encode(), "sha256").hex()
    headers["X-BAPI-SIGN"] = wrong.get("sign", signature)
    async with (
        asyncio.timeout(WITHIN),
        aiohttp.ClientSession() as session,
        session.get(f"{exchange.rest_url}{path}?{query}", headers=headers) as response,
    ):
        return orjson.loads(await response.read())["retCode"]


async def test_what_is_signed_wrongly_is_refused_by_code(exchanges: Start) -> None:
    exchange = await exchanges(dialect="bybit", symbols=1, check_timestamps=True)
    path = "/v5/account/wallet-balance"
    now_ms = exchange.now_ms
    assert await told(exchange, path) == 0
    assert await told(exchange, path, **{"api-key": "another"}) == 10003
    assert await told(exchange, path, sign="00") == 10004
    assert await told(exchange, path, timestamp=str(now_ms - 5_001)) == 10002
    assert await told(exchange, path, timestamp=str(now_ms - 5_001), window="6000") == 0
    assert await told(exchange, path, timestamp=str(now_ms + 1_000)) == 10002
    assert await told(exchange, path, timestamp="soon") == 10001


async def test_wrong_keys_become_ccxts_own_errors(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        client.apiKey = "another"
        with pytest.raises(AuthenticationError, match="10003"):
            await client.fetch_balance()
        client.apiKey, client.secret = "simulator-key", "wrong"
        with pytest.raises(AuthenticationError, match="10004"):
            await client.fetch_balance()


async def test_a_websocket_proves_its_key_or_hears_nothing(bybit: Exchange) -> None:
    async with line(bybit, "/v5/private") as private:
        refused = await private.say({"op": "subscribe", "args": ["order"], "req_id": "1"})
        assert (refused["success"], refused["ret_msg"]) == (False, "Request not authorized")
        expires = str(bybit.now_ms + 10_000)
        wrong = await private.say({"op": "auth", "args": ["simulator-key", expires, "00"]})
        assert (wrong["success"], wrong["op"]) == (False, "auth")
        text = f"GET/realtime{expires}".encode()
        signature = hmac.digest(b"simulator-secret", text, "sha256").hex()
        args = ["simulator-key", expires, signature]
        assert (await private.say({"op": "auth", "args": args}))["success"] is True
        answer = await private.say({"op": "subscribe", "args": ["order", "wallet"]})
        assert answer["success"] is True
        assert bybit.private_connections == 1


async def test_a_limit_order_is_answered_with_ids_alone_and_looked_up(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        placed = await client.create_order(
            BTC, "limit", "buy", "0.010", "96000.00", {"clientOrderId": "mine-1"}
        )
        assert placed["info"].keys() == {"orderId", "orderLinkId"}
        assert placed["status"] is None
        found = await client.fetch_order(placed["id"], BTC, KNOWN)
        by_client = await client.fetch_open_orders(BTC, params={"orderLinkId": "mine-1"})
        listed = await client.fetch_open_orders(BTC)
        every = await client.fetch_open_orders()
        canceled = await client.cancel_order(placed["id"], BTC)
        ended = await client.fetch_order(placed["id"], BTC, KNOWN)
        left = await client.fetch_open_orders(BTC)
        history = await client.fetch_canceled_and_closed_orders(BTC)
        with pytest.raises(OrderNotFound, match="110001"):
            await client.cancel_order(placed["id"], BTC)
        with pytest.raises(OrderNotFound):
            await client.fetch_order(str(UUID(int=1)), BTC, KNOWN)
        with pytest.raises(OrderNotFound):
            await client.fetch_order("nonsense", BTC, KNOWN)
    assert str(UUID(placed["id"])) == placed["id"] == bybit.order("BTCUSDT", "mine-1").exchange_id
    assert (found["status"], found["price"], found["symbol"]) == ("open", "96000.00", BTC)
    assert [order["id"] for order in by_client] == [placed["id"]]
    assert canceled["id"] == placed["id"]
    assert [order["id"] for order in listed] == [order["id"] for order in every] == [placed["id"]]
    assert (ended["status"], ended["info"]["cancelType"]) == ("canceled", "CancelByUser")
    assert left == []
    assert history[0]["status"] == "canceled"


async def test_a_market_order_is_filled_and_told_of_when_asked(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        placed = await client.create_order(BTC, "market", "buy", "0.010")
        order = await client.fetch_order(placed["id"], BTC, KNOWN)
        positions = await client.fetch_positions()
        flat = await client.fetch_positions([ETH])
        balance = await client.fetch_balance()
        trades = await client.fetch_my_trades(BTC)
    assert (order["status"], order["filled"], order["type"]) == ("closed", "0.010", "market")
    assert order["average"].startswith("97123.2")
    held = positions[0]
    assert (held["symbol"], held["side"], held["contracts"]) == (BTC, "long", "0.01")
    assert held["entryPrice"] == order["average"]
    assert Decimal(held["maintenanceMargin"]) > 0
    assert Decimal(held["markPrice"]) > 0
    assert len(positions) == 1
    assert (flat[0]["side"], flat[0]["contracts"]) == (None, "0")
    total = balance["info"]["result"]["list"][0]
    assert balance["USDT"]["total"] == total["coin"][0]["walletBalance"]
    assert Decimal(total["totalMaintenanceMargin"]) > 0
    assert [trade["order"] for trade in trades] == [order["id"]]
    assert trades[0]["takerOrMaker"] == "taker"
    assert Decimal(trades[0]["fee"]["cost"]) == Decimal(trades[0]["cost"]) * Decimal("0.0005")
    assert order["fee"]["cost"] == trades[0]["fee"]["cost"]


async def test_what_would_take_is_taken_and_ended_at_once(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        maker = await client.create_order(
            BTC, "limit", "buy", "0.010", "97500.00", {"postOnly": True}
        )
        whole = await client.create_order(
            BTC, "limit", "buy", "5.000", "97123.20", {"timeInForce": "FOK"}
        )
        orders = [await client.fetch_order(each["id"], BTC, KNOWN) for each in (maker, whole)]
    assert [order["status"] for order in orders] == ["canceled", "canceled"]
    assert [order["filled"] for order in orders] == ["0.000", "0.000"]
    assert [order["info"]["rejectReason"] for order in orders] == [
        "EC_PostOnlyWillTakeLiquidity",
        "EC_CancelForNoFullFill",
    ]


async def test_refusals_have_the_exchanges_codes(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        order = (BTC, "limit", "buy", "0.010", "96000.00")
        await client.create_order(*order, {"clientOrderId": "once"})
        await client.cancel_all_orders(BTC)
        for error, code, arguments in (
            (InvalidOrder, 110072, (*order, {"clientOrderId": "once"})),
            (InsufficientFunds, 110007, (BTC, "limit", "buy", "35.000", "97000.00")),
            (InvalidOrder, 110017, (*order, {"reduceOnly": True})),
            (ExchangeError, 110094, (BTC, "limit", "buy", "0.001", "96000.00")),
            (InvalidOrder, 110003, (BTC, "limit", "buy", "0.010", "140000.00")),
            (BadRequest, 10001, (*order, {"clientOrderId": "not allowed"})),
            (BadRequest, 10001, (*order, {"positionIdx": 1})),
        ):
            with pytest.raises(error, match=str(code)):
                await client.create_order(*arguments)


async def test_a_batch_answers_each_order_for_itself(bybit: Exchange) -> None:
    wanted: list[dict[str, Any]] = [
        {"amount": "0.010", "price": "96000.00", "params": {"clientOrderId": "good-1"}},
        {"amount": "0.001", "price": "96000.00", "params": {"clientOrderId": "too-small"}},
        {"amount": "0.020", "price": "95000.00", "params": {"clientOrderId": "good-2"}},
    ]
    async with ccxt_trader(bybit) as client:
        orders = await client.create_orders(
            [{"symbol": BTC, "type": "limit", "side": "buy", **each} for each in wanted]
        )
        ids = [order["id"] for order in orders if order["id"]]
        canceled = await client.cancel_orders([*ids, order_uuid(1 << 62)], BTC)
    assert [order["status"] for order in orders].count("rejected") == 1
    failed = next(order for order in orders if order["status"] == "rejected")
    assert (failed["info"]["code"], failed["clientOrderId"]) == (110094, None)
    assert len(ids) == 2
    assert [order["id"] for order in canceled].count(None) == 1
    assert bybit.orders(only_open=True) == []


async def test_orders_are_amended_and_all_canceled(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        first = await client.create_order(BTC, "limit", "buy", "0.010", "96000.00")
        await client.create_order(BTC, "limit", "buy", "0.010", "95000.00")
        await client.edit_order(first["id"], BTC, "limit", "buy", "0.020", "96100.00")
        amended = await client.fetch_order(first["id"], BTC, KNOWN)
        canceled = await client.cancel_all_orders(BTC)
    assert (amended["price"], amended["amount"]) == ("96100.00", "0.020")
    assert len(canceled) == 2
    assert bybit.orders(only_open=True) == []


async def test_open_orders_come_twenty_a_page(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        for n in range(23):
            await client.create_order(BTC, "limit", "buy", "0.010", f"{96000 - n}.00")
        page = await client.fetch_open_orders(BTC)
        every = await client.fetch_open_orders(BTC, params={"paginate": True})
    assert (len(page), len(every)) == (20, 23)


async def test_settings_are_fetched_and_set(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        assert (await client.fetch_leverage(BTC))["longLeverage"] == USUAL_LEVERAGE
        await client.set_leverage(7, BTC)
        with pytest.raises(ExchangeError, match="110043"):
            await client.set_leverage(7, BTC)
        assert (await client.fetch_leverage(BTC))["longLeverage"] == 7
        await client.set_margin_mode("isolated")
        await client.set_position_mode(True)
        with pytest.raises(ExchangeError, match="110025"):
            await client.set_position_mode(True)
        hedged = {"hedged": True}
        await client.create_order(BTC, "market", "buy", "0.010", None, hedged)
        await client.create_order(BTC, "market", "sell", "0.020", None, hedged)
        positions = await client.fetch_positions()
        with pytest.raises(ExchangeError, match="110024"):
            await client.set_position_mode(False)
        fee = await client.fetch_trading_fee(BTC)
    assert {(each["side"], each["contracts"]) for each in positions} == {
        ("long", "0.01"),
        ("short", "0.02"),
    }
    assert (Decimal(fee["maker"]), Decimal(fee["taker"])) == (Decimal("0.0002"), Decimal("0.0005"))


async def test_orders_executions_positions_and_the_wallet_are_watched(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        waiting = [
            asyncio.create_task(each)
            for each in (
                client.watch_orders(),
                client.watch_my_trades(),
                client.watch_balance(),
            )
        ]
        assert await client.watch_positions() == []
        waiting.append(asyncio.create_task(client.watch_positions()))
        await bybit.until_subscribed("order", "execution", "position", "wallet")
        placed = await client.create_order(BTC, "market", "buy", "0.010")
        orders, trades, balance, positions = await asyncio.gather(*waiting)
        held = (positions[-1]["side"], positions[-1]["contracts"])  # ccxt changes it in place
        closing = asyncio.create_task(client.watch_positions())
        await client.create_order(BTC, "market", "sell", "0.010", None, {"reduceOnly": True})
        flat = await closing
    assert (orders[-1]["id"], orders[-1]["status"]) == (placed["id"], "closed")
    assert (trades[-1]["order"], trades[-1]["amount"]) == (placed["id"], "0.010")
    assert Decimal(balance["USDT"]["total"]) < 100_000
    assert held == ("long", "0.01")
    assert (flat[-1]["side"], flat[-1]["contracts"]) == (None, "0")


async def test_what_one_request_does_is_one_frame_of_each_topic(bybit: Exchange) -> None:
    async with ccxt_trader(bybit) as client:
        watching = asyncio.create_task(client.watch_orders())
        await bybit.until_subscribed("order")
        await client.create_order(BTC, "market", "buy", "0.010")
        await watching
    frames = bybit.sent_on("order")
    assert len(frames) == 1
    assert [row["orderStatus"] for row in frames[0]["data"]] == ["New", "Filled"]
    assert frames[0]["data"][0]["orderId"] == frames[0]["data"][1]["orderId"]


async def test_faults_work_as_in_the_other_dialect(bybit: Exchange) -> None:
    create = "/v5/order/create"
    order = (BTC, "limit", "buy", "0.010", "96000.00")
    async with ccxt_trader(bybit) as client:
        await client.load_markets()
        await client.is_unified_enabled()
        bybit.fail_next("POST", create, ("status_before", 429))
        with pytest.raises(RateLimitExceeded, match="10006"):
            await client.create_order(*order)
        bybit.fail_next("POST", create, ("status_after", 503))
        with pytest.raises(ExchangeNotAvailable):
            await client.create_order(*order, {"clientOrderId": "done"})
        assert bybit.orders_placed == {"done": 1}
        watching = asyncio.create_task(client.watch_orders())
        await bybit.until_private()
        bybit.mute_private = True
        assert bybit.fill("BTCUSDT", "done").status == "filled"
        await bybit.drop_sockets(private=True)
        assert bybit.private_connections == 0
        with pytest.raises(NetworkError):
            await watching
    assert bybit.sent_on("order") == []


async def test_there_are_no_listen_keys(bybit: Exchange) -> None:
    with pytest.raises(NotImplementedError, match="no listen keys"):
        bybit.expire_listen_keys()


async def test_a_late_timestamp_becomes_ccxts_own_error(exchanges: Start) -> None:
    exchange = await exchanges(dialect="bybit", symbols=1, check_timestamps=True)
    async with ccxt_trader(exchange) as client:
        with pytest.raises(InvalidNonce, match="10002"):
            await client.fetch_balance()


def test_an_orders_uuid_leads_back_to_its_number() -> None:
    first = (1 << 62) + 12_345_678
    texts = {order_uuid(first + n): first + n for n in range(1_000)}
    assert len(texts) == 1_000
    for text, number in texts.items():
        assert (UUID(text).version, order_number(text)) == (4, number)
    assert order_number(str(UUID(int=7))) is None
    assert order_number("8389069999") is None
