"""Domain values as proto messages: the only place that names fields of both."""

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1 import resources_pb2
from opensqt.market_maker.v1.events_pb2 import FundingUpdate, PriceChange
from opensqt.market_maker.v1.resources_pb2 import Candle as CandleMessage

from connector.domain import Candle, Digits, FundingRate, Price, SymbolInfo, Ticker


def encode_decimal(text: Digits) -> Decimal:
    """Put the digits on the wire as they stand."""
    return Decimal(value=text)


def encode_price(price: Price, exchange: str, symbol: str) -> PriceChange:
    """Encode a price under the name and in the spelling that the client knows."""
    seconds, millis = divmod(price.timestamp_ms, 1000)
    return PriceChange(
        exchange=exchange,
        symbol=symbol,
        price=Decimal(value=price.price),
        timestamp=Timestamp(seconds=seconds, nanos=millis * 1_000_000),
    )


def encode_candle(candle: Candle, symbol: str) -> CandleMessage:
    """Encode a bar; `timestamp` is its opening time in ms."""
    return CandleMessage(
        symbol=symbol,
        open=Decimal(value=candle.open),
        high=Decimal(value=candle.high),
        low=Decimal(value=candle.low),
        close=Decimal(value=candle.close),
        volume=Decimal(value=candle.volume),
        timestamp=candle.timestamp_ms,
        is_closed=candle.is_closed,
    )


def encode_funding_update(funding: FundingRate, exchange: str, symbol: str) -> FundingUpdate:
    """Encode a funding event; an unknown prediction stays unset."""
    return FundingUpdate(
        exchange=exchange,
        symbol=symbol,
        rate=Decimal(value=funding.rate),
        predicted_rate=_maybe(funding.predicted_rate),
        next_funding_time=funding.next_funding_time_ms,
        timestamp=funding.timestamp_ms,
    )


def encode_funding_rate(
    funding: FundingRate, exchange: str, symbol: str
) -> resources_pb2.FundingRate:
    """Encode an asked funding rate; an unknown prediction stays unset."""
    return resources_pb2.FundingRate(
        exchange=exchange,
        symbol=symbol,
        rate=Decimal(value=funding.rate),
        predicted_rate=_maybe(funding.predicted_rate),
        next_funding_time=funding.next_funding_time_ms,
        timestamp=funding.timestamp_ms,
    )


def encode_ticker(ticker: Ticker, symbol: str) -> resources_pb2.Ticker:
    """Encode the last 24 hours; what the exchange doesn't tell stays unset."""
    return resources_pb2.Ticker(
        symbol=symbol,
        price_change=_maybe(ticker.price_change),
        price_change_percent=_maybe(ticker.price_change_ratio),
        last_price=Decimal(value=ticker.last_price),
        volume=_maybe(ticker.volume),
        quote_volume=_maybe(ticker.quote_volume),
        timestamp=ticker.timestamp_ms,
        open_interest=_maybe(ticker.open_interest),
    )


def encode_symbol_info(info: SymbolInfo) -> resources_pb2.SymbolInfo:
    """Encode what may be ordered; limits that the market doesn't tell stay unset."""
    return resources_pb2.SymbolInfo(
        symbol=info.symbol,
        price_precision=info.price_precision,
        quantity_precision=info.quantity_precision,
        base_asset=info.base_asset,
        quote_asset=info.quote_asset,
        min_quantity=_maybe(info.min_quantity),
        min_notional=_maybe(info.min_notional),
        tick_size=_maybe(info.tick_size),
        step_size=_maybe(info.step_size),
    )


def _maybe(text: Digits | None) -> Decimal | None:
    return None if text is None else Decimal(value=text)
