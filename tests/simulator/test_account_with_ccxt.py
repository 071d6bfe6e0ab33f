"""The account through ccxt's own class: orders, fills, balances, positions, settings."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from ccxt.base.errors import (
    AuthenticationError,
    ExchangeError,
    MarginModeAlreadySet,
    OrderNotFound,
)

from connector.simulator.trading.account import USUAL_LEVERAGE
from tests.simulator.on_loopback import Exchange, ccxt_client, ccxt_trader

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"

Start = Callable[..., Awaitable[Exchange]]


async def test_a_market_order_is_filled_and_answered_whole(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        order = await client.create_order(BTC, "market", "buy", "0.010")
        positions = await client.fetch_positions()
        balance = await client.fetch_balance()
        trades = await client.fetch_my_trades(BTC)
    assert order["status"] == "closed"
    assert order["filled"] == "0.010"
    assert order["id"] == str(exchange.orders()[0].order_id)
    assert order["average"].startswith("97123.2")
    assert positions[0]["symbol"] == BTC
    assert positions[0]["side"] == "long"
    assert positions[0]["contracts"] == "0.01"
    assert positions[0]["entryPrice"] == order["average"]
    assert Decimal(positions[0]["maintenanceMargin"]) > 0
    assert Decimal(positions[0]["markPrice"]) > 0
    assert balance["USDT"]["total"] == balance["info"]["totalMarginBalance"]
    assert Decimal(balance["USDT"]["used"]) > 40
    assert [trade["order"] for trade in trades] == [order["id"]]
    assert trades[0]["takerOrMaker"] == "taker"
    assert Decimal(trades[0]["fee"]["cost"]) == Decimal(trades[0]["cost"]) * Decimal("0.0005")


async def test_a_limit_order_rests_is_looked_up_and_canceled(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        placed = await client.create_order(
            BTC, "limit", "buy", "0.010", "96000.00", {"clientOrderId": "mine-1"}
        )
        assert (placed["status"], placed["clientOrderId"]) == ("open", "mine-1")
        assert (await client.fetch_order(placed["id"], BTC))["price"] == "96000.00"
        by_client = await client.fetch_order(None, BTC, {"clientOrderId": "mine-1"})
        assert by_client["id"] == placed["id"]
        assert [order["id"] for order in await client.fetch_open_orders(BTC)] == [placed["id"]]
        client.options["fetchOpenOrders"]["warnWithoutSymbol"] = False
        assert [order["id"] for order in await client.fetch_open_orders()] == [placed["id"]]
        assert (await client.fetch_open_order(placed["id"], BTC))["remaining"] == "0.01"
        assert (await client.cancel_order(placed["id"], BTC))["status"] == "canceled"
        assert await client.fetch_open_orders(BTC) == []
        assert (await client.fetch_orders(BTC))[0]["status"] == "canceled"
        with pytest.raises(ExchangeError, match="-2011"):
            await client.cancel_order(placed["id"], BTC)
        with pytest.raises(OrderNotFound, match="-2013"):
            await client.fetch_order("1", BTC)


async def test_a_batch_answers_each_order_for_itself(exchange: Exchange) -> None:
    wanted: list[dict[str, Any]] = [
        {"amount": "0.010", "price": "96000.00", "params": {"clientOrderId": "good-1"}},
        {"amount": "0.001", "price": "96000.00", "params": {"clientOrderId": "too-small"}},
        {"amount": "0.020", "price": "95000.00", "params": {"clientOrderId": "good-2"}},
    ]
    async with ccxt_trader(exchange) as client:
        orders = await client.create_orders(
            [{"symbol": BTC, "type": "limit", "side": "buy", **each} for each in wanted]
        )
        placed = {order["clientOrderId"]: order["id"] for order in orders if order["id"]}
        errors = [order["info"] for order in orders if not order["id"]]
        canceled = await client.cancel_orders([placed["good-1"], "77"], BTC)
        more = await client.cancel_orders(None, BTC, {"clientOrderIds": ["good-2"]})
    assert [error["code"] for error in errors] == [-4164]
    assert set(placed) == {"good-1", "good-2"}
    assert [row["id"] for row in canceled] == [placed["good-1"]]
    assert [row["status"] for row in more] == ["canceled"]
    assert exchange.orders_placed == {"good-1": 1, "good-2": 1}
    assert exchange.orders(only_open=True) == []


async def test_orders_are_changed_and_all_canceled(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        placed = await client.create_order(BTC, "limit", "buy", "0.010", "96000.00")
        changed = await client.edit_order(placed["id"], BTC, "limit", "buy", "0.020", "95000.00")
        assert (changed["id"], changed["amount"]) == (placed["id"], "0.020")
        many = await client.edit_orders(
            [
                {
                    "id": placed["id"],
                    "symbol": BTC,
                    "type": "limit",
                    "side": "buy",
                    "amount": "0.030",
                    "price": "95500.00",
                }
            ]
        )
        assert many[0]["price"] == "95500.00"
        await client.cancel_all_orders(BTC)
    assert [order.status for order in exchange.orders()] == ["canceled"]
    assert exchange.orders()[0].quantity == Decimal("0.030")


async def test_settings_are_fetched_and_set(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        assert (await client.set_leverage(50, BTC))["leverage"] == 50
        leverages = await client.fetch_leverages()
        assert leverages[BTC]["longLeverage"] == 50
        assert leverages[ETH]["longLeverage"] == USUAL_LEVERAGE
        assert (await client.fetch_position_mode())["hedged"] is False
        await client.set_margin_mode("isolated", ETH)
        with pytest.raises(MarginModeAlreadySet, match="-4046"):
            await client.set_margin_mode("isolated", ETH)
        assert (await client.fetch_margin_mode(ETH))["marginMode"] == "isolated"
        fee = await client.fetch_trading_fee(BTC)
        assert (fee["maker"], fee["taker"]) == ("0.000200", "0.000500")
        tiers = await client.fetch_leverage_tiers([BTC])
        assert tiers[BTC][0]["maxLeverage"] == "125"


async def test_hedged_positions_are_told_apart(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        await client.set_position_mode(True)
        assert (await client.fetch_position_mode())["hedged"] is True
        await client.create_order(BTC, "market", "buy", "0.010", None, {"hedged": True})
        await client.create_order(BTC, "market", "sell", "0.020", None, {"hedged": True})
        positions = await client.fetch_positions([BTC])
        with pytest.raises(ExchangeError, match="-4061"):
            await client.create_order(BTC, "market", "buy", "0.010")
        await client.create_order(
            BTC, "market", "buy", "0.020", None, {"hedged": True, "reduceOnly": True}
        )
    assert {(row["side"], row["contracts"]) for row in positions} == {
        ("long", "0.01"),
        ("short", "0.02"),
    }
    assert [(row.leg, row.quantity) for row in exchange.positions()] == [("long", Decimal("0.010"))]


@pytest.mark.parametrize("older", [False, True])
async def test_positions_are_read_from_either_endpoint_of_either_age(
    exchange: Exchange, older: bool
) -> None:
    async with ccxt_trader(exchange) as client:
        await client.create_order(ETH, "market", "sell", "1.000")
        risk = await client.fetch_positions([ETH], {"useV2": older})
        account = await client.fetch_account_positions([ETH], {"useV2": older})
        balance = await client.fetch_balance({"useV2": older})
    for position in (risk[0], account[0]):
        assert (position["side"], position["contracts"]) == ("short", "1")
        assert position["marginMode"] == "cross"
    assert Decimal(risk[0]["liquidationPrice"]) > Decimal(risk[0]["markPrice"])
    assert balance["USDC"]["total"] == "0.00000000"


async def test_an_account_may_be_hedged_from_the_start(exchanges: Start) -> None:
    exchange = await exchanges(symbols=1, hedged=True)
    async with ccxt_trader(exchange) as client:
        assert (await client.fetch_position_mode())["hedged"] is True


async def test_income_is_what_changed_the_wallet(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        await client.create_order(BTC, "market", "buy", "0.100")
        await client.create_order(BTC, "market", "sell", "0.100")
        ledger = await client.fetch_ledger("USDT")
    change = sum(Decimal(row["info"]["income"]) for row in ledger)
    assert exchange.balances()["USDT"].wallet == 100_000 + change
    assert {row["info"]["incomeType"] for row in ledger} == {"COMMISSION", "REALIZED_PNL"}


async def test_orders_fills_balances_and_positions_are_watched(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        client.options["watchPositions"] = {"fetchPositionsSnapshot": False}
        watches: dict[str, asyncio.Task[Any]] = {
            "orders": asyncio.create_task(client.watch_orders()),
            "trades": asyncio.create_task(client.watch_my_trades()),
            "balance": asyncio.create_task(client.watch_balance()),
            "positions": asyncio.create_task(client.watch_positions()),
        }
        await exchange.until_private()
        placed = await client.create_order(BTC, "limit", "sell", "0.010", "97200.00")
        assert (await watches["orders"])[0]["status"] == "open"
        watches["orders"] = asyncio.create_task(client.watch_orders())
        await asyncio.sleep(0)
        exchange.trade("BTCUSDT", "97200.00", "1.000", taker_bought=True)
        filled = (await watches["orders"])[0]
        trade = (await watches["trades"])[0]
        balance = await watches["balance"]
        position = (await watches["positions"])[0]
    assert (filled["id"], filled["status"], filled["filled"]) == (placed["id"], "closed", "0.010")
    assert (trade["price"], trade["amount"]) == ("97200.00", "0.010")
    assert (trade["takerOrMaker"], trade["fee"]["cost"]) == ("maker", "0.19440000")
    assert balance["USDT"]["total"] == "99999.80560000"
    assert (position["side"], position["contracts"]) == ("short", "0.01")


async def test_wrong_keys_are_refused(exchange: Exchange, exchanges: Start) -> None:
    async with ccxt_client(exchange, apiKey="simulator-key", secret="wrong") as client:
        client.options["fetchCurrencies"] = False
        with pytest.raises(AuthenticationError, match="-1022"):
            await client.fetch_balance()
    closed = await exchanges(symbols=1, api_key=None)
    async with ccxt_trader(closed) as client:
        client.options["fetchCurrencies"] = False
        with pytest.raises(AuthenticationError, match="-2015"):
            await client.fetch_balance()


async def test_orders_that_never_rest_are_answered_as_they_ended(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        some = await client.create_order(
            BTC, "limit", "buy", "5.000", "97123.20", {"timeInForce": "IOC"}
        )
        assert some["status"] == "expired"
        assert 0 < Decimal(some["filled"]) < 5
        with pytest.raises(ExchangeError, match="-5021"):
            await client.create_order(
                BTC, "limit", "buy", "5.000", "97123.20", {"timeInForce": "FOK"}
            )
        with pytest.raises(ExchangeError, match="-5022"):
            await client.create_order(BTC, "limit", "buy", "1", "97123.20", {"postOnly": True})
        acknowledged = await client.create_order(
            BTC, "market", "buy", "0.010", None, {"newOrderRespType": "ACK"}
        )
        assert (acknowledged["status"], acknowledged["filled"]) == ("open", "0.000")
        assert (await client.fetch_order(acknowledged["id"], BTC))["status"] == "closed"
        with pytest.raises(ExchangeError, match="-4120"):
            await client.fapiPrivatePostOrder(
                {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "stopPrice": "90000"}
            )


async def test_a_key_that_died_unnoticed_is_noticed_when_it_is_to_be_prolonged(
    exchange: Exchange,
) -> None:
    async with ccxt_trader(exchange) as client:
        watched = asyncio.create_task(client.watch_orders())
        await exchange.until_private()
        await client.keep_alive_listen_key()
        exchange.expire_listen_keys()
        assert not watched.done()
        await client.keep_alive_listen_key()
        with pytest.raises(ExchangeError, match="-1125"):
            await watched
        watched = asyncio.create_task(client.watch_orders())
        await exchange.until_private()
        await client.create_order(BTC, "limit", "buy", "0.010", "96000.00")
        assert (await watched)[0]["status"] == "open"


async def test_funding_that_was_paid_is_told(exchanges: Start) -> None:
    exchange = await exchanges(symbols=("BTCUSDT",), updates_per_second=0)
    async with ccxt_trader(exchange) as client:
        await client.create_order(BTC, "market", "buy", "0.100")
        exchange.advance(3 * 3600)
        history = await client.fetch_funding_history(BTC)
    assert [row["timestamp"] % (8 * 3_600_000) for row in history] == [0]
    assert history[0]["code"] == "USDT"
    assert Decimal(history[0]["amount"]) != 0


async def test_a_burst_of_fills_reaches_ccxts_cache_whole(exchange: Exchange) -> None:
    async with ccxt_trader(exchange) as client:
        watched = asyncio.create_task(client.watch_my_trades())
        await exchange.until_private()
        await client.create_order(BTC, "limit", "buy", "0.140", "96000.00", {"clientOrderId": "b"})
        for _ in range(7):
            exchange.fill("BTCUSDT", "b", "0.020")
        await watched
        while len(client.myTrades) < 7:
            await asyncio.sleep(0)
        assert [trade["amount"] for trade in client.myTrades] == ["0.020"] * 7
        assert exchange.order("BTCUSDT", "b").status == "filled"
