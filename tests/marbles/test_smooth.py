"""The mean of what was, what is a half-life old weighing half."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connector.domain import Price
from connector.operators import smooth
from connector.testing import Marbles

HALF_LIFE = timedelta(seconds=1)


def price(digits: str, at_ms: int, symbol: str = "BTCUSDT") -> Price:
    return Price(symbol, digits, at_ms)


def rounded(item: Price, mean: Decimal) -> Price:
    return Price(item.symbol, format(round(mean, 2), "f"), item.timestamp_ms)


SMOOTH = smooth(
    lambda item: item.symbol,
    lambda item: Decimal(item.price),
    lambda item: item.timestamp_ms,
    HALF_LIFE,
    rounded,
)


def smoothed(*items: Price) -> list[object]:
    letters = dict(zip("abcdefgh", items, strict=False))
    m = Marbles(letters)
    return m.run(m.hot("".join(letters) + "|").pipe(SMOOTH)).values


def test_a_half_life_halves_the_distance() -> None:
    assert smoothed(price("0.1", 0), price("8.1", 1000), price("8.1", 2000)) == [
        price("0.1", 0),
        price("4.10", 1000),
        price("6.10", 2000),
    ]


def test_two_half_steps_weigh_as_one_whole() -> None:
    whole = smoothed(price("1", 0), price("9", 1000))
    halves = smoothed(price("1", 0), price("9", 500), price("9", 1000))
    assert halves[-1] == whole[-1]


def test_rounding_is_told_and_not_remembered() -> None:
    tiny = [price("0", 0), *(price("0.01", n * 100) for n in range(1, 8))]
    assert smoothed(*tiny)[-1] == price("0.00", 700)
    assert smoothed(price("0", 0), price("0.01", 100), price("0.01", 2000))[-1] == price(
        "0.01", 2000
    )


def test_an_item_from_the_past_changes_nothing() -> None:
    assert smoothed(price("1", 1000), price("9", 0), price("9", 2000)) == [
        price("1", 1000),
        price("1.00", 0),
        price("5.00", 2000),
    ]


def test_the_keys_are_independent() -> None:
    assert smoothed(price("1", 0), price("7", 0, "ETHUSDT"), price("3", 1000)) == [
        price("1", 0),
        price("7", 0, "ETHUSDT"),
        price("2.00", 1000),
    ]


def test_order_time_and_end_are_the_sources() -> None:
    letters = {"a": price("1", 0), "b": price("9", 1000)}
    told = letters | {"B": price("5.00", 1000)}
    m = Marbles(letters)
    source = m.hot("-a--b-#")
    assert m.run(source.pipe(SMOOTH)) == m.expected("-a--B-#", told)
    assert m.lives(source) == ["^-----!"]


def test_a_half_life_is_above_zero() -> None:
    with pytest.raises(ValueError, match="half_life is above 0"):
        smooth(lambda _: 0, lambda _: Decimal(0), lambda _: 0, timedelta(0), lambda item, _: item)
