"""The fast lane beside ccxt's own parser: the same frames, the same values."""

from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
import pytest

from connector.domain import Candle, FundingRate, Price, PriceSource
from tests.exchange.lane import frames
from tests.exchange.lane.frames import Drawn, Fed
from tests.exchange.lane.line import Line

TICKER, BIDASK = PriceSource.TICKER, PriceSource.BIDASK
TRADES, MARK = PriceSource.TRADES, PriceSource.MARK
FRAMES = 400


class Place(NamedTuple):
    """An exchange, what is listened to there, and its frames."""

    id: str
    market: str
    sources: Sequence[PriceSource]
    draws: Sequence[Callable[[Drawn], Fed]]


PLACES = (
    Place(
        "binanceusdm",
        "swap",
        (TICKER, BIDASK, TRADES, MARK),
        (
            frames.binance_ticker,
            frames.binance_book,
            frames.binance_trade,
            frames.binance_mark,
            frames.binance_kline,
        ),
    ),
    Place(
        "binance",
        "spot",
        (TICKER, BIDASK, TRADES),
        (
            frames.binance_spot_ticker,
            frames.binance_spot_book,
            frames.binance_trade,
            frames.binance_kline,
        ),
    ),
    Place(
        "bybit",
        "swap",
        (TICKER, BIDASK, TRADES),
        (frames.bybit_ticker(False), frames.bybit_book, frames.bybit_trades, frames.bybit_kline),
    ),
    Place(
        "bybit",
        "spot",
        (TICKER, BIDASK, TRADES),
        (frames.bybit_ticker(True), frames.bybit_book, frames.bybit_trades, frames.bybit_kline),
    ),
)

Lines = tuple[Place, Line, Line]


@pytest.fixture(params=PLACES, ids=lambda place: f"{place.id} {place.market}")
async def lines(request: pytest.FixtureRequest, no_task_left: None) -> AsyncIterator[Lines]:
    """A session with the lane and one without, both listening to everything."""
    place: Place = request.param
    fast, plain = (Line(place.id, place.market, fast=fast) for fast in (True, False))
    for line in (fast, plain):
        await line.listen(list(place.sources), ["1m", "1h"])
    yield place, fast, plain
    for line in (fast, plain):
        assert line.errors == []
        await line.close()


async def test_documented_frames_are_read_by_the_lane_as_by_ccxt(lines: Lines) -> None:
    place, fast, plain = lines
    for draw in place.draws:
        drawn = Drawn(1, odd=0)
        for number in range(FRAMES):
            _both(fast, plain, draw(drawn), f"{place.id} {draw} {number}")
        assert fast.heard
    # nearly all frames: ccxt handles the first of each message hash
    assert plain.handled >= FRAMES * len(place.draws)
    assert fast.handled < 30


async def test_frames_with_no_values_are_dropped_alike(lines: Lines) -> None:
    place, fast, plain = lines
    for draw in place.draws:
        for seed in range(3):
            drawn = Drawn(seed, odd=0.05 * 2**seed)
            for number in range(FRAMES):
                _both(fast, plain, draw(drawn), f"{place.id} {draw} {seed} {number}")
        assert fast.handled < plain.handled


def _both(fast: Line, plain: Line, fed: Fed, told: str) -> None:
    already = len(plain.heard)
    for line in (fast, plain):
        line.feed(fed.stream, fed.frame)
    in_float = fed.stream == "bidask:"
    same = _told(fast, already, in_float) == _told(plain, already, in_float)
    assert same, f"{told}: {fed.frame}"


def _told(line: Line, already: int, in_float: bool) -> list[Price | Candle | FundingRate]:
    """Give what was heard; ccxt's books are floats, so that zeros at the end are lost there."""
    return [
        msgspec.structs.replace(heard, price=f"{Decimal(heard.price).normalize():f}")
        if in_float and isinstance(heard, Price)
        else heard
        for heard in line.heard[already:]
    ]
