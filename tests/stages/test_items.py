"""Values and messages say the same of themselves, and no digit is lost."""

from decimal import Decimal

import pytest
from opensqt.market_maker.v1.events_pb2 import FundingUpdate, PriceChange

from connector import items
from connector.domain import FundingRate, Price
from connector.stages import FEEDS
from tests.stages.kinds import CANDLE, kinds, now_ms, tick


@pytest.mark.parametrize("feed", FEEDS)
def test_a_message_says_of_itself_what_its_value_says(feed: str) -> None:
    (of_values, value), (of_messages, message) = kinds()[feed]

    assert of_values.feed == of_messages.feed == feed
    assert of_values.key(value) == of_messages.key(message)
    assert of_values.at_ms(value) == of_messages.at_ms(message)
    assert of_values.is_closed(value) == of_messages.is_closed(message)
    if feed in ("price", "funding"):
        assert of_values.value(value) == of_messages.value(message)
        assert of_values.content(value) == of_messages.content(message)
        assert of_values.tick(value) == of_messages.tick(message)
    else:
        for of, one in kinds()[feed]:
            with pytest.raises(TypeError, match="no single number"):
                of.value(one)


def test_what_is_computed_is_rounded_to_the_tick_and_nothing_else_changes() -> None:
    prices, messages = items.prices(tick, now_ms), items.price_messages(tick, now_ms)
    (_, price), (_, message) = kinds()["price"]
    assert isinstance(price, Price)
    assert isinstance(message, PriceChange)

    assert prices.with_value(price, Decimal("97176.2499")) == Price("BTCUSDT", "97176.2", 1_234)
    assert prices.with_value(price, Decimal("0.01")).price == "0.1"
    told = messages.with_value(message, Decimal("97176.2501"))
    assert (told.price.value, told.timestamp, told.exchange) == (
        "97176.3",
        message.timestamp,
        "binance",
    )
    assert message.price.value == "100.10"

    (_, rate), (_, update) = kinds()["funding"]
    assert isinstance(rate, FundingRate)
    assert isinstance(update, FundingUpdate)
    changed = items.fundings(now_ms).with_value(rate, Decimal("-0.0000123456"))
    assert (changed.rate, changed.predicted_rate) == ("-0.00001235", "0.0002")
    told_rate = items.funding_messages(now_ms).with_value(update, Decimal("-0.0000123456"))
    assert (told_rate.rate.value, update.rate.value) == ("-0.00001235", "0.0001")


@pytest.mark.parametrize(
    ("value", "tick", "told"),
    [
        ("97176.26", "0.1", "97176.3"),
        ("97176.25", "0.1", "97176.2"),
        ("97176.26", "0.10", "97176.3"),
        ("97176.26", "0.25", "97176.25"),
        ("97176.26", "5", "97175"),
        ("97176.26", "1", "97176"),
        ("0.00001234567", "0.00000001", "0.00001235"),
        ("0.000000004", "0.00000001", "0.00000000"),
    ],
)
def test_rounding_ends_at_a_multiple_of_the_tick(value: str, tick: str, told: str) -> None:
    assert items.to_tick(Decimal(value), Decimal(tick)) == told
    assert Decimal(told) % Decimal(tick) == 0


def test_distinct_sees_an_unchanged_price_whatever_its_zeros() -> None:
    prices = items.prices(tick, now_ms)
    assert prices.content(Price("X", "1.0", 1)) == prices.content(Price("X", "1.00", 2))
    assert items.candles(60_000, now_ms).content(CANDLE) == CANDLE


def test_what_nobody_counts_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed: dropped, held, coalesced"):
        items.counted("price")("own", "eaten")
