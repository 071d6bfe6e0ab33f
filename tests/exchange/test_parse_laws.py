"""Whatever dictionary ccxt hands over: a value or Malformed, and no number that nobody told.

`make fuzz-parsers COUNT=100000` puts that many through every parser.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import ccxt
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from connector.domain import Candle, FundingRate, MarketType, PriceSource, SymbolInfo, digits
from connector.errors import Malformed
from connector.exchange.parse import (
    candle_rows,
    parse_candle,
    parse_funding,
    parse_open_interest,
    parse_past_funding,
    parse_price,
    parse_symbol_info,
    parse_ticker,
)
from connector.exchange.parse_account import (
    Figures,
    Wallets,
    parse_account,
    parse_balances,
    parse_position,
)
from connector.exchange.parse_fields import instant, number, structures
from connector.exchange.parse_orders import OrderReader
from connector.exchange.symbols import Symbols
from connector.exchange.ways import TABLE, Way
from connector.trading import Position
from tests.exchange.structures import BTC, COMPLETE, NOW_MS, ROW, ROWS, STRUCTURES

COUNT = int(os.environ.get("COUNT", "300"))

Parse = Callable[[Any, Any], object]


def _seven(exchange_id: str, symbol: str) -> int:
    assert exchange_id.encode()
    assert symbol.encode()
    return 7


def _own_frames(way: Way, raw: Any, row: Any) -> object:
    """What an exchange's own file reads, of whatever shape."""
    for frame in (
        raw,
        row,
        {"k": raw, "data": [raw, row], "result": raw, "arg": raw},
        {"k": row, "data": raw, "result": [row, raw]},
        {
            "result": [{**raw, "t": NOW_MS // 1000}],
            "data": [[NOW_MS, *(row if type(row) is list else ())]],
        },
    ):
        read = None if way.read_candle is None else way.read_candle(frame, NOW_MS, raw)
        if read is not None:
            parse_candle(BTC, *read)
    funding = None
    if way.funding_in_mark_price is not None:
        funding = way.funding_in_mark_price(raw)
    if way.ticker_figures is not None:
        way.ticker_figures(raw, raw)
    if way.open_interest is not None:
        way.open_interest(raw)
    if way.account_figures is not None:
        way.account_figures(raw)
    return None if funding is None else parse_funding(funding, NOW_MS)


EXACT_READER = OrderReader(None, _seven, NOW_MS, ("rp",))
SIZES = ("0.01", None, "0", "-1", "abc", 10**5_000)

PARSERS: dict[str, Parse] = {
    **{
        f"price of {source}": lambda raw, _, source=source: parse_price(raw, source, NOW_MS)
        for source in PriceSource
    },
    "ticker": lambda raw, _: parse_ticker(raw, NOW_MS),
    "funding": lambda raw, _: parse_funding(raw, NOW_MS),
    "past funding": lambda raw, _: parse_past_funding(raw),
    "open interest": lambda raw, _: parse_open_interest(raw, raw),
    **{
        f"symbol info, precision mode {mode}": lambda raw, _, mode=mode: parse_symbol_info(
            raw, "BTCUSDT", mode
        )
        for mode in (ccxt.TICK_SIZE, ccxt.DECIMAL_PLACES, ccxt.SIGNIFICANT_DIGITS)
    },
    **{
        f"{exchange_id}'s own frames": lambda raw, row, way=way: _own_frames(way, raw, row)
        for exchange_id, way in TABLE.items()
    },
    "markets": lambda raw, _: Symbols([raw], MarketType.SWAP).all(),
    "candle": lambda raw, row: parse_candle(BTC, row, False),
    "candle rows": lambda raw, row: candle_rows([row, ROW, raw]) or candle_rows(row),
    "instant": lambda _, row: instant(row),
    "structures": lambda raw, row: (structures(raw), structures(row)),
    **{
        f"order, contract size {index}": lambda raw, _, size=size: OrderReader(
            size, _seven, NOW_MS
        ).order(raw)
        for index, size in enumerate(SIZES)
    },
    "own trade": lambda raw, _: OrderReader(raw.get("contractSize"), _seven, NOW_MS, ("rp",)).trade(
        raw
    ),
    "position": lambda raw, row: parse_position(raw, raw.get("contractSize")),
    "balances": lambda raw, _: parse_balances(raw),
    "account": lambda raw, _: parse_account(
        Wallets(parse_balances(COMPLETE[-1]), Figures()),
        [parse_position(raw, None, parse_position(COMPLETE[5], None))],
        "USDT",
    ),
}


def outcome(parse: Parse, raw: Any, row: Any) -> object:
    try:
        return parse(raw, row)
    except Malformed:
        return Malformed


@pytest.mark.timeout(0)
@settings(
    max_examples=COUNT,
    derandomize=COUNT == 300,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(STRUCTURES, ROWS)
def test_a_parser_gives_a_value_or_malformed_and_nothing_else(
    raw: dict[str, Any], row: object
) -> None:
    for parse in PARSERS.values():
        for told in numbers_in(outcome(parse, raw, row)):
            assert digits(told) == told


@pytest.mark.parametrize("not_one", [None, [], "text", 1, b"", [None]])
def test_what_is_no_dictionary_is_malformed(not_one: Any) -> None:
    reader = OrderReader(None, _seven, NOW_MS, ("rp",))
    for parse in (
        lambda: parse_price(not_one, PriceSource.TICKER, NOW_MS),
        lambda: parse_ticker(not_one, NOW_MS),
        lambda: parse_funding(not_one, NOW_MS),
        lambda: parse_past_funding(not_one),
        lambda: parse_open_interest(not_one, {}),
        lambda: parse_symbol_info(not_one, "BTCUSDT"),
        lambda: parse_candle(BTC, not_one, False),
        lambda: reader.order(not_one),
        lambda: reader.trade(not_one),
        lambda: parse_position(not_one, None),
    ):
        with pytest.raises(Malformed):
            parse()
    assert parse_balances(not_one) == {}


def test_of_each_parser_the_generated_dictionaries_give_values_and_malformed() -> None:
    values: Counter[str] = Counter()
    refusals: Counter[str] = Counter()

    @settings(max_examples=300, derandomize=True, database=None)
    @given(STRUCTURES, ROWS)
    def see(raw: dict[str, Any], row: object) -> None:
        for name, parse in PARSERS.items():
            (refusals if outcome(parse, raw, row) is Malformed else values)[name] += 1

    see()
    never_refused = {"markets", "candle rows", "instant", "balances"}
    common = {name for name in PARSERS if "own frames" not in name}
    assert {name for name in common if values[name] < 5} == set()
    assert {name for name in common if not refusals[name]} == never_refused


@settings(max_examples=300, derandomize=True)
@given(STRUCTURES, ROWS)
def test_no_number_is_told_that_the_exchange_did_not_tell(raw: dict[str, Any], row: object) -> None:
    told = {abs(Decimal(text)) for text in every_number([raw, row])}

    for read, reckoned in (
        (outcome(lambda raw, _: parse_funding(raw, NOW_MS), raw, row), ()),
        (outcome(lambda _, row: parse_candle(BTC, row, False), raw, row), ()),
        (
            outcome(lambda raw, _: parse_ticker(raw, NOW_MS), raw, row),
            ("price_change_ratio", "last_price"),
        ),
        (outcome(lambda raw, _: EXACT_READER.trade(raw), raw, row), ("fee",)),
        (outcome(lambda raw, _: EXACT_READER.order(raw), raw, row), ("executed_qty",)),
        (outcome(lambda raw, _: parse_position(raw, None), raw, row), ()),
        (
            outcome(
                lambda raw, _: parse_symbol_info({**raw, "contractSize": None}, "BTCUSDT"), raw, row
            ),
            (),
        ),
    ):
        for text in numbers_in(read, reckoned):
            assert abs(Decimal(text)) in told


_NUMBERS = {
    *("price", "open", "high", "low", "close", "volume", "rate", "predicted_rate", "last_price"),
    *("price_change", "price_change_ratio", "quote_volume", "open_interest", "tick_size", "fee"),
    *("step_size", "min_quantity", "min_notional", "quantity", "executed_qty", "avg_price", "size"),
    *("entry_price", "mark_price", "unrealized_pnl", "isolated_margin", "liquidation_price"),
    *("realized_pnl", "total", "free", "health_score", "total_margin_balance", "adjusted_equity"),
}


def numbers_in(value: object, but: tuple[str, ...] = ()) -> Iterator[str]:
    """Every number that a domain value tells."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from numbers_in(each, but)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            told = getattr(value, name)
            if name in _NUMBERS and name not in but and told is not None:
                yield told


def every_number(value: object) -> Iterator[str]:
    """Every number in a structure, however deep."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from every_number(each)
    elif (text := number(value)) is not None:
        yield text


def test_the_laws_look_at_every_number_of_a_value() -> None:
    kinds = {
        kind: {field.name for field in msgspec.structs.fields(kind) if field.name in _NUMBERS}
        for kind in (Candle, FundingRate, SymbolInfo, Position)
    }
    assert kinds[Candle] == {"open", "high", "low", "close", "volume"}
    assert kinds[FundingRate] == {"rate", "predicted_rate"}
    assert kinds[SymbolInfo] == {"tick_size", "step_size", "min_quantity", "min_notional"}
    assert len(kinds[Position]) == 6
