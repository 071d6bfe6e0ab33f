"""Broken frames, through the fast lane and through ccxt's own handlers: survived, and counted.

Made of documented frames and, where there are any, of recorded ones. `make test` breaks some
thousand, always the same; `make fuzz COUNT=50000` others, so many.
"""

import os
import random
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import WSMessage, WSMsgType

from connector import metrics
from connector.domain import Candle, FundingRate, Price, PriceSource, digits
from tests.exchange.lane.frames import Drawn, Fed
from tests.exchange.lane.line import Line
from tests.exchange.lane.mutations import mutated
from tests.exchange.lane.test_differential import PLACES, Place
from tests.exchange.lane.test_recorded import FOLDER, STREAMS, recorded_frames

Draw = Callable[[Drawn], Fed]
COUNT = int(os.environ.get("COUNT", "0"))
USUAL = 400
SEED = random.randrange(10**6) if COUNT else 1


def _spoilt() -> float:
    """How many frames, and values, were told to be no good."""
    counters = [metrics.POISON_FRAMES, metrics.MALFORMED]
    samples = [
        each for counter in counters for metric in counter.collect() for each in metric.samples
    ]
    return sum(each.value for each in samples if each.name.endswith("_total"))


def _check(line: Line, since: int) -> None:
    """Hold what was heard against what a listener may be given."""
    for heard in line.heard[since:]:
        match heard:
            case Price():
                assert digits(heard.price) == heard.price
                assert heard.price[0] != "-"
                assert heard.price.strip("0."), heard
                assert heard.timestamp_ms > 0
            case Candle():
                for text in (heard.open, heard.high, heard.low, heard.close, heard.volume):
                    assert digits(text) == text
                assert heard.timestamp_ms > 0
            case FundingRate():
                assert digits(heard.rate) == heard.rate


def _is_served(line: Line, fed: Fed) -> bool:
    """Whether a good frame is still told, whatever came before."""
    before = len(line.heard)
    line.feed(fed.stream, fed.frame)
    return len(line.heard) > before


def _probe(line: Line, draw: Draw, good: Drawn) -> Fed:
    """Give a whole frame that is told, after every market and interval has had its first."""
    for _ in range(50):
        line.feed(*draw(good))
    for _ in range(50):
        fed = draw(good)
        if '"delta"' not in fed.frame and _is_served(line, fed):
            return fed
    raise AssertionError("no good frame is told")


@pytest.fixture(
    params=[(place, fast) for place in PLACES for fast in (True, False)],
    ids=lambda at: f"{at[0].id} {at[0].market} {'lane' if at[1] else 'ccxt'}",
)
async def at(
    request: pytest.FixtureRequest, no_task_left: None
) -> AsyncIterator[tuple[Place, Line]]:
    place, fast = request.param
    line = Line(place.id, place.market, fast=fast)
    await line.listen(list(place.sources), ["1m", "1h"])
    yield place, line
    await line.close()


@pytest.mark.timeout(0 if COUNT else 60)
async def test_broken_frames_are_survived_and_the_next_good_one_is_told(
    at: tuple[Place, Line],
) -> None:
    place, line = at
    drawn, spoilt = random.Random(SEED), _spoilt()
    for draw in place.draws:
        good = Drawn(SEED, odd=0)
        probe = _probe(line, draw, good)
        for number in range((COUNT or USUAL) // len(place.draws)):
            fed, since = draw(good), len(line.heard)
            broken = mutated(fed.frame, drawn)
            told = f"seed {SEED}, number {number}, after {broken[:1000]}"
            line.feed(fed.stream, broken)
            _check(line, since)
            assert _is_served(line, probe), told
    assert line.errors == []
    assert _spoilt() > spoilt + (COUNT or USUAL) / 20


async def test_what_is_no_text_is_survived(at: tuple[Place, Line]) -> None:
    place, line = at
    good = Drawn(SEED, odd=0)
    probes = [_probe(line, draw, good) for draw in place.draws]
    for client in line.clients:
        for kind, data in ((WSMsgType.BINARY, b"\xff\xfe\x00"), (WSMsgType.BINARY, b"")):
            client.handle_message(WSMessage(kind, data, None))
    for probe in probes:
        assert _is_served(line, probe)
    assert line.errors == []


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no recordings beside this checkout")
@pytest.mark.parametrize("fast", [True, False], ids=["lane", "ccxt"])
@pytest.mark.timeout(0 if COUNT else 60)
async def test_broken_copies_of_recorded_frames_are_survived(
    no_task_left: None, fast: bool
) -> None:
    frames = recorded_frames()
    bases = sorted({frame.s.removesuffix("USDT") for frame, _ in frames})
    line = Line("binanceusdm", "swap", fast=fast, bases=bases, now_ms=frames[0][0].E)
    await line.listen([PriceSource.BIDASK, PriceSource.TRADES], ["1m"])
    drawn = random.Random(SEED)
    for _ in range(-(-(COUNT or USUAL) // len(frames))):
        for frame, text in frames:
            since = len(line.heard)
            line.feed(STREAMS[frame.e], mutated(text, drawn))
            _check(line, since)
            assert _is_served(line, Fed(STREAMS[frame.e], text)), f"seed {SEED}: {text}"
    assert line.errors == []
    await line.close()
