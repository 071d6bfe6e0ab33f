"""ccxt's market structures as domain values: a value or `Malformed`, never a made-up number."""

from decimal import Decimal
from typing import Any

import ccxt

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
from connector.exchange.parse_fields import (
    EXACT,
    Raw,
    above_zero,
    in_base_units,
    instant,
    not_negative,
    number,
    plain,
    plausible,
    positive,
    structure,
    table,
    text_of,
    times_size,
)

UNKNOWN_PLACES = 8
"""Digits after the point where a market has no tick or step: enough to lose none."""


def parse_price(raw: Raw, source: PriceSource, now_ms: int) -> Price:
    """Read a price of a ticker, trade or mark price structure.

    Shapes:  last trade, else the middle of bid and ask (TICKER); the middle (BIDASK); `price`
             (TRADES); `markPrice` (MARK). `now_ms` is the time of one that carries none.
    Errors:  Malformed when there is none, or it is not above zero.
    """
    return Price(
        symbol=text_of(raw, "symbol"),
        price=_price_text(raw, source),
        timestamp_ms=plausible(instant(raw.get("timestamp")) or now_ms, now_ms),
    )


def middle(bid: Any, ask: Any) -> Digits:
    """Give the middle of bid and ask, exactly. Errors: Malformed unless both are above zero."""
    total = EXACT.add(Decimal(positive(bid)), Decimal(positive(ask)))
    return plain(EXACT.divide(total, Decimal(2)))


def parse_candle(symbol: str, row: Any, is_closed: bool) -> Candle:
    """Read a candle row, `[open_ms, open, high, low, close, base_qty]`.

    Errors:  Malformed for short rows, empty cells, a price that is not above zero.
    """
    if not isinstance(row, list | tuple) or len(row) < 6:  # pyright: ignore[reportUnknownArgumentType]
        raise Malformed(f"no candle, but a {type(row).__name__}")
    open_ms = instant(row[0])
    if not open_ms:
        raise Malformed("a candle without a time")
    return Candle(
        symbol=symbol,
        timestamp_ms=open_ms,
        open=positive(row[1]),
        high=positive(row[2]),
        low=positive(row[3]),
        close=positive(row[4]),
        volume=not_negative(row[5]),
        is_closed=is_closed,
    )


def candle_rows(answer: Any) -> list[list[Any]]:
    """Give an answer's rows that have an opening time, ascending, that time as an int."""
    rows = answer if isinstance(answer, list) else ()
    timed = [(instant(row[0]), row) for row in rows if isinstance(row, list) and row]
    told = [[open_ms, *row[1:]] for open_ms, row in timed if open_ms]
    return sorted(told, key=lambda row: row[0])


def parse_funding(raw: Raw, now_ms: int) -> FundingRate:
    """Read ccxt's funding rate structure.

    Errors:  Malformed without a rate or without a time of the next funding.
    """
    symbol = text_of(raw, "symbol")
    told = (instant(raw.get(key)) for key in ("fundingTimestamp", "nextFundingTimestamp"))
    times = [at_ms for at_ms in told if at_ms]
    next_ms = next((at_ms for at_ms in times if at_ms > now_ms), times[-1] if times else None)
    if not next_ms:
        raise Malformed(f"funding of {symbol} without a next time")
    return FundingRate(
        symbol=symbol,
        rate=digits(raw.get("fundingRate")),
        predicted_rate=number(raw.get("nextFundingRate")),
        next_funding_time_ms=next_ms,
        timestamp_ms=instant(raw.get("timestamp")) or now_ms,
    )


def parse_past_funding(raw: Raw) -> FundingRate:
    """Read an entry of ccxt's funding rate history: its time is the settlement's.

    Errors:  Malformed without a rate or a time.
    """
    symbol = text_of(raw, "symbol")
    settled_ms = instant(raw.get("timestamp"))
    if not settled_ms:
        raise Malformed("funding history entry without a time")
    return FundingRate(
        symbol=symbol,
        rate=digits(raw.get("fundingRate")),
        predicted_rate=None,
        next_funding_time_ms=settled_ms,
        timestamp_ms=settled_ms,
    )


def parse_ticker(raw: Raw, now_ms: int) -> Ticker:
    """Read ccxt's ticker structure; its `percentage` becomes a ratio.

    Errors:  Malformed without any price.
    """
    symbol = text_of(raw, "symbol")
    percentage = number(raw.get("percentage"))
    return Ticker(
        symbol=symbol,
        last_price=_price_text(raw, PriceSource.TICKER),
        price_change=number(raw.get("change")),
        price_change_ratio=None if percentage is None else plain(_hundredth(percentage)),
        volume=number(raw.get("baseVolume")),
        quote_volume=number(raw.get("quoteVolume")),
        open_interest=None,
        timestamp_ms=instant(raw.get("timestamp")) or now_ms,
    )


def parse_open_interest(raw: Raw, market: Raw) -> Digits:
    """Read open interest in base units: contracts times the market's contract size.

    Errors:  Malformed when the exchange tells none.
    """
    amount = not_negative(structure(raw).get("openInterestAmount"))
    return times_size(amount, structure(market).get("contractSize"))


def parse_symbol_info(
    market: Raw, spelling: str, precision_mode: int = ccxt.TICK_SIZE
) -> SymbolInfo:
    """Read ccxt's market structure, quantities in base units; precisions count digits.

    `precision_mode` is what ccxt counts precisions in: steps, digits after the point, or
    significant digits, which are no step (the exchange's own rule then rounds).
    Errors:  Malformed without both assets.
    """
    precision, limits = table(market, "precision"), table(market, "limits")
    base_asset, quote_asset = text_of(market, "base"), text_of(market, "quote")
    tick = _step(precision.get("price"), precision_mode)
    step = in_base_units(_step(precision.get("amount"), precision_mode), market)
    return SymbolInfo(
        symbol=spelling,
        price_precision=_places(tick),
        quantity_precision=_places(step),
        base_asset=base_asset,
        quote_asset=quote_asset,
        min_quantity=in_base_units(above_zero(table(limits, "amount").get("min")), market),
        min_notional=above_zero(table(limits, "cost").get("min")),
        tick_size=tick,
        step_size=step,
    )


def _price_text(raw: Raw, source: PriceSource) -> Digits:
    match source:
        case PriceSource.TICKER:
            return above_zero(raw.get("last")) or above_zero(raw.get("close")) or _middle_of(raw)
        case PriceSource.BIDASK:
            return _middle_of(raw)
        case PriceSource.TRADES:
            return positive(raw.get("price"))
        case PriceSource.MARK:
            return positive(raw.get("markPrice"))


def _middle_of(raw: Raw) -> Digits:
    return middle(raw.get("bid"), raw.get("ask"))


def _hundredth(percentage: Digits) -> Decimal:
    return EXACT.scaleb(Decimal(percentage), -2)


def _step(value: Any, precision_mode: int) -> Digits | None:
    if precision_mode == ccxt.TICK_SIZE:
        return above_zero(value)
    places = number(value) if precision_mode == ccxt.DECIMAL_PLACES else None
    if places is None or abs(Decimal(places)) > 40:
        return None
    return plain(Decimal(1).scaleb(-int(Decimal(places))))


def _places(step: Digits | None) -> int:
    if step is None:
        return UNKNOWN_PLACES
    return len(step.partition(".")[2].rstrip("0"))
