"""Bybit's market frames (v5), spot and linear contracts.

Source:  bybit-exchange.github.io/docs/v5/websocket/public: ticker, orderbook, trade, kline; that
         ccxt makes the same of them is held by tests/exchange/lane.
"""

from collections.abc import Callable, Container
from typing import Any

import msgspec

from connector.domain import MarketType
from connector.errors import Malformed
from connector.exchange.lane.reader import Markets, Reader, Reading, Target, Value, priced
from connector.exchange.parse import middle, parse_candle
from connector.exchange.parse_fields import plausible, positive


class _Frame(msgspec.Struct, gc=False):
    topic: str
    ts: int
    data: msgspec.Raw
    type: str = ""


class _Trade(msgspec.Struct, gc=False):
    T: int
    p: str


class _Bar(msgspec.Struct, gc=False):
    start: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    confirm: bool


class _Book(msgspec.Struct, gc=False):
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


_HASHES = {
    "tickers": ("Tickers", "ticker:"),
    "orderbook": ("BidsAsks", "bidask:"),
    "publicTrade": ("TradesForSymbols", "trade:"),
}


def read_bybit(exchange: Any, market_type: MarketType, now_ms: Callable[[], int]) -> Reader:
    """Make a reader of `{"topic":"tickers.BTCUSDT","type":"snapshot","ts":…,"data":{…}}`."""
    decode = msgspec.json.Decoder(_Frame).decode
    decode_ticker = msgspec.json.Decoder(dict[str, Any]).decode
    decode_trades = msgspec.json.Decoder(list[_Trade]).decode
    decode_bars = msgspec.json.Decoder(list[_Bar]).decode
    decode_book = msgspec.json.Decoder(_Book).decode

    def target(topic: str) -> Target | None:
        kind, *between, market_id = topic.split(".")
        symbol = markets.symbol(market_id)
        if symbol is None:
            return None
        if kind == "kline" and len(between) == 1:
            name = markets.interval(between[0])
            if name is None:
                return None
            return Target(f"candles {name}", symbol, f"ohlcv::{symbol}::{name}")
        if kind not in _HASHES or between != (["1"] if kind == "orderbook" else []):
            return None
        channel, prefix = _HASHES[kind]
        return Target(channel, symbol, prefix + symbol)

    markets = Markets(exchange, market_type, target)

    def read(frame: str, awaited: Container[str]) -> Reading | None:
        try:
            told = decode(frame)
            to = markets.target(told.topic)
            if to is None or to.message_hash in awaited:
                return None
            values = _values(told, to, now_ms())
            return Reading(to.channel, to.symbol, values) if values else None
        except (msgspec.DecodeError, Malformed, UnicodeDecodeError):
            return None

    def _values(told: _Frame, to: Target, now_ms: int) -> tuple[Value, ...]:
        match to.channel:
            case "Tickers":
                return ticker(told, to.symbol, now_ms)
            case "BidsAsks":
                return book(told, to.symbol, now_ms)
            case "TradesForSymbols":
                trades = decode_trades(told.data)
                return tuple(priced(to.symbol, positive(t.p), t.T, now_ms) for t in trades)
            case _:
                return tuple(_candle(b, to.symbol, now_ms) for b in decode_bars(told.data))

    def ticker(told: _Frame, symbol: str, now_ms: int) -> tuple[Value, ...]:
        """Read the price, and keep what ccxt keeps: it adds each delta to what came before."""
        data = decode_ticker(told.data)
        kept: Any = exchange.tickers.get(symbol)
        if kept is None or told.type not in ("snapshot", "delta"):
            return ()
        before = kept["info"] if told.type == "delta" else {}
        last: object = data.get("lastPrice", before.get("lastPrice"))
        price = priced(symbol, positive(last), told.ts, now_ms)
        if told.type == "delta":
            kept["info"].update(data)
        else:
            kept["info"] = data
        return (price,)

    def book(told: _Frame, symbol: str, now_ms: int) -> tuple[Value, ...]:
        """Read the best bid and ask; of one level there are snapshots only."""
        sides = decode_book(told.data)
        if told.type != "snapshot" or len(sides.b) != 1 or len(sides.a) != 1:
            return ()
        (bid, bid_size), (ask, ask_size) = sides.b[0], sides.a[0]
        for size in (bid_size, ask_size):
            positive(size)
        price = priced(symbol, middle(bid, ask), told.ts, now_ms)
        exchange.orderbooks.pop(symbol, None)  # no delta may be added to one that has grown old
        return (price,)

    return read


def _candle(bar: _Bar, symbol: str, now_ms: int) -> Value:
    row = (bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume)
    plausible(bar.start, now_ms)
    return parse_candle(symbol, row, bar.confirm)
