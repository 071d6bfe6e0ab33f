"""What happens when: rates, bars' ends, pauses, lateness. No time but the given."""

from collections import Counter
from itertools import pairwise

import pytest

from connector.simulator import SimulatorConfig
from connector.simulator.market.clock import ExchangeClock, ManualClock
from connector.simulator.market.interval import MINUTE_MS
from connector.simulator.market.market import Market
from connector.simulator.market.pacer import Pacer
from tests.simulator.diaries import MINUTE, Diary, lived
from tests.simulator.on_loopback import START_MS


def test_all_symbols_close_at_the_same_instants_on_whole_minutes() -> None:
    _, diary = lived(10, symbols=5, speed=60)
    instants = [[at for at, kind, _ in diary.closed[name] if kind == "1m"] for name in diary.closed]
    assert instants == [[MINUTE + n * MINUTE_MS for n in range(1, 11)]] * 5


def test_a_trade_has_the_next_id_and_a_later_instant() -> None:
    _, diary = lived(50, updates_per_second=200)
    trades = diary.trades["BTCUSDT"]
    assert [trade.trade_id - trades[0].trade_id for trade in trades] == list(range(10_000))
    assert all(before.at_ms < after.at_ms for before, after in pairwise(trades))


@pytest.mark.parametrize("count", [1, 7, 20, 500])
def test_a_total_rate_is_exact_and_even(count: int) -> None:
    _, diary = lived(10, symbols=count, updates_per_second=1, total_frames_per_second=2000)
    counts = [len(trades) for trades in diary.trades.values()]
    assert abs(sum(counts) - 20_000) <= count
    assert max(counts) - min(counts) <= 1
    instants = Counter(t.at_ms // 100 for trades in diary.trades.values() for t in trades)
    assert all(180 <= instants[START_MS // 100 + n] <= 220 for n in range(1, 99))


def test_lateness_is_caught_up_in_bounded_turns() -> None:
    diary = Diary()
    market = Market(SimulatorConfig(symbols=2), START_MS, diary)
    late_us = (START_MS + 60_000) * 1000
    turns = 1
    while not market.advance(late_us, at_most=100):
        turns += 1
    assert turns == 6
    assert sum(map(len, diary.trades.values())) == 600
    assert diary.seconds == [START_MS + n * 1000 for n in range(1, 61)]


def test_a_pause_stops_trades_but_not_time() -> None:
    market, diary = lived(10)
    market.pause()
    market.advance((START_MS + 100_000) * 1000)
    assert len(diary.trades["BTCUSDT"]) == 50
    assert len(diary.seconds) == 100
    market.resume((START_MS + 100_000) * 1000)
    market.advance((START_MS + 110_000) * 1000)
    assert len(diary.trades["BTCUSDT"]) == 100


def test_a_pacer_that_is_asked_late_names_the_same_instants() -> None:
    pacer = Pacer([0, 1, 2], 300_000.7)
    pacer.begin(1_000_000)
    taken = [(pacer.next_us, pacer.take()) for _ in range(3000)]
    assert [which for _, which in taken[:6]] == [which for _, which in taken[:3]] * 2
    assert taken[-1][0] == 1_000_000 + int((999 + taken_place(taken)) * 300_000.7)


def taken_place(taken: list[tuple[int, int]]) -> float:
    return (taken[2][1] + 1) * 0.6180339887498949 % 1.0


def test_the_exchanges_clock_runs_at_its_speed() -> None:
    wall = ManualClock()
    clock = ExchangeClock(START_MS, 60, wall)
    wall.move(1.5)
    assert clock.now_ms() == START_MS + 90_000
    assert clock.wall_seconds_until(START_MS * 1000 + 120_000_000) == pytest.approx(0.5)
