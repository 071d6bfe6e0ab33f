"""The account through ccxt's own class: orders, fills, balances, positions."""

import asyncio
from typing import Any

from tests.simulator.on_loopback import Exchange, ccxt_trader

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"


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
    assert balance["USDT"]["total"] == balance["info"]["totalMarginBalance"]
    assert [trade["order"] for trade in trades] == [order["id"]]
    assert trades[0]["takerOrMaker"] == "taker"


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
        assert (await client.cancel_order(placed["id"], BTC))["status"] == "canceled"
        assert await client.fetch_open_orders(BTC) == []
        assert (await client.fetch_orders(BTC))[0]["status"] == "canceled"


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
    assert (trade["price"], trade["amount"], trade["takerOrMaker"]) == (
        "97200.00",
        "0.010",
        "maker",
    )
    assert balance["USDT"]["total"] == "99999.80560000"
    assert (position["side"], position["contracts"]) == ("short", "0.01")
