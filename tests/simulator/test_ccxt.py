import asyncio
from typing import Any

import orjson
from conftest import WITHIN, Exchange, ccxt_client  # pyright: ignore


async def until_subscribed(exchange: Exchange, *streams: str) -> None:
    async with asyncio.timeout(WITHIN):
        while not set(streams) <= exchange.subscriptions().keys():
            await asyncio.sleep(0)


async def test_ccxt_loads_the_markets(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client, asyncio.timeout(WITHIN):
        markets: Any = await client.load_markets()
    assert set(markets) == {"BTC/USDT:USDT", "ETH/USDT:USDT", "1000SATS/USDT:USDT"}
    assert float(markets["1000SATS/USDT:USDT"]["precision"]["price"]) == 0.00000001


async def test_ccxt_watches_a_ticker(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client, asyncio.timeout(WITHIN):
        watched = asyncio.create_task(client.watch_ticker("BTC/USDT:USDT", {"name": "ticker"}))
        await until_subscribed(exchange, "btcusdt@ticker")
        exchange.trade("BTCUSDT", "97123.10", "0.5")
        ticker: Any = await watched
    assert ticker["last"] == "97123.10"
    assert orjson.loads(exchange.sent[-1][1]) == ticker["info"]


async def test_ccxt_watches_candles(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client, asyncio.timeout(WITHIN):
        watched = asyncio.create_task(client.watch_ohlcv("BTC/USDT:USDT", "1m"))
        await until_subscribed(exchange, "btcusdt@kline_1m")
        exchange.trade("BTCUSDT", "97123.10", "0.5")
        candles: Any = await watched
    assert candles[-1][4] == 97123.1
