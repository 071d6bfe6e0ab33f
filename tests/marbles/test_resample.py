"""Short bars joined into long ones, exactly; two short ones make a long one here."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.domain import Candle
from connector.operators import resample
from connector.testing import Marbles

SHORT, LONG = 10, 20


def bar(
    opens_ms: int, prices: str, volume: str, is_closed: bool = False, symbol: str = "BTCUSDT"
) -> Candle:
    open_, high, low, close = prices.split()
    return Candle(symbol, opens_ms, open_, high, low, close, volume, is_closed)


def resampled(*shorts: Candle, dropped: list[None] | None = None) -> list[Candle]:
    m = Marbles({chr(0x4E00 + n): short for n, short in enumerate(shorts)})
    count: list[None] = [] if dropped is None else dropped
    diagram = "".join(chr(0x4E00 + n) for n in range(len(shorts))) + "|"
    stage = resample(SHORT, LONG, lambda: count.append(None))
    told = m.run(m.hot(diagram).pipe(stage)).values
    return [each for each in told if isinstance(each, Candle)]


def test_a_long_bar_forms_and_closes_with_its_last_short_one() -> None:
    assert resampled(
        bar(0, "5.0 7.0 4.0 6.0", "1.5"),
        bar(0, "5.0 8.0 4.0 7.50", "2.5", True),
        bar(10, "7.50 9.0 3.10 3.10", "0.25"),
        bar(10, "7.50 9.0 3.10 4.0", "0.75", True),
        bar(20, "4.0 4.0 4.0 4.0", "0.1"),
    ) == [
        bar(0, "5.0 7.0 4.0 6.0", "1.5"),
        bar(0, "5.0 8.0 4.0 7.50", "2.5"),
        bar(0, "5.0 9.0 3.10 3.10", "2.75"),
        bar(0, "5.0 9.0 3.10 4.0", "3.25", True),
        bar(20, "4.0 4.0 4.0 4.0", "0.1"),
    ]


def test_what_began_before_us_is_not_made_up() -> None:
    dropped: list[None] = []
    late = bar(10, "1 1 1 1", "1", True)
    assert resampled(bar(10, "1 1 1 1", "1"), late, bar(20, "2 2 2 2", "2"), dropped=dropped) == [
        bar(20, "2 2 2 2", "2")
    ]
    assert len(dropped) == 1


def test_a_long_bar_with_a_hole_is_not_closed() -> None:
    dropped: list[None] = []
    assert resampled(
        bar(0, "1 1 1 1", "1", True),
        bar(30, "2 2 2 2", "2", True),
        bar(40, "3 3 3 3", "3", True),
        bar(50, "4 4 4 4", "4", True),
        dropped=dropped,
    ) == [
        bar(0, "1 1 1 1", "1"),
        bar(40, "3 3 3 3", "3"),
        bar(40, "3 4 3 4", "7", True),
    ]
    assert len(dropped) == 1


def test_an_old_update_is_not_news() -> None:
    closed = bar(0, "1 1 1 1", "1", True)
    assert resampled(closed, bar(0, "1 9 1 9", "9"), bar(10, "1 1 1 1", "1", True)) == [
        bar(0, "1 1 1 1", "1"),
        bar(0, "1 1 1 1", "2", True),
    ]


def test_the_symbols_are_independent() -> None:
    other = bar(0, "5 5 5 5", "5", True, "ETHUSDT")
    assert resampled(bar(0, "1 1 1 1", "1", True), other, bar(10, "2 2 2 2", "2", True)) == [
        bar(0, "1 1 1 1", "1"),
        replace(other, is_closed=False),
        bar(0, "1 2 1 2", "3", True),
    ]


def test_time_and_end_are_the_sources() -> None:
    m = Marbles({"a": bar(0, "1 1 1 1", "1"), "b": bar(10, "1 1 1 1", "1")})
    source = m.hot("-a-#")
    assert m.run(source.pipe(resample(SHORT, LONG))) == m.expected("-a-#")
    assert m.lives(source) == ["^--!"]


@given(st.lists(st.tuples(*[st.decimals(1, 99, places=2)] * 2), min_size=5, max_size=25))
def test_five_of_one_are_their_first_last_extremes_and_sum(
    rows: list[tuple[Decimal, Decimal]],
) -> None:
    shorts = [
        Candle("S", n * 60_000, str(o), str(max(o, c)), str(min(o, c)), str(c), str(o), True)
        for n, (o, c) in enumerate(rows)
    ]
    m = Marbles({chr(0x4E00 + n): short for n, short in enumerate(shorts)})
    diagram = "".join(chr(0x4E00 + n) for n in range(len(shorts))) + "|"
    told = m.run(m.hot(diagram).pipe(resample(60_000, 300_000))).values
    closed = [each for each in told if isinstance(each, Candle) and each.is_closed]
    assert len(closed) == len(rows) // 5
    for n, long in enumerate(closed):
        part = rows[5 * n : 5 * n + 5]
        assert long.timestamp_ms == n * 300_000
        assert (long.open, long.close) == (str(part[0][0]), str(part[-1][1]))
        assert Decimal(long.high) == max(max(row) for row in part)
        assert Decimal(long.low) == min(min(row) for row in part)
        assert Decimal(long.volume) == sum(row[0] for row in part)


@pytest.mark.parametrize("to_ms", [0, 10, 15, 25, -20])
def test_only_multiples_can_be_made(to_ms: int) -> None:
    with pytest.raises(ValueError, match="no multiple of 10 ms"):
        resample(SHORT, to_ms)
