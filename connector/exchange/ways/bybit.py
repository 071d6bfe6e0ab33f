"""Bybit v5, unified account."""

from types import MappingProxyType
from typing import Any

from connector.domain import MarketType
from connector.exchange.parse import Raw, instant
from connector.exchange.ways.reading import table, told
from connector.exchange.ways.way import TickerFigures, Way


def _candle(frame: Any, open_ms: int, market: Raw) -> tuple[list[Any], bool] | None:
    """Read a kline frame: ccxt keeps its text and drops `confirm`.

    Source:  `{"topic":"kline.1.BTCUSDT","data":[{"start":…,"open":"16649.5","confirm":false}]}`,
             Bybit v5 "Kline" stream.
    """
    rows = frame.get("data") if isinstance(frame, dict) else None
    for kline in rows if isinstance(rows, list) else ():
        if isinstance(kline, dict) and instant(kline.get("start")) == open_ms:
            volume = "turnover" if market.get("inverse") else "volume"
            keys = ("open", "high", "low", "close", volume)
            return [open_ms, *(kline.get(key) for key in keys)], kline.get("confirm") is True
    return None


def _ticker(ticker: Raw, market: Raw) -> TickerFigures:
    """Turn an inverse contract's volume about: it is counted in USD, its turnover in the coin.

    Source:  `{"symbol":"BTCUSD","volume24h":"49337318","turnover24h":"2352.94950046",
             "openInterest":"373504107","openInterestValue":"22505.67"}`, Bybit v5 "Get Tickers".
    """
    info = table(ticker, "info")
    if market.get("inverse"):
        return TickerFigures(
            told(info, "turnover24h"), told(info, "volume24h"), told(info, "openInterestValue")
        )
    return TickerFigures(open_interest=told(info, "openInterest"))


BYBIT = Way(
    # "Spot can input up to 10 args for each subscription request", v5 "Connect"
    symbols_a_message=MappingProxyType({MarketType.SPOT: 10}),
    read_candle=_candle,
    ticker_figures=_ticker,
    batch_limit=10,
    # ccxt asks to be told that a unified account shows only its last 500 orders this way
    fetch_order_params=MappingProxyType({"acknowledged": True}),
)
