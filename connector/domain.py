"""The connector's own facts: frozen values, exact decimal text, instants in UTC epoch ms."""

import re
from decimal import Decimal
from enum import StrEnum

import msgspec

from connector.errors import Malformed

Digits = str
"""A decimal number as plain text (`97123.10`, `-0.00000001`): the exchange's own digits."""

_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_MOST_PLACES = 40
LONGEST = 100
"""Characters of a number; no market has more."""


def digits(value: object) -> Digits:
    """Give a number as plain decimal text, unchanged where it already is.

    Shapes:  str | int | float | Decimal; a float gives its shortest exact text, `1e-8` gives
             `0.00000001`, a leading `+` and a missing leading `0` are mended.
    Errors:  Malformed for None, NaN, infinities, booleans, empty and any other text, and for what
             no market has: more than 100 characters, beyond 1e40 or within 1e-40.
    """
    if type(value) is str and len(value) <= LONGEST and _PLAIN.fullmatch(value):
        return value
    text = _number_text(value)
    if len(text) > LONGEST or not _NUMBER.fullmatch(text):
        raise Malformed(f"not a number: {text[:60]!r} of {type(value).__name__}")
    number = Decimal(text)
    plain = format(number, "f") if abs(number.adjusted()) <= _MOST_PLACES else ""
    if not 0 < len(plain) <= LONGEST:
        raise Malformed(f"not a number of this world: {text!r}")
    return plain


def _number_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return ""
    if isinstance(value, int) and value.bit_length() > 4 * LONGEST:
        return "beyond"  # Python refuses to write such a number out
    return str(value)


class PriceSource(StrEnum):
    """What a price is taken from."""

    TICKER = "ticker"
    BIDASK = "bidask"
    TRADES = "trades"
    MARK = "mark"


class MarketType(StrEnum):
    """What this process trades: one market type of one account."""

    SPOT = "spot"
    SWAP = "swap"


class Price(msgspec.Struct, frozen=True, gc=False):
    """The newest price of a symbol; always above zero."""

    symbol: str
    price: Digits
    timestamp_ms: int


class Candle(msgspec.Struct, frozen=True, gc=False):
    """A bar of a symbol: volume in base units, `timestamp_ms` is the opening instant."""

    symbol: str
    timestamp_ms: int
    open: Digits
    high: Digits
    low: Digits
    close: Digits
    volume: Digits
    is_closed: bool


class FundingRate(msgspec.Struct, frozen=True, gc=False):
    """What a perpetual pays in one interval: a fraction (0.0001 = 1 bp), by longs if positive.

    Spot has rate 0 and `next_funding_time_ms` 0; `predicted_rate` is None when unknown.
    """

    symbol: str
    rate: Digits
    predicted_rate: Digits | None
    next_funding_time_ms: int
    timestamp_ms: int


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """The last 24 hours of a symbol; None where the exchange does not tell.

    `price_change_ratio` is a ratio (0.05 = 5 %), volumes in base and in quote units.
    """

    symbol: str
    last_price: Digits
    price_change: Digits | None
    price_change_ratio: Digits | None
    volume: Digits | None
    quote_volume: Digits | None
    open_interest: Digits | None
    timestamp_ms: int


class SymbolInfo(msgspec.Struct, frozen=True, gc=False):
    """What may be ordered in a symbol: precisions count digits after the point."""

    symbol: str
    price_precision: int
    quantity_precision: int
    base_asset: str
    quote_asset: str
    min_quantity: Digits | None
    min_notional: Digits | None
    tick_size: Digits | None
    step_size: Digits | None
