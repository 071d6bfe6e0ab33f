"""What takes the lane and what doesn't, and what ccxt is still told."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from connector import metrics
from connector.domain import Price, PriceSource
from tests.exchange.lane.line import NOW_MS, Line

BTC = "BTC/USDT:USDT"


@pytest.fixture
async def line(no_task_left: None) -> AsyncIterator[Line]:
    made = Line("binanceusdm", "swap", fast=True)
    yield made
    await made.close()


def _ticker(price: str, market_id: str = "BTCUSDT", **fields: Any) -> str:
    told = {"e": "24hrTicker", "E": NOW_MS, "s": market_id, "c": price, "C": NOW_MS, **fields}
    return json.dumps(told)


async def test_the_first_frame_of_a_subscription_answers_ccxts_call(line: Line) -> None:
    await line.listen([PriceSource.TICKER], [])
    line.feed("ticker:", _ticker("1.10"))
    line.feed("ticker:", _ticker("2.10", "ETHUSDT"))
    line.feed("ticker:", _ticker("1.20"))
    await asyncio.sleep(0)

    assert [price.price for price in line.heard if isinstance(price, Price)] == [
        "1.10",
        "2.10",
        "1.20",
    ]
    assert line.handled == 2
    assert all(not client.futures for client in line.clients)


async def test_a_frame_of_an_unlisted_or_an_inverse_market_goes_ccxts_way(line: Line) -> None:
    await line.listen([PriceSource.TICKER], [])
    for market_id in ("NONEUSDT", "BTCUSD"):
        line.feed("ticker:", _ticker("1.10", market_id))
    assert (line.handled, line.heard) == (2, [])


async def test_markets_loaded_again_are_looked_up_again(line: Line) -> None:
    await line.listen([PriceSource.TICKER], [])
    for price in ("1", "2"):
        line.feed("ticker:", _ticker(price))
    ccxt: Any = line.session.ccxt
    ccxt.set_markets([m for m in ccxt.markets.values() if m["symbol"] != BTC])

    line.feed("ticker:", _ticker("3"))

    assert len(line.heard) == 2
    assert line.handled == 2


async def test_a_price_of_zero_is_ccxts_to_judge_and_counted(line: Line) -> None:
    await line.listen([PriceSource.TICKER], [])
    line.feed("ticker:", _ticker("1"))
    counted = metrics.MALFORMED.labels("price")
    before: float = counted._value.get()  # pyright: ignore[reportPrivateUsage]

    line.feed("ticker:", _ticker("0.00"))

    assert len(line.heard) == 1
    assert counted._value.get() == before + 1  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    "frame",
    ['{"result":null,"id":1}', "{", "pong", '[{"e":"other"}]', "\ud800"],
)
async def test_other_frames_go_ccxts_way_and_are_survived(line: Line, frame: str) -> None:
    await line.listen([PriceSource.TICKER], [])
    for price in ("1", "2"):
        line.feed("ticker:", _ticker(price))
    line.feed("ticker:", frame)
    line.feed("ticker:", _ticker("3"))
    assert [each.price for each in line.heard if isinstance(each, Price)] == ["1", "2", "3"]


async def test_what_a_listener_raises_is_survived(line: Line) -> None:
    await line.listen([PriceSource.TICKER], [])
    line.feed("ticker:", _ticker("1"))
    raising = [True]

    def raise_once(_: Price) -> None:
        if raising.pop():
            raise ValueError("a stage's own defect")

    line.market_data.listen_price(BTC, PriceSource.TICKER, raise_once, line.errors.append)
    poisoned: float = metrics.POISON_FRAMES._value.get()  # pyright: ignore[reportPrivateUsage]

    line.feed("ticker:", _ticker("2"))

    assert metrics.POISON_FRAMES._value.get() == poisoned + 1  # pyright: ignore[reportPrivateUsage]
    assert len(line.heard) == 2


async def test_without_the_lane_ccxt_reads_everything(no_task_left: None) -> None:
    line = Line("binanceusdm", "swap", fast=False)
    await line.listen([PriceSource.TICKER], [])
    for price in ("1", "2", "3"):
        line.feed("ticker:", _ticker(price))
    assert (line.handled, len(line.heard)) == (3, 3)
    await line.close()


async def test_bybits_kept_ticker_grows_with_each_delta_that_the_lane_reads(
    no_task_left: None,
) -> None:
    line = Line("bybit", "swap", fast=True)
    await line.listen([PriceSource.TICKER], [])

    def tell(kind: str, **data: str) -> None:
        told = {"symbol": "BTCUSDT", **data}
        frame = {"topic": "tickers.BTCUSDT", "type": kind, "data": told, "ts": NOW_MS}
        line.feed("ticker:", json.dumps(frame))

    tell("snapshot", lastPrice="10.0", bid1Price="9.9", openInterestValue="5")
    tell("delta", lastPrice="11.0")
    tell("delta", bid1Price="10.9")
    by_lane = line.handled
    line.session.ccxt.lane.take = lambda *_: False
    tell("delta", ask1Price="11.1")

    assert by_lane == 1
    assert [price.price for price in line.heard if isinstance(price, Price)] == [
        "10.0",
        "11.0",
        "11.0",
        "11.0",
    ]
    kept = line.session.ccxt.tickers[BTC]["info"]
    assert (kept["lastPrice"], kept["bid1Price"], kept["ask1Price"]) == ("11.0", "10.9", "11.1")
    await line.close()
