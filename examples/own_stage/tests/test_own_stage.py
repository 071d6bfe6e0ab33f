"""Marble tests: one tick a character, in virtual time."""

from datetime import timedelta
from decimal import Decimal
from importlib.metadata import entry_points

import pytest
from own_stage import EVERY_NTH, Saw, every_nth
from reactivex import Observable

from connector.domain import Candle, FundingRate, Price
from connector.stages import BadStage, Registry, configured
from connector.testing import Marbles


@pytest.mark.parametrize(
    ("n", "given", "seen"),
    [
        (1, "-a-b-c-|", "-a-b-c-|"),
        (3, "-a-b-c-d-|", "-a-----d-|"),
        (2, "-aA-b-B-c-|", "-aA-----c-|"),
        (2, "-ab#", "-a-#"),
    ],
)
def test_of_so_many_one_passes(n: int, given: str, seen: str) -> None:
    m = Marbles()
    source = m.hot(given)
    assert m.run(source.pipe(every_nth(str.islower, n))) == m.expected(seen)


def test_each_subscription_counts_by_itself() -> None:
    m = Marbles()
    stream = m.hot("-a-b-c-").pipe(every_nth(str.islower, 2))
    seen = m.run_together((stream, "^------!"), (stream, "--^----!"))
    assert seen == [m.expected("-a---c"), m.expected("---b-")]


def test_it_is_found_by_its_entry_point_and_refuses_what_it_must() -> None:
    [entry] = [each for each in entry_points(group="connector.stages") if each.name == "every_nth"]
    registry = Registry()
    registry.load(entry)
    assert str(configured([{"use": "every_nth", "n": 3}], "price", registry)) == "every_nth(n=3)"
    with pytest.raises(BadStage, match="n should be greater than or equal to 1"):
        configured([{"use": "every_nth", "n": 0}], "price", registry)
    with pytest.raises(BadStage, match="the orders stream loses and repeats nothing"):
        configured([{"use": "every_nth", "n": 3}], "orders", registry)
    assert EVERY_NTH.about == "Pass the first of each so many items of a key."


class Exchange:
    """As much of an exchange's sources as the test needs."""

    flags_closed_candles = True

    def now_ms(self) -> int:
        return 7

    def canonical(self, symbol: str) -> str:
        return symbol

    def interval_ms(self, interval: str) -> int:
        raise NotImplementedError

    def price_tick(self, symbol: str) -> Decimal:
        return Decimal("0.1")

    def price(self, symbol: str) -> Observable[Price]:
        raise NotImplementedError

    def klines(self, symbol: str, interval: str) -> Observable[Candle]:
        raise NotImplementedError

    def closed_klines(
        self, symbol: str, interval: str, from_ms: int, until_ms: int
    ) -> Observable[list[Candle]]:
        raise NotImplementedError

    def funding(self, symbol: str) -> Observable[FundingRate]:
        raise NotImplementedError


def test_a_source_of_prices() -> None:
    m = Marbles({"a": Price("X", "100", 7), "b": Price("X", "101", 7)}, tick=timedelta(seconds=1))
    saw = Saw(Exchange())
    assert m.run(saw.price("X"), "---!") == m.expected("-ab")
    assert saw.price_tick("X") == Decimal("0.1")
