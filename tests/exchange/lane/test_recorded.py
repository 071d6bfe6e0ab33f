"""Recorded frames of Binance USD-M: what the fast lane makes of them, and what ccxt does.

The recordings lie where tests/exchange/test_recordings.py looks for them; without them, skipped.
"""

import gzip

import msgspec
import pytest

from connector.domain import PriceSource
from tests.exchange.lane.line import Line
from tests.exchange.test_recordings import FOLDER

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no recordings beside this checkout")

STREAMS = {"bookTicker": "bidask:", "aggTrade": "trade::", "kline": "ohlcv::"}


class _Wrapped(msgspec.Struct):
    data: msgspec.Raw


class _Frame(msgspec.Struct):
    e: str
    E: int
    s: str


def recorded_frames() -> list[tuple[_Frame, str]]:
    """Give each frame that the lane reads, and its own text."""
    with gzip.open(FOLDER / "BINANCE_FUTURES.ws.1.0.gz", "rt") as file:
        lines = [line.partition(": ")[2] for line in file if line[0].isdigit()]
    texts = [bytes(msgspec.json.decode(line, type=_Wrapped).data).decode() for line in lines]
    frames = [(msgspec.json.decode(text, type=_Frame), text) for text in texts]
    return [(frame, text) for frame, text in frames if frame.e in STREAMS]


async def test_recorded_frames_are_read_by_the_lane_as_by_ccxt(no_task_left: None) -> None:
    recorded = recorded_frames()
    bases = sorted({frame.s.removesuffix("USDT") for frame, _ in recorded})
    fast, plain = (
        Line("binanceusdm", "swap", fast=fast, bases=bases, now_ms=recorded[0][0].E)
        for fast in (True, False)
    )
    for line in (fast, plain):
        await line.listen([PriceSource.BIDASK, PriceSource.TRADES], ["1m"])

    for frame, text in recorded:
        for line in (fast, plain):
            line.feed(STREAMS[frame.e], text)
        assert fast.heard[-1:] == plain.heard[-1:], text

    assert fast.heard == plain.heard
    assert len(plain.heard) == len(recorded) > 700
    assert fast.handled < 20 < plain.handled
    for line in (fast, plain):
        await line.close()
