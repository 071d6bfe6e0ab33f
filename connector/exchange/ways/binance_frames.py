"""Binance's market frames, spot and USD-M.

Source:  developers.binance.com, "Websocket Market Streams" of USD-M futures and of spot; that ccxt
         makes the same of them is held by tests/exchange/lane.
"""

from collections.abc import Callable, Container
from typing import Any

import msgspec

from connector.domain import FundingRate, MarketType, digits
from connector.errors import Malformed
from connector.exchange.lane.reader import Markets, Reader, Reading, Target, Value, priced
from connector.exchange.parse import middle, parse_candle
from connector.exchange.parse_fields import instant, plausible, positive


class _Kline(msgspec.Struct, gc=False):
    t: int
    i: str
    o: str
    h: str
    l: str  # noqa: E741
    c: str
    v: str
    x: bool


class _Frame(msgspec.Struct, gc=False):
    """Every key that one of the frames is read by; spot's book ticker has no `e`."""

    s: str
    e: str = "bookTicker"
    E: int = 0
    C: int = 0
    T: int = 0
    c: str = ""
    p: str = ""
    r: str = ""
    b: str | int = ""
    a: str | int = ""
    k: _Kline | None = None


_HASHES = {
    "24hrTicker": ("Tickers", "ticker:ticker@"),
    "bookTicker": ("BidsAsks", "bidask:bookTicker@"),
    "aggTrade": ("TradesForSymbols", "trade::"),
    "trade": ("TradesForSymbols", "trade::"),
    "markPriceUpdate": ("MarkPrices", "markPrice:markPrice@"),
}


def read_binance(exchange: Any, market_type: MarketType, now_ms: Callable[[], int]) -> Reader:
    """Make a reader of `{"e":"24hrTicker","E":…,"s":"BTCUSDT","c":"97123.10",…}` and its kind."""
    decode = msgspec.json.Decoder(_Frame).decode

    def target(event: str, market_id: str, interval: str | None) -> Target | None:
        symbol = markets.symbol(market_id)
        if symbol is None:
            return None
        if interval is None:
            channel, prefix = _HASHES[event]
            return Target(channel, symbol, prefix + symbol)
        name = markets.interval(interval)
        if name is None:
            return None
        return Target(f"candles {name}", symbol, f"ohlcv::{symbol}::{name}")

    markets = Markets(exchange, market_type, target)

    def read(frame: str, awaited: Container[str]) -> Reading | None:
        try:
            told = decode(frame)
            event, market_id, kline = told.e, told.s, told.k
            if (kline is not None) != (event == "kline") or not (kline or event in _HASHES):
                return None
            to = markets.target(event, market_id, kline.i if kline else None)
            if to is None or to.message_hash in awaited:
                return None
            return Reading(to.channel, to.symbol, _values(told, to.symbol, now_ms()))
        except (msgspec.DecodeError, Malformed, UnicodeDecodeError):
            return None

    return read


def _values(told: _Frame, symbol: str, now_ms: int) -> tuple[Value, ...]:
    match told.e:
        case "24hrTicker":
            return (priced(symbol, positive(told.c), told.C, now_ms),)
        case "bookTicker":
            return (priced(symbol, middle(told.b, told.a), told.E or now_ms, now_ms),)
        case "markPriceUpdate":
            return _marked(told, symbol, now_ms)
        case "kline":
            return (_candle(told.k, symbol, now_ms),)
        case _:
            return (priced(symbol, positive(told.p), told.T, now_ms),)


def _marked(told: _Frame, symbol: str, now_ms: int) -> tuple[Value, ...]:
    price = priced(symbol, positive(told.p), told.E, now_ms)
    if not instant(told.T):
        raise Malformed("a mark price without the next funding")
    return price, FundingRate(symbol, digits(told.r), None, told.T, told.E)


def _candle(kline: _Kline | None, symbol: str, now_ms: int) -> Value:
    if kline is None:
        raise Malformed("a kline frame without a kline")
    row = (kline.t, kline.o, kline.h, kline.l, kline.c, kline.v)
    plausible(kline.t, now_ms)
    return parse_candle(symbol, row, kline.x)
