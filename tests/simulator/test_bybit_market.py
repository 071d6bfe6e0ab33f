"""Bybit's market through ccxt's own class: what is fetched, what is watched."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from ccxt.base.errors import BadRequest, BadSymbol

from tests.simulator.on_loopback import START_MS, Exchange, asked, ccxt_client, line

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
LINEAR = "/v5/public/linear"

Start = Callable[..., Awaitable[Exchange]]


@pytest.fixture
async def bybit(exchanges: Start) -> Exchange:
    return await exchanges(dialect="bybit", symbols=("BTCUSDT", "ETHUSDT", "1000SATSUSDT"))


async def test_perpetuals_stand_beside_spot_pairs_of_the_same_id(bybit: Exchange) -> None:
    async with ccxt_client(bybit) as client:
        markets = await client.load_markets()
    perpetual, spot = markets[BTC], markets["BTC/USDT"]
    assert perpetual["id"] == spot["id"] == "BTCUSDT"
    assert (perpetual["swap"], perpetual["linear"], spot["spot"]) == (True, True, True)
    assert (perpetual["precision"]["price"], perpetual["precision"]["amount"]) == ("0.10", "0.001")
    assert perpetual["limits"]["cost"]["min"] == "100"
    assert perpetual["info"]["fundingInterval"] == 480


async def test_instruments_come_page_by_page(exchanges: Start) -> None:
    exchange = await exchanges(dialect="bybit", symbols=7)
    path, names, cursor = "/v5/market/instruments-info", [], ""
    for _ in range(3):
        _, body = await asked(exchange, path, category="linear", limit=3, cursor=cursor)
        names += [row["symbol"] for row in body["result"]["list"]]
        cursor = body["result"]["nextPageCursor"]
    assert names == exchange.symbols
    assert cursor == ""


async def test_all_that_can_be_fetched_is_understood(bybit: Exchange) -> None:
    bybit.trade("BTCUSDT", "97200.0", "0.010")
    async with ccxt_client(bybit) as client:
        assert await client.fetch_time() == START_MS
        ticker = await client.fetch_ticker(BTC)
        tickers = await client.fetch_tickers()
        rate = await client.fetch_funding_rate(BTC)
        rates = await client.fetch_funding_rates()
        interest = await client.fetch_open_interest(BTC)
        book = await client.fetch_order_book(BTC, 5)
        trades = await client.fetch_trades(BTC)
        history = await client.fetch_funding_rate_history(BTC, limit=3)
        since = START_MS - 10 * 24 * HOUR_MS
        earlier = await client.fetch_funding_rate_history(BTC, since, 3)
    assert (ticker["last"], ticker["symbol"]) == ("97200.00", BTC)
    assert Decimal(ticker["bid"]) < Decimal(ticker["ask"])
    assert tickers.keys() == {BTC, ETH, "1000SATS/USDT:USDT"}
    assert rate["fundingTimestamp"] == 1_750_003_200_000
    assert rate["interval"] == "8h"
    assert rates.keys() == tickers.keys()
    assert Decimal(interest["openInterestAmount"]) > 0
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)
    assert trades[-1]["price"] == "97200.00"
    assert [row["timestamp"] for row in history] == sorted(row["timestamp"] for row in history)
    assert history[-1]["timestamp"] == 1_749_974_400_000
    assert len(history) == len(earlier) == 3
    assert 0 <= earlier[0]["timestamp"] - since < 8 * HOUR_MS


async def test_candles_are_the_newest_or_the_first_from_a_start(bybit: Exchange) -> None:
    bybit.trade("BTCUSDT", "97200.0", "0.010")
    since = START_MS - 90 * MINUTE_MS
    async with ccxt_client(bybit) as client:
        newest = await client.fetch_ohlcv(BTC, "1m", None, 5)
        first = await client.fetch_ohlcv(BTC, "1m", since, 5)
        hours = await client.fetch_ohlcv(BTC, "1h", None, 3)
        with pytest.raises(BadRequest, match="Invalid period"):
            await client.fetch_ohlcv(BTC, "7m", None, 5)
    opening_ms = START_MS - START_MS % MINUTE_MS
    assert [row[0] for row in newest] == [opening_ms + n * MINUTE_MS for n in range(-4, 1)]
    assert newest[-1][4:] == ["97200.00", "0.010"]
    assert first[0][0] == since - since % MINUTE_MS + MINUTE_MS
    assert len(first) == 5
    assert hours[-1][0] == START_MS - START_MS % HOUR_MS


async def test_what_is_asked_wrongly_is_refused_by_code(bybit: Exchange) -> None:
    path = "/v5/market/kline"
    for query, words in (
        ({}, "category"),
        ({"category": "linear", "interval": "1"}, "symbol"),
        ({"category": "linear", "symbol": "NOPEUSDT", "interval": "1"}, "symbol"),
        ({"category": "wooden", "symbol": "BTCUSDT", "interval": "1"}, "category"),
        ({"category": "linear", "symbol": "BTCUSDT", "interval": "1", "start": "x"}, "start"),
    ):
        status, body = await asked(bybit, path, **query)
        assert (status, body["retCode"]) == (200, 10001), query
        assert words in body["retMsg"].lower()
    async with ccxt_client(bybit) as client:
        await client.load_markets()
        with pytest.raises(BadSymbol):
            await client.fetch_ticker("NOPE/USDT:USDT")


async def test_a_newcomer_gets_the_whole_ticker_then_what_changes(bybit: Exchange) -> None:
    async with line(bybit, LINEAR) as websocket:
        await websocket.websocket.send_json(
            {"op": "subscribe", "args": ["tickers.BTCUSDT"], "req_id": 7}
        )
        snapshot = await websocket.hear()
        answer = await websocket.hear()
        bybit.trade("BTCUSDT", "97200.0", "0.010")
        delta = await websocket.hear()
    assert (snapshot["type"], snapshot["data"]["lastPrice"]) == ("snapshot", "97123.10")
    assert (answer["success"], answer["req_id"], answer["op"]) == (True, "7", "subscribe")
    assert (delta["type"], delta["data"]["lastPrice"]) == ("delta", "97200.00")
    assert "prevPrice24h" not in delta["data"]
    assert delta["cs"] > snapshot["cs"]


async def test_tickers_trades_books_and_candles_are_watched(bybit: Exchange) -> None:
    async with ccxt_client(bybit) as client:
        await client.load_markets()
        first = await client.watch_ticker(BTC)
        waiting = [
            asyncio.create_task(each)
            for each in (
                client.watch_ticker(BTC),
                client.watch_trades(BTC),
                client.watch_ohlcv(BTC, "1m"),
            )
        ]
        bids = await client.watch_bids_asks([BTC])
        await bybit.until_subscribed(
            "tickers.BTCUSDT", "publicTrade.BTCUSDT", "kline.1.BTCUSDT", "orderbook.1.BTCUSDT"
        )
        bybit.trade("BTCUSDT", "97200.0", "0.010")
        ticker, trades, candles = await asyncio.gather(*waiting)
        await client.un_watch_ticker(BTC)
        assert "tickers.BTCUSDT" not in bybit.subscriptions()
    assert first["last"] == "97123.10"
    assert (ticker["last"], ticker["percentage"] is not None) == ("97200.00", True)
    assert (trades[-1]["price"], trades[-1]["amount"]) == ("97200.00", "0.010")
    assert candles[-1][4] == "97200.00"
    assert Decimal(bids[BTC]["bid"]) < Decimal(bids[BTC]["ask"])


async def test_a_candle_is_confirmed_once_at_its_end(bybit: Exchange) -> None:
    async with line(bybit, LINEAR) as websocket:
        args = ["kline.1.BTCUSDT"]
        answer = await websocket.say({"op": "subscribe", "args": args, "req_id": "1"})
        assert answer["success"] is True
        bybit.trade("BTCUSDT", "97200.0", "0.010")
        bybit.pause()
        bybit.advance(60)
    frames = [frame["data"][0] for frame in bybit.sent_on("kline.1.BTCUSDT")]
    assert [frame["confirm"] for frame in frames] == [False, True]
    assert frames[1]["close"] == "97200.00"
    assert frames[1]["end"] - frames[1]["start"] == MINUTE_MS - 1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"op": "subscribe", "args": ["tickers.NOPEUSDT"]}, "handler not found"),
        ({"op": "subscribe", "args": ["kline.7.BTCUSDT"]}, "handler not found"),
        ({"op": "subscribe", "args": ["order"]}, "handler not found"),
        ({"op": "subscribe", "args": []}, "args is empty"),
        ({"op": "fly", "args": ["x"]}, "invalid op"),
        ("nonsense", "invalid op"),
    ],
)
async def test_a_wrong_message_is_refused_whole(
    bybit: Exchange, message: object, words: str
) -> None:
    async with line(bybit, LINEAR) as websocket:
        answer = await websocket.say(message)
    assert answer["success"] is False
    assert words in answer["ret_msg"]
    assert bybit.subscriptions() == {}


async def test_pings_are_answered(bybit: Exchange) -> None:
    async with line(bybit, LINEAR) as public, line(bybit, "/v5/private") as private:
        pong = await public.say({"op": "ping", "req_id": 3})
        assert (pong["ret_msg"], pong["req_id"]) == ("pong", "3")
        assert (await private.say({"op": "ping", "req_id": 3}))["op"] == "pong"
