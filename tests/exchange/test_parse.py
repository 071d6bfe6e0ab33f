"""ccxt's structures become domain values, or Malformed."""

from typing import Any

import pytest

from connector.domain import PriceSource, digits
from connector.errors import Malformed
from connector.exchange.parse import (
    parse_candle,
    parse_funding,
    parse_open_interest,
    parse_price,
    parse_symbol_info,
    parse_ticker,
)

NOW_MS = 1_700_000_000_000
BTC = "BTC/USDT:USDT"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("97123.10", "97123.10"),
        ("0.00000001", "0.00000001"),
        ("1e-8", "0.00000001"),
        (1e-08, "0.00000001"),
        (97123.1, "97123.1"),
        (5, "5"),
        ("+1.50", "1.50"),
        (".5", "0.5"),
        ("-0.00038167", "-0.00038167"),
    ],
)
def test_digits_are_kept_as_the_exchange_sent_them(value: object, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(
    "value",
    [None, True, "", "--", "NaN", float("nan"), float("inf"), "1e400", "1_000", [], {}, b"1"],
)
def test_what_is_no_number_is_malformed(value: object) -> None:
    with pytest.raises(Malformed):
        digits(value)


def test_a_ticker_without_a_trade_shows_the_middle_of_bid_and_ask() -> None:
    raw = {"symbol": BTC, "bid": "97000.0", "ask": "97000.1", "timestamp": 1}

    price = parse_price(raw, PriceSource.TICKER, NOW_MS)

    assert (price.price, price.timestamp_ms) == ("97000.05", 1)


@pytest.mark.parametrize(
    ("source", "raw", "text"),
    [
        (PriceSource.TICKER, {"last": "97123.10"}, "97123.10"),
        (PriceSource.TICKER, {"last": None, "close": "97123.10"}, "97123.10"),
        (PriceSource.BIDASK, {"last": "1", "bid": "2", "ask": "4"}, "3"),
        (PriceSource.TRADES, {"price": "0.00000001"}, "0.00000001"),
        (PriceSource.MARK, {"markPrice": "97123.10000000"}, "97123.10000000"),
    ],
)
def test_each_source_has_its_field(source: PriceSource, raw: dict[str, Any], text: str) -> None:
    price = parse_price({"symbol": BTC, **raw}, source, NOW_MS)

    assert (price.price, price.timestamp_ms) == (text, NOW_MS)


@pytest.mark.parametrize("last", ["0", "0.00", "-1", None, "abc"])
def test_a_price_that_is_not_above_zero_is_malformed(last: object) -> None:
    with pytest.raises(Malformed):
        parse_price({"symbol": BTC, "last": last}, PriceSource.TICKER, NOW_MS)


def test_a_percentage_becomes_a_ratio_without_losing_a_digit() -> None:
    raw = {"symbol": BTC, "last": "1", "percentage": "-0.209", "change": "-0.00004000"}

    ticker = parse_ticker(raw, NOW_MS)

    assert (ticker.price_change_ratio, ticker.price_change) == ("-0.00209", "-0.00004000")


def test_open_interest_in_contracts_is_told_in_base_units() -> None:
    raw = {"symbol": BTC, "openInterestAmount": "1234"}

    assert parse_open_interest(raw, {"contractSize": "0.01"}) == "12.34"
    assert parse_open_interest(raw, {"contractSize": "1"}) == "1234"
    assert parse_open_interest(raw, {}) == "1234"


def test_precisions_count_the_digits_of_tick_and_step() -> None:
    market = {
        "base": "BTC",
        "quote": "USDT",
        "precision": {"price": "0.10", "amount": "0.001"},
        "limits": {"amount": {"min": "0.001"}, "cost": {"min": "100"}},
    }

    info = parse_symbol_info(market, "BTCUSDT")

    assert (info.price_precision, info.quantity_precision) == (1, 3)
    assert (info.tick_size, info.step_size) == ("0.10", "0.001")
    assert (info.min_quantity, info.min_notional) == ("0.001", "100")


def test_an_unknown_prediction_stays_unknown() -> None:
    raw = {"symbol": BTC, "fundingRate": "0.00010000", "fundingTimestamp": 2}

    funding = parse_funding(raw, NOW_MS)

    assert (funding.rate, funding.predicted_rate, funding.next_funding_time_ms) == (
        "0.00010000",
        None,
        2,
    )


def test_a_perpetual_without_a_next_funding_time_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_funding({"symbol": BTC, "fundingRate": "0.0001"}, NOW_MS)


@pytest.mark.parametrize(
    "row",
    [None, [], [1, 2, 3], [0, 1, 1, 1, 1, 1], [60_000, 1, 1, 1, None, 1], [60_000, 1, 1, 1, 0, 1]],
)
def test_a_candle_with_a_hole_is_malformed(row: object) -> None:
    with pytest.raises(Malformed):
        parse_candle(BTC, row, True)


def test_a_time_a_day_ahead_is_malformed() -> None:
    raw = {"symbol": BTC, "last": "1", "timestamp": NOW_MS + 86_400_001}

    with pytest.raises(Malformed, match="a day ahead"):
        parse_price(raw, PriceSource.TICKER, NOW_MS)


def test_of_two_funding_times_the_one_to_come_is_the_next() -> None:
    raw = {
        "symbol": BTC,
        "fundingRate": "0.0001",
        "fundingTimestamp": NOW_MS - 1,
        "nextFundingTimestamp": NOW_MS + 1,
    }

    assert parse_funding(raw, NOW_MS).next_funding_time_ms == NOW_MS + 1


def test_steps_and_least_quantities_in_contracts_are_told_in_base_units() -> None:
    market = {
        "base": "BTC",
        "quote": "USDT",
        "contractSize": "0.01",
        "precision": {"price": "0.1", "amount": "0.01"},
        "limits": {"amount": {"min": "0.01"}},
    }

    info = parse_symbol_info(market, "BTCUSDT")

    assert (info.step_size, info.min_quantity, info.quantity_precision) == ("0.0001", "0.0001", 4)
