"""Binance's market frames, spot and USD-M.

Source:  developers.binance.com, "Websocket Market Streams" of USD-M futures and of spot; that ccxt
         makes the same of them is held by tests/exchange/lane.
"""

from collections.abc import Callable, Container
from typing import Any, ClassVar

import msgspec

from connector.domain import FundingRate, MarketType, digits
from connector.errors import Malformed
from connector.exchange.lane.reader import Markets, Reader, Reading, Target, Value, priced
from connector.exchange.parse import middle, parse_candle
from connector.exchange.parse_fields import instant, plausible, positive


class _Frame(msgspec.Struct, gc=False, tag_field="e"):
    """The keys that a kind of frame is read by, and what ccxt calls its channel and hash."""

    channel: ClassVar[str]
    hashed: ClassVar[str]
    s: str

    def values(self, symbol: str, now_ms: int) -> tuple[Value, ...]:
        raise NotImplementedError


class _Ticker(_Frame, tag="24hrTicker"):
    channel: ClassVar[str] = "Tickers"
    hashed: ClassVar[str] = "ticker:ticker@"
    c: str
    C: int

    def values(self, symbol: str, now_ms: int) -> tuple[Value, ...]:
        return (priced(symbol, positive(self.c), self.C, now_ms),)


class _Book(_Frame, tag="bookTicker"):
    channel: ClassVar[str] = "BidsAsks"
    hashed: ClassVar[str] = "bidask:bookTicker@"
    b: str
    a: str
    E: int = 0

    def values(self, symbol: str, now_ms: int) -> tuple[Value, ...]:
        return (priced(symbol, middle(self.b, self.a), self.E or now_ms, now_ms),)


class _Trade(_Frame, tag="trade"):
    channel: ClassVar[str] = "TradesForSymbols"
    hashed: ClassVar[str] = "trade::"
    p: str
    T: int

    def values(self, symbol: str, now_ms: int) -> tuple[Value, ...]:
        return (priced(symbol, positive(self.p), self.T, now_ms),)


class _AggTrade(_Trade, tag="aggTrade"):
    pass


class _Mark(_Frame, tag="markPriceUpdate"):
    channel: ClassVar[str] = "MarkPrices"
    hashed: ClassVar[str] = "markPrice:markPrice@"
    p: str
    r: str
    E: int
    T: int

    def values(self, symbol: str, now_ms: int) -> tuple[Value, ...]:
        price = priced(symbol, positive(self.p), self.E, now_ms)
        if not instant(self.T):
            raise Malformed("a mark price without the next funding")
        return price, FundingRate(symbol, digits(self.r), None, self.T, self.E)


class _Bar(msgspec.Struct, gc=False):
    t: int
    i: str
    o: str
    h: str
    l: str  # noqa: E741
    c: str
    v: str
    x: bool


class _Kline(_Frame, tag="kline"):
    channel: ClassVar[str] = "candles"
    hashed: ClassVar[str] = "ohlcv::"
    k: _Bar

    def values(self, symbol: str, now_ms: int) -> tuple[Value, ...]:
        bar = self.k
        plausible(bar.t, now_ms)
        return (parse_candle(symbol, (bar.t, bar.o, bar.h, bar.l, bar.c, bar.v), bar.x),)


class _SpotBook(_Book, tag=False):
    """Spot's book ticker alone has no `e`; it begins with `u`."""


def read_binance(exchange: Any, market_type: MarketType, now_ms: Callable[[], int]) -> Reader:
    """Make a reader of `{"e":"24hrTicker","E":…,"s":"BTCUSDT","c":"97123.10",…}` and its kind."""
    decode_kind = msgspec.json.Decoder(_Ticker | _Book | _Trade | _AggTrade | _Mark | _Kline).decode
    decode_spot_book = msgspec.json.Decoder(_SpotBook).decode

    def target(kind: type[_Frame], market_id: str, interval: str | None) -> Target | None:
        symbol = markets.symbol(market_id)
        if symbol is None:
            return None
        if interval is None:
            return Target(kind.channel, symbol, kind.hashed + symbol)
        name = markets.interval(interval)
        if name is None:
            return None
        return Target(f"{kind.channel} {name}", symbol, f"{kind.hashed}{symbol}::{name}")

    markets = Markets(exchange, market_type, target)

    def read(frame: str, awaited: Container[str]) -> Reading | None:
        try:
            told = decode_spot_book(frame) if frame.startswith('{"u"') else decode_kind(frame)
            interval = told.k.i if isinstance(told, _Kline) else None
            to = markets.target(type(told), told.s, interval)
            if to is None or to.message_hash in awaited:
                return None
            return Reading(to.channel, to.symbol, told.values(to.symbol, now_ms()))
        except (msgspec.DecodeError, Malformed, UnicodeDecodeError):
            return None

    return read
