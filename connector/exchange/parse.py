"""ccxt's unified structures as domain values: a value or `Malformed`, never a made-up number.

In these structures nearly every key may be absent, None, a number or a string. ccxt runs with
`number = str` here, so numbers are the exchange's own digits wherever it hands them through.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.domain import (
    Candle,
    Digits,
    FundingRate,
    Price,
    PriceSource,
    SymbolInfo,
    Ticker,
    digits,
)
from connector.errors import Malformed

Raw = Mapping[str, Any]

DAY_MS = 86_400_000


def parse_price(raw: Raw, source: PriceSource, now_ms: int) -> Price:
    """Read a price of a ticker, trade or mark price structure.

    Shapes:  last trade, else the middle of bid and ask (TICKER); the middle (BIDASK); `price`
             (TRADES); `markPrice` (MARK). `now_ms` is the time of one that carries none.
    Errors:  Malformed when there is none, or it is not above zero.
    """
    return Price(
        symbol=_text(raw, "symbol"),
        price=_positive(_price_text(raw, source)),
        timestamp_ms=plausible(instant(raw.get("timestamp")) or now_ms, now_ms),
    )


def parse_candle(symbol: str, row: Any, is_closed: bool) -> Candle:
    """Read a candle row, `[open_ms, open, high, low, close, base_qty]`.

    Errors:  Malformed for short rows, empty cells, and a price that is not above zero.
    """
    if not isinstance(row, list | tuple) or len(row) < 6:  # pyright: ignore[reportUnknownArgumentType]
        raise Malformed(f"no candle: {row!r}"[:120])
    open_ms = instant(row[0])
    if not open_ms:
        raise Malformed(f"candle without a time: {row!r}"[:120])
    return Candle(
        symbol=symbol,
        timestamp_ms=open_ms,
        open=_positive(digits(row[1])),
        high=_positive(digits(row[2])),
        low=_positive(digits(row[3])),
        close=_positive(digits(row[4])),
        volume=digits(row[5]),
        is_closed=is_closed,
    )


def parse_funding(raw: Raw, now_ms: int) -> FundingRate:
    """Read ccxt's funding rate structure.

    Errors:  Malformed without a rate or without a time of the next funding.
    """
    told = (instant(raw.get(key)) for key in ("fundingTimestamp", "nextFundingTimestamp"))
    times = [at_ms for at_ms in told if at_ms]
    next_ms = next((at_ms for at_ms in times if at_ms > now_ms), times[-1] if times else None)
    if not next_ms:
        raise Malformed(f"funding of {raw.get('symbol')} without a next time")
    return FundingRate(
        symbol=_text(raw, "symbol"),
        rate=digits(raw.get("fundingRate")),
        predicted_rate=_maybe(raw.get("nextFundingRate")),
        next_funding_time_ms=next_ms,
        timestamp_ms=instant(raw.get("timestamp")) or now_ms,
    )


def parse_past_funding(raw: Raw) -> FundingRate:
    """Read an entry of ccxt's funding rate history: its time is the settlement's.

    Errors:  Malformed without a rate or a time.
    """
    settled_ms = instant(raw.get("timestamp"))
    if not settled_ms:
        raise Malformed("funding history entry without a time")
    return FundingRate(
        symbol=_text(raw, "symbol"),
        rate=digits(raw.get("fundingRate")),
        predicted_rate=None,
        next_funding_time_ms=settled_ms,
        timestamp_ms=settled_ms,
    )


def parse_ticker(raw: Raw, now_ms: int) -> Ticker:
    """Read ccxt's ticker structure; its `percentage` becomes a ratio.

    Errors:  Malformed without any price.
    """
    percentage = _maybe(raw.get("percentage"))
    return Ticker(
        symbol=_text(raw, "symbol"),
        last_price=_positive(_price_text(raw, PriceSource.TICKER)),
        price_change=_maybe(raw.get("change")),
        price_change_ratio=None if percentage is None else _plain(Decimal(percentage) / 100),
        volume=_maybe(raw.get("baseVolume")),
        quote_volume=_maybe(raw.get("quoteVolume")),
        open_interest=None,
        timestamp_ms=instant(raw.get("timestamp")) or now_ms,
    )


def parse_open_interest(raw: Raw, market: Raw) -> Digits:
    """Read open interest in base units: contracts times the market's contract size.

    Errors:  Malformed when the exchange tells none.
    """
    return in_base_units(digits(raw.get("openInterestAmount")), market) or "0"


def in_base_units(contracts: Digits | None, market: Raw) -> Digits | None:
    """Give contracts in base units, by the market's contract size; as it is where that is 1."""
    size = _maybe(market.get("contractSize"))
    if contracts is None or size is None or Decimal(size) == 1:
        return contracts
    return format((Decimal(contracts) * Decimal(size)).normalize(), "f")


def parse_symbol_info(market: Raw, spelling: str) -> SymbolInfo:
    """Read ccxt's market structure, quantities in base units; precisions count digits."""
    precision, limits = _table(market, "precision"), _table(market, "limits")
    tick = _maybe(precision.get("price"))
    step = in_base_units(_maybe(precision.get("amount")), market)
    return SymbolInfo(
        symbol=spelling,
        price_precision=_places(tick),
        quantity_precision=_places(step),
        base_asset=_text(market, "base"),
        quote_asset=_text(market, "quote"),
        min_quantity=in_base_units(_maybe(_table(limits, "amount").get("min")), market),
        min_notional=_maybe(_table(limits, "cost").get("min")),
        tick_size=tick,
        step_size=step,
    )


def plausible(at_ms: int, now_ms: int) -> int:
    """Give an instant of an exchange's message back, unless it lies a day ahead.

    Errors:  Malformed: a wrong time would make every true one look old.
    """
    if at_ms > now_ms + DAY_MS:
        raise Malformed(f"a time a day ahead: {at_ms}")
    return at_ms


def instant(value: Any) -> int | None:
    """Read a UTC epoch time in ms; None for what is none (absent, text, zero or below)."""
    try:
        number = int(digits(value).partition(".")[0])
    except Malformed:
        return None
    return number if number > 0 else None


def _price_text(raw: Raw, source: PriceSource) -> Digits:
    match source:
        case PriceSource.TICKER:
            for key in ("last", "close"):
                value = raw.get(key)
                if value is not None:
                    return digits(value)
            return _middle(raw)
        case PriceSource.BIDASK:
            return _middle(raw)
        case PriceSource.TRADES:
            return digits(raw.get("price"))
        case PriceSource.MARK:
            return digits(raw.get("markPrice"))


def _middle(raw: Raw) -> Digits:
    bid, ask = Decimal(digits(raw.get("bid"))), Decimal(digits(raw.get("ask")))
    if bid <= 0 or ask <= 0:
        raise Malformed(f"no price in a one-sided book: bid {bid}, ask {ask}")
    return _plain((bid + ask) / 2)


def _positive(text: Digits) -> Digits:
    if text[0] == "-" or not text.strip("0."):
        raise Malformed(f"not a price: {text}"[:120])
    return text


def _maybe(value: Any) -> Digits | None:
    try:
        return digits(value)
    except Malformed:
        return None


def _places(tick: Digits | None) -> int:
    if tick is None:
        return 0
    exponent = Decimal(tick).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _plain(number: Decimal) -> Digits:
    return format(number, "f")


def _text(raw: Raw, key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise Malformed(f"no {key} in {str(dict(raw))[:100]}")
    return value


def _table(raw: Raw, key: str) -> Raw:
    value = raw.get(key)
    return value if isinstance(value, Mapping) else {}
