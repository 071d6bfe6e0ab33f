"""The REST protocol: shapes, limits, periods, refusals."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.simulator.on_loopback import START_MS, Exchange, asked, got

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
MINUTE = START_MS - START_MS % MINUTE_MS


async def test_time_is_the_exchanges_own(exchange: Exchange) -> None:
    assert await got(exchange, "/fapi/v1/ping") == {}
    exchange.advance(61.5)
    assert await got(exchange, "/fapi/v1/time") == {"serverTime": START_MS + 61_500}


async def test_filters_hold_for_every_symbol(exchange: Exchange) -> None:
    info = await got(exchange, "/fapi/v1/exchangeInfo")
    for symbol in info["symbols"]:
        filters = {each["filterType"]: each for each in symbol["filters"]}
        assert filters.keys() >= {
            "PRICE_FILTER",
            "LOT_SIZE",
            "MARKET_LOT_SIZE",
            "MAX_NUM_ORDERS",
            "MIN_NOTIONAL",
            "PERCENT_PRICE",
        }
        quote = await got(exchange, "/fapi/v1/ticker/bookTicker", symbol=symbol["symbol"])
        for price in (quote["bidPrice"], quote["askPrice"]):
            assert Decimal(price) % Decimal(filters["PRICE_FILTER"]["tickSize"]) == 0
            assert len(price.partition(".")[2]) == symbol["pricePrecision"]
        assert Decimal(quote["bidQty"]) % Decimal(filters["LOT_SIZE"]["stepSize"]) == 0
        assert symbol["contractType"] == "PERPETUAL"
        assert "GTX" in symbol["timeInForce"]


@pytest.mark.parametrize(
    "path",
    [
        "/fapi/v1/ticker/24hr",
        "/fapi/v1/ticker/price",
        "/fapi/v2/ticker/price",
        "/fapi/v1/ticker/bookTicker",
        "/fapi/v1/premiumIndex",
    ],
)
async def test_one_symbol_is_an_object_and_none_is_a_list_of_all(
    exchange: Exchange, path: str
) -> None:
    rows = await got(exchange, path)
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT", "1000SATSUSDT"]
    assert await got(exchange, path, symbol="ETHUSDT") == rows[1]


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("klines", {"interval": "1m"}, -1102),
        ("klines", {"symbol": "BTCUSDT"}, -1102),
        ("klines", {"symbol": "", "interval": "1m"}, -1102),
        ("klines", {"symbol": "NOPEUSDT", "interval": "1m"}, -1121),
        ("klines", {"symbol": "btcusdt", "interval": "1m"}, -1121),
        ("klines", {"symbol": "BTCUSDT", "interval": "1s"}, -1120),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "1501"}, -1130),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "0"}, -1130),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "limit": "many"}, -1100),
        ("klines", {"symbol": "BTCUSDT", "interval": "1m", "startTime": ""}, -1102),
        (
            "klines",
            {"symbol": "BTCUSDT", "interval": "1m", "startTime": 2, "endTime": 1},
            -1023,
        ),
        ("ticker/24hr", {"symbol": "NOPEUSDT"}, -1121),
        ("premiumIndex", {"symbol": "NOPEUSDT"}, -1121),
        ("fundingRate", {"symbol": "BTCUSDT", "limit": "1001"}, -1130),
        ("openInterest", {}, -1102),
        ("depth", {"symbol": "BTCUSDT", "limit": "7"}, -4021),
    ],
)
async def test_a_request_that_is_wrong_is_refused_with_the_exchanges_own_code(
    exchange: Exchange, path: str, query: dict[str, Any], code: int
) -> None:
    status, body = await asked(exchange, f"/fapi/v1/{path}", **query)
    assert (status, body["code"]) == (400, code)
    assert isinstance(body["msg"], str)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/fapi/v1/algoOrder"),
        ("GET", "/fapi/v1/account"),
        ("PATCH", "/fapi/v1/listenKey"),
        ("GET", "/fapi/v1/nothing"),
        ("POST", "/fapi/v1/klines"),
    ],
)
async def test_what_is_not_here_is_said_not_to_be_here(
    exchange: Exchange, method: str, path: str
) -> None:
    assert await asked(exchange, path, method=method) == (
        404,
        {"code": -5000, "msg": f"Path {path}, Method {method} is invalid"},
    )


async def klines(exchange: Exchange, **query: Any) -> list[Any]:
    return await got(exchange, "/fapi/v1/klines", **{"symbol": "BTCUSDT", "interval": "1m"} | query)


async def test_candles_without_a_start_are_the_newest_the_last_one_forming(
    exchange: Exchange,
) -> None:
    exchange.advance(150)
    bars = await klines(exchange, limit=1500)
    assert len(bars) == 1500
    assert [bar[0] for bar in bars] == [MINUTE + n * MINUTE_MS for n in range(-1496, 4)]
    assert all(bar[6] == bar[0] + MINUTE_MS - 1 for bar in bars)
    assert len(await klines(exchange)) == 500
    price = (await got(exchange, "/fapi/v1/ticker/price", symbol="BTCUSDT"))["price"]
    assert bars[-1][4] == price


async def test_candles_with_a_start_begin_there_and_end_at_the_end(exchange: Exchange) -> None:
    hour = START_MS - START_MS % HOUR_MS
    bars = await klines(exchange, interval="1h", startTime=hour - 5 * HOUR_MS + 1, limit=3)
    assert [bar[0] for bar in bars] == [hour - n * HOUR_MS for n in (4, 3, 2)]
    bars = await klines(exchange, startTime=MINUTE - 2 * MINUTE_MS, endTime=MINUTE - 1)
    assert [bar[0] for bar in bars] == [MINUTE - 2 * MINUTE_MS, MINUTE - MINUTE_MS]
    bars = await klines(exchange, endTime=MINUTE - 1, limit=2)
    assert [bar[0] for bar in bars] == [MINUTE - 2 * MINUTE_MS, MINUTE - MINUTE_MS]
    assert await klines(exchange, startTime=START_MS + DAY_MS) == []
    assert await klines(exchange, startTime=10**19, interval="1M") == []
    assert await klines(exchange, endTime=0) == []


@pytest.mark.parametrize("interval", ["1d", "3d", "1w", "1M"])
async def test_history_begins_on_the_day_of_the_listing(exchange: Exchange, interval: str) -> None:
    info = await got(exchange, "/fapi/v1/exchangeInfo")
    listed = info["symbols"][0]["onboardDate"]
    bars = await klines(exchange, interval=interval, startTime=0, limit=1500)
    assert listed <= bars[0][0] < listed + 31 * DAY_MS
    assert bars[-1][0] <= START_MS <= bars[-1][6]
    assert all(before[6] + 1 == after[0] for before, after in pairwise(bars))


async def test_the_day_ticker_agrees_with_the_days_minutes(exchange: Exchange) -> None:
    for seconds in (0, 30, 4000):
        exchange.advance(seconds)
        ticker = await got(exchange, "/fapi/v1/ticker/24hr", symbol="BTCUSDT")
        bars = await klines(exchange, limit=1440)
        assert ticker["openTime"] == bars[0][0]
        assert ticker["openPrice"] == bars[0][1]
        assert ticker["lastPrice"] == bars[-1][4]
        assert Decimal(ticker["highPrice"]) == max(Decimal(bar[2]) for bar in bars)
        assert Decimal(ticker["lowPrice"]) == min(Decimal(bar[3]) for bar in bars)
        assert Decimal(ticker["volume"]) == sum(Decimal(bar[5]) for bar in bars)
        assert Decimal(ticker["quoteVolume"]) == sum(Decimal(bar[7]) for bar in bars)
        assert ticker["count"] == sum(bar[8] for bar in bars)
        assert ticker["count"] == ticker["lastId"] - ticker["firstId"] + 1
        change = Decimal(ticker["lastPrice"]) - Decimal(ticker["openPrice"])
        assert Decimal(ticker["priceChange"]) == change
        percent = float(change / Decimal(ticker["openPrice"])) * 100
        assert float(ticker["priceChangePercent"]) == pytest.approx(percent, abs=0.0006)


async def test_funding_settles_on_the_clock_at_the_rate_that_was_estimated(
    exchange: Exchange,
) -> None:
    exchange.pause()
    before = await got(exchange, "/fapi/v1/premiumIndex", symbol="BTCUSDT")
    settles = before["nextFundingTime"]
    assert settles % (8 * HOUR_MS) == 0
    assert 0 < settles - START_MS <= 8 * HOUR_MS
    exchange.advance((settles - START_MS) / 1000 - 0.001)
    estimated = await got(exchange, "/fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert estimated["nextFundingTime"] == settles
    exchange.advance(0.002)
    after = await got(exchange, "/fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert after["nextFundingTime"] == settles + 8 * HOUR_MS
    rates = await got(exchange, "/fapi/v1/fundingRate", symbol="BTCUSDT", limit=1000)
    assert [rate["fundingTime"] for rate in rates] == [
        settles - n * 8 * HOUR_MS for n in range(999, -1, -1)
    ]
    assert rates[-1]["fundingRate"] == estimated["lastFundingRate"]
    assert float(rates[-1]["markPrice"]) == pytest.approx(97123.1, rel=0.001)
    assert len({rate["fundingRate"] for rate in rates}) > 500


async def test_settlements_are_given_for_a_period_and_for_all_symbols(exchange: Exchange) -> None:
    period = {"startTime": START_MS - 3 * DAY_MS, "endTime": START_MS - 2 * DAY_MS}
    rates = await got(exchange, "/fapi/v1/fundingRate", symbol="ETHUSDT", **period)
    assert len(rates) == 3
    assert all(period["startTime"] <= rate["fundingTime"] <= period["endTime"] for rate in rates)
    first = await got(exchange, "/fapi/v1/fundingRate", symbol="ETHUSDT", limit=2, **period)
    assert first == rates[:2]
    every = await got(exchange, "/fapi/v1/fundingRate", limit=6)
    assert [rate["fundingTime"] for rate in every] == sorted(rate["fundingTime"] for rate in every)
    assert {rate["symbol"] for rate in every} == {"BTCUSDT", "ETHUSDT", "1000SATSUSDT"}


async def test_open_interest_drifts(exchange: Exchange) -> None:
    seen: set[str] = set()
    for _ in range(5):
        exchange.advance(600)
        interest = await got(exchange, "/fapi/v1/openInterest", symbol="BTCUSDT")
        seen.add(interest["openInterest"])
    assert len(seen) == 5


async def test_recent_trades_ascend_and_can_be_asked_for_by_id_and_time(
    exchange: Exchange,
) -> None:
    exchange.advance(20)
    trades = await got(exchange, "/fapi/v1/aggTrades", symbol="BTCUSDT")
    assert len(trades) == 100
    ids = [trade["a"] for trade in trades]
    assert ids == list(range(ids[0], ids[0] + 100))
    later = await got(exchange, "/fapi/v1/aggTrades", symbol="BTCUSDT", fromId=ids[10], limit=5)
    assert later == trades[10:15]
    since = await got(
        exchange, "/fapi/v1/aggTrades", symbol="BTCUSDT", startTime=trades[90]["T"], limit=1000
    )
    assert since == trades[90:]


async def test_the_book_lies_around_the_last_trade(exchange: Exchange) -> None:
    exchange.trade("BTCUSDT", "97123.10", "0.010", taker_bought=False)
    book = await got(exchange, "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)
    assert len(book["bids"]) == len(book["asks"]) == 1000
    assert book["bids"][0][0] == "97123.10"
    bids = [Decimal(price) for price, _ in book["bids"]]
    asks = [Decimal(price) for price, _ in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert all(Decimal(quantity) > 0 for _, quantity in book["bids"] + book["asks"])
