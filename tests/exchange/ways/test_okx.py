"""OKX: what its v5 documents show, through ccxt's own class, to domain values."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connector.domain import Candle, PriceSource
from tests.exchange.ways.venue import Venue, venue

SYMBOL = "BTC/USDT:USDT"
NOTHING = {"code": "0", "msg": "", "data": []}
SWAP = {
    "instType": "SWAP",
    "instId": "BTC-USDT-SWAP",
    "uly": "BTC-USDT",
    "baseCcy": "",
    "quoteCcy": "",
    "settleCcy": "USDT",
    "ctVal": "0.01",
    "ctMult": "1",
    "ctValCcy": "BTC",
    "ctType": "linear",
    "lever": "100",
    "tickSz": "0.1",
    "lotSz": "0.01",
    "minSz": "0.01",
    "state": "live",
}
OPEN_MS = 1_749_993_300_000


def _told(*rows: Any) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": list(rows)}


@pytest.fixture
async def okx(no_task_left: None) -> AsyncIterator[Venue]:
    answers = {
        "/api/v5/public/instruments": _told(SWAP),
        "/api/v5/public/time": _told({"ts": str(OPEN_MS + 30_000)}),
    }
    async with venue("okx", NOTHING, answers, ["swap"]) as place:
        yield place


async def test_a_tickers_volume_is_in_base_units(okx: Venue) -> None:
    okx.answers["/api/v5/market/tickers"] = _told(
        {
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "last": "104500.1",
            "open24h": "104000",
            "vol24h": "7654321.5",
            "volCcy24h": "76543.215",
            "ts": str(OPEN_MS),
        }
    )

    (ticker,) = await okx.market_data.tickers()

    assert (ticker.symbol, ticker.last_price, ticker.volume) == (SYMBOL, "104500.1", "76543.215")


async def test_open_interest_is_in_base_units(okx: Venue) -> None:
    okx.answers["/api/v5/public/open-interest"] = _told(
        {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "oi": "2800476.45", "oiCcy": "28004.7645"}
    )

    assert await okx.market_data.open_interest(SYMBOL) == "28004.7645"


async def test_a_past_bars_volume_is_in_base_units(okx: Venue) -> None:
    okx.answers["/api/v5/market/candles"] = _told(
        [str(OPEN_MS), "10", "12", "9", "11", "628", "6.28", "69.08", "0"]
    )

    (bar,) = await okx.market_data.candles(SYMBOL, "1m", 1)

    assert bar == Candle(SYMBOL, OPEN_MS, "10", "12", "9", "11", "6.28", False)


async def test_a_streamed_bar_says_that_it_is_closed_in_base_units(okx: Venue) -> None:
    bars: list[Candle] = []
    okx.session._offset_ms = OPEN_MS - okx.ccxt.milliseconds()  # pyright: ignore[reportPrivateUsage]
    assert okx.market_data.flags_closed_candles
    okx.market_data.listen_candles(SYMBOL, "1m", bars.append, lambda _: None)
    await okx.until(lambda: bool(okx.said))
    arg = {"channel": "candle1m", "instId": "BTC-USDT-SWAP"}
    row = [str(OPEN_MS), "10", "12", "9", "11", "628", "6.28", "69.08"]
    for confirm in "01":
        await okx.send({"arg": arg, "data": [[*row, confirm]]})

    await okx.until(lambda: len(bars) == 2)

    assert [(bar.volume, bar.is_closed) for bar in bars] == [("6.28", False), ("6.28", True)]


async def test_prices_are_streamed(okx: Venue) -> None:
    prices: list[str] = []
    okx.market_data.listen_price(
        SYMBOL, PriceSource.TICKER, lambda price: prices.append(price.price), lambda _: None
    )
    await okx.until(lambda: bool(okx.said))
    ticker = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "last": "104500.10", "ts": "1"}

    await okx.send({"arg": {"channel": "tickers", "instId": "BTC-USDT-SWAP"}, "data": [ticker]})

    await okx.until(lambda: prices == ["104500.10"])
