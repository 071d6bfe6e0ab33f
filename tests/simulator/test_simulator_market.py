"""Laws of walks, candles and history: seeds, aggregation, continuity."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.simulator import SimulatorConfig
from connector.simulator.market.bar import Bar, copied
from connector.simulator.market.candles import Candles
from connector.simulator.market.catalogue import catalogue
from connector.simulator.market.history import Cuts, History
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.interval import INTERVALS, MINUTE_MS, moved_ms, opening_ms
from connector.simulator.market.listing import Trade
from connector.simulator.market.market import Market
from connector.simulator.market.walk import Walk
from tests.simulator.diaries import MINUTE, Diary, lived
from tests.simulator.on_loopback import START_MS

INSTRUMENTS = {name: Instrument(catalogue()[name]) for name in ("BTCUSDT", "1000SATSUSDT")}


def aggregated(interval: str, trades: list[Trade]) -> dict[int, Bar]:
    bars: dict[int, Bar] = {}
    for trade in trades:
        opening = opening_ms(interval, trade.at_ms)
        bar = bars.setdefault(opening, Bar(opening, 0, 0, 0, 0))
        bar.add_trade(trade.price, trade.steps, trade.taker_bought)
    return bars


def merged(interval: str, bars: list[Bar]) -> list[Bar]:
    found: list[Bar] = []
    for bar in bars:
        opening = opening_ms(interval, bar.opening_ms)
        if found and found[-1].opening_ms == opening:
            found[-1].add_bar(bar)
        else:
            found.append(copied(bar))
            found[-1].opening_ms = opening
    return found


def assert_sound(bar: Bar) -> None:
    assert 1 <= bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
    assert 0 <= bar.bought <= bar.volume
    assert 0 <= bar.bought_turnover <= bar.turnover
    assert bar.low * bar.volume <= bar.turnover <= bar.high * bar.volume
    assert (bar.count == 0) == (bar.volume == 0)
    assert bar.volume >= bar.count


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_walks_the_same_path_and_another_seed_another(seed: int) -> None:
    _, one = lived(100, seed=seed)
    _, again = lived(100, seed=seed)
    _, other = lived(100, seed=seed + 1)
    assert one.trades == again.trades
    assert [t.price for t in one.trades["BTCUSDT"]] != [t.price for t in other.trades["BTCUSDT"]]


def test_another_symbol_changes_nothing_of_the_first_ones() -> None:
    few, diary = lived(70, symbols=3)
    many, crowded = lived(70, symbols=30)
    for name in few.listings:
        assert crowded.trades[name] == diary.trades[name]
        for interval in ("1m", "1h"):
            last = opening_ms(interval, few.now_ms)
            first = moved_ms(interval, last, -50)
            assert many.listings[name].candles.bars(interval, first, last) == (
                few.listings[name].candles.bars(interval, first, last)
            )


@given(
    seed=st.integers(0, 2**32),
    start=st.integers(1, 2000),
    pace=st.floats(0.001, 100_000),
    name=st.sampled_from(sorted(INSTRUMENTS)),
)
@settings(max_examples=50)
def test_a_walk_stays_above_zero(seed: int, start: int, pace: float, name: str) -> None:
    walk = Walk(INSTRUMENTS[name], seed, pace)
    price = start
    for _ in range(200):
        price = walk.next_price(price)
        assert price >= 1
        assert walk.next_steps() >= 1
        assert walk.next_spread() >= 1


def test_a_walk_turns_back_far_from_its_start_and_moves_on_from_outside() -> None:
    instrument = INSTRUMENTS["BTCUSDT"]
    walk = Walk(instrument, 3, 500_000)
    price, seen = instrument.start_price, set[int]()
    for _ in range(20_000):
        price = walk.next_price(price)
        seen.add(price)
    assert instrument.least_price * 0.5 < min(seen)
    assert max(seen) < instrument.greatest_price * 2
    assert walk.next_price(1) >= 1


@given(seed=st.integers(0, 2**32), rate=st.sampled_from([0.02, 0.5, 5.0]))
@settings(max_examples=15)
def test_candles_are_the_aggregation_of_trades(seed: int, rate: float) -> None:
    market, diary = lived(1000, seed=seed, updates_per_second=rate)
    candles = market.listings["BTCUSDT"].candles
    trades = diary.trades["BTCUSDT"]
    minutes = candles.bars("1m", MINUTE, opening_ms("1m", market.now_ms))
    expected = aggregated("1m", trades)
    assert [bar for bar in minutes if bar.count] == list(expected.values())
    close = INSTRUMENTS["BTCUSDT"].start_price
    for bar in minutes:
        assert_sound(bar)
        if not bar.count:
            assert (bar.open, bar.high, bar.low, bar.close) == (close,) * 4
        close = bar.close
    closed = [bar for _, interval, bar in diary.closed["BTCUSDT"] if interval == "1m"]
    assert closed == minutes[:-1]


@pytest.mark.parametrize("interval", INTERVALS)
def test_a_long_bar_is_made_of_its_minutes_across_the_start(interval: str) -> None:
    market, _ = lived(40, seed=5, speed=120, updates_per_second=2)
    candles = market.listings["BTCUSDT"].candles
    last = opening_ms(interval, market.now_ms)
    first = max(last if interval in ("1M", "1w") else moved_ms(interval, last, -3), 0)
    bars = candles.bars(interval, first, last)
    minutes = candles.bars("1m", first, opening_ms("1m", market.now_ms))
    assert bars == merged(interval, minutes)
    for bar in bars:
        assert_sound(bar)


@pytest.mark.parametrize("interval", INTERVALS)
def test_a_followed_bar_is_the_one_that_is_asked_for(interval: str) -> None:
    diary = Diary()
    market = Market(SimulatorConfig(symbols=("BTCUSDT",), speed=60), START_MS, diary)
    candles = market.listings["BTCUSDT"].candles
    candles.track(interval)
    for _ in range(4):
        market.advance(market.now_ms * 1000 + 400_000_000)
        asked = candles.bars(interval, *[opening_ms(interval, market.now_ms)] * 2)
        assert asked == [candles.forming(interval)]
    closed = [bar for _, kind, bar in diary.closed["BTCUSDT"] if kind == interval]
    for bar in closed:
        assert candles.bars(interval, bar.opening_ms, bar.opening_ms) == [bar]
    assert all(moved_ms(interval, b.opening_ms, 1) == a.opening_ms for b, a in pairwise(closed))
    candles.untrack(interval)


@given(
    seed=st.integers(0, 2**32),
    start=st.integers(1_600_000_000_000, 1_900_000_000_000),
    name=st.sampled_from(sorted(INSTRUMENTS)),
    rate=st.sampled_from([0.1, 60.0, 300.0]),
)
@settings(max_examples=25)
def test_history_is_whole_sound_and_always_the_same(
    seed: int, start: int, name: str, rate: float
) -> None:
    start -= start % MINUTE_MS
    history = History(INSTRUMENTS[name], seed, start, rate, Cuts(kept=50))
    again = History(INSTRUMENTS[name], seed, start, rate, Cuts(kept=1))
    first = opening_ms("1d", start - 3 * 86_400_000)
    levels = [history.bars(level, first, start) for level in range(4)]
    assert levels[0] == history.bars(0, first, start) == again.bars(0, first, start)
    assert again.bars(3, start - 7 * 3_600_000, start) == levels[3][-420:]
    assert levels[3][-1].close == INSTRUMENTS[name].start_price
    assert len(levels[3]) == (start - first) // MINUTE_MS
    for level, interval in enumerate(("1d", "1h", "15m")):
        assert levels[level] == merged(interval, levels[3])
    for bar in levels[3]:
        assert_sound(bar)
        assert bar.count >= 4
    assert all(before.close == after.open for before, after in pairwise(levels[3]))


def test_history_goes_on_where_the_live_market_began() -> None:
    market, diary = lived(300)
    candles = market.listings["BTCUSDT"].candles
    bars = candles.bars("1m", MINUTE - 10 * MINUTE_MS, opening_ms("1m", market.now_ms))
    assert [bar.opening_ms for bar in bars] == [
        MINUTE + n * MINUTE_MS for n in range(-10, len(bars) - 10)
    ]
    assert bars[9].close == INSTRUMENTS["BTCUSDT"].start_price
    assert bars[10].open == diary.trades["BTCUSDT"][0].price
    for before, after in pairwise(bars):
        assert abs(after.open - before.close) < before.close * 0.001


def test_old_minutes_are_let_go_while_hours_and_the_history_stay() -> None:
    instrument = INSTRUMENTS["BTCUSDT"]
    history = History(instrument, 7, MINUTE, 60, Cuts(kept=100))
    candles = Candles(history, instrument.start_price, kept_minutes=100)
    for _ in range(3000):
        candles.forming_minute.add_trade(instrument.start_price, 10**15, taker_bought=True)
        candles.close_minute()
    last = candles.forming_minute.opening_ms
    minutes = candles.bars("1m", MINUTE - MINUTE_MS, last)
    assert minutes[0].opening_ms == MINUTE - MINUTE_MS
    assert 100 <= len(minutes) - 2 <= 125
    assert minutes[-2].opening_ms == last - MINUTE_MS
    assert minutes[-2].turnover == instrument.start_price * 10**15
    hours = candles.bars("1h", opening_ms("1h", MINUTE), last)
    assert [bar.count for bar in hours[1:-1]] == [60] * (len(hours) - 2)
    assert hours[-2].turnover == 60 * instrument.start_price * 10**15
