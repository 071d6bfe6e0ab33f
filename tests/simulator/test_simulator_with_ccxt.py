"""ccxt's own class against the exchange, its addresses apart unchanged."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from ccxt.base.errors import BadRequest, BadSymbol, NetworkError

from tests.simulator.on_loopback import START_MS, Exchange, ccxt_client

BTC, ETH, SATS = "BTC/USDT:USDT", "ETH/USDT:USDT", "1000SATS/USDT:USDT"


async def test_markets_have_ticks_steps_and_limits(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client:
        markets: Any = await client.load_markets()
    assert set(markets) == {BTC, ETH, SATS}
    assert markets[BTC]["precision"]["price"] == "0.10"
    assert markets[SATS]["precision"]["price"] == "0.00000001"
    assert markets[BTC]["limits"]["amount"]["min"] == "0.001"
    assert markets[BTC]["limits"]["cost"]["min"] == "100"
    assert markets[BTC]["active"]
    assert markets[BTC]["linear"]


async def test_a_symbol_may_be_quoted_in_usdc(
    exchanges: Callable[..., Awaitable[Exchange]],
) -> None:
    exchange = await exchanges(symbols=("BTCUSDC",))
    async with ccxt_client(exchange) as client:
        assert list(await client.load_markets()) == ["BTC/USDC:USDC"]


async def test_all_that_can_be_fetched_is_understood(exchange: Exchange) -> None:
    exchange.advance(90)
    async with ccxt_client(exchange) as client:
        ticker = await client.fetch_ticker(SATS)
        tickers = await client.fetch_tickers()
        candles = await client.fetch_ohlcv(BTC, "5m", limit=10)
        funding = await client.fetch_funding_rate(BTC)
        rates = await client.fetch_funding_rates()
        history = await client.fetch_funding_rate_history(BTC, limit=3)
        intervals = await client.fetch_funding_intervals()
        interest = await client.fetch_open_interest(BTC)
        book = await client.fetch_order_book(BTC, 5)
        trades = await client.fetch_trades(BTC, limit=4)
        prices = await client.fetch_last_prices([BTC])
        quotes = await client.fetch_bids_asks([BTC])
        now_ms = await client.fetch_time()
    assert ticker["last"] == tickers[SATS]["last"]
    assert ticker["last"].startswith("0.000")
    assert len(candles) == 10
    assert funding["nextFundingTimestamp"] == rates[BTC]["nextFundingTimestamp"]
    assert [rate["timestamp"] % (8 * 3_600_000) for rate in history] == [0, 0, 0]
    assert intervals[BTC]["interval"] == "8h"
    assert float(interest["openInterestAmount"]) > 0
    assert len(book["bids"]) == len(book["asks"]) == 5
    assert book["bids"][0][0] < book["asks"][0][0]
    assert trades[-1]["price"] == prices[BTC]["price"]
    assert quotes[BTC]["bid"] < quotes[BTC]["ask"]
    assert now_ms == exchange.now_ms == START_MS + 90_000


async def test_refusals_become_ccxts_own_errors(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client:
        with pytest.raises(BadSymbol):
            await client.fapiPublicGetTicker24hr({"symbol": "NOPEUSDT"})
        with pytest.raises(BadRequest):
            await client.fapiPublicGetKlines({"symbol": "BTCUSDT", "interval": "7m"})


async def test_tickers_of_many_symbols_arrive_as_they_were_sent(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client:
        watched = asyncio.create_task(client.watch_tickers([BTC, SATS], {"name": "ticker"}))
        await exchange.until_subscribed("btcusdt@ticker", "1000satsusdt@ticker")
        exchange.trade("1000SATSUSDT", "0.00023458", "70000")
        tickers: Any = await watched
    assert tickers[SATS]["last"] == "0.00023458"
    assert tickers[SATS]["info"] == orjson.loads(exchange.sent[-1][1])


async def test_mini_tickers_of_all_symbols_arrive_in_one_frame(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client:
        watched = asyncio.create_task(client.watch_tickers())
        await exchange.until_subscribed("!miniTicker@arr")
        exchange.advance(1)
        assert set(await watched) == {BTC, ETH, SATS}


async def test_a_candle_arrives_with_the_trades_digits(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client:
        watched = asyncio.create_task(client.watch_ohlcv(BTC, "1h"))
        await exchange.until_subscribed("btcusdt@kline_1h")
        exchange.trade("BTCUSDT", "97001.10", "0.500")
        candles: Any = await watched
    assert candles[-1][0] == START_MS - START_MS % 3_600_000
    assert candles[-1][4] == 97001.1


async def test_trades_quotes_and_mark_prices_arrive(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client:
        trades = asyncio.create_task(client.watch_trades(BTC))
        quotes = asyncio.create_task(client.watch_bids_asks([ETH]))
        await exchange.until_subscribed("btcusdt@trade", "ethusdt@bookTicker")
        exchange.trade("BTCUSDT", "97123.10", "0.025", taker_bought=False)
        exchange.trade("ETHUSDT", "3412.55", "0.100")
        assert (await trades)[0]["side"] == "sell"
        assert (await quotes)[ETH]["ask"] == "3412.55"
        marks = asyncio.create_task(client.watch_mark_prices([BTC]))
        await exchange.until_subscribed("btcusdt@markPrice@1s")
        exchange.advance(1)
        assert float((await marks)[BTC]["markPrice"]) == pytest.approx(97123.1, rel=0.01)


async def test_unwatching_ends_the_subscription(exchange: Exchange) -> None:
    async with ccxt_client(exchange) as client:
        watched = asyncio.create_task(client.watch_tickers([BTC], {"name": "ticker"}))
        await exchange.until_subscribed("btcusdt@ticker")
        exchange.trade("BTCUSDT", "97123.10", "0.5")
        await watched
        await client.un_watch_tickers([BTC], {"name": "ticker"})
        assert exchange.subscriptions() == {}
        assert exchange.connections == 1
    await exchange.until_nobody_listens()


async def test_a_dropped_socket_reaches_the_watcher_and_can_be_watched_again(
    exchange: Exchange,
) -> None:
    async with ccxt_client(exchange) as client:
        watched = asyncio.create_task(client.watch_ticker(BTC, {"name": "ticker"}))
        await exchange.until_subscribed("btcusdt@ticker")
        await exchange.drop_sockets()
        with pytest.raises(NetworkError):
            await watched
        watched = asyncio.create_task(client.watch_ticker(BTC, {"name": "ticker"}))
        await exchange.until_subscribed("btcusdt@ticker")
        exchange.trade("BTCUSDT", "97200.00", "0.001")
        assert (await watched)["last"] == "97200.00"
