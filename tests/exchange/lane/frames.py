"""Frames as the exchanges' documents show them, with values drawn, some of them no values."""

import json
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.exchange.lane.line import NOW_MS

GOOD = ("97123.10", "0.00001234", "12", "97123.1000", "100000000", "0.5", "3.00")
ODD = ("0", "0.000", "", "-1", "1e-8", "abc", "NaN", " 1", ".5", "+2", None, 5, 5.5, True, [], {})
MISSING = object()


class Fed(NamedTuple):
    """The socket's stream (the head of its message hashes), and the frame's text."""

    stream: str
    frame: str


class Drawn:
    """Values of a seeded sequence; `odd` of them are no good ones."""

    def __init__(self, seed: int, odd: float) -> None:
        self._random, self._odd = random.Random(seed), odd
        self._known: set[str] = set()

    def number(self) -> Any:
        if self._random.random() >= self._odd:
            return self._random.choice(GOOD)
        return self._random.choice((*ODD, MISSING))

    def time(self) -> Any:
        at = NOW_MS - self._random.randrange(100_000)
        if self._random.random() >= self._odd:
            return at
        return self._random.choice((0, -5, str(at), at + 10**9, 10**16, None, MISSING, 1.5))

    def market(self) -> str:
        ids = ["BTCUSDT", "ETHUSDT"] * 5
        return self._random.choice([*ids, "BTCUSD", "NONEUSDT"] if self._odd else ids)

    def first(self, what: str) -> bool:
        """Whether this is asked for the first time."""
        known = what in self._known
        self._known.add(what)
        return not known

    def one_of(self, *choices: Any) -> Any:
        return self._random.choice(choices)


def written(frame: dict[str, Any]) -> str:
    """Write a frame, without what is missing."""

    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kept(each) for key, each in value.items() if each is not MISSING}
        return [kept(each) for each in value] if isinstance(value, list) else value

    return json.dumps(kept(frame), separators=(",", ":"))


def binance_ticker(d: Drawn) -> Fed:
    n, at = d.number, d.time
    frame = {"e": "24hrTicker", "E": at(), "s": d.market(), "p": "-1.5", "P": "0.1", "w": "9"}
    frame |= {"c": n(), "Q": "1", "o": "9.5", "h": "10", "l": "9", "v": "7", "q": "63"}
    frame |= {"O": NOW_MS - 86_400_000, "C": at(), "F": 1, "L": 9, "n": 9}
    return Fed("ticker:", written(frame))


def binance_spot_ticker(d: Drawn) -> Fed:
    fed = binance_ticker(d)
    book = {"b": d.number(), "B": d.number(), "a": d.number(), "A": d.number(), "x": d.number()}
    return Fed("ticker:", written({**json.loads(fed.frame), **book}))


def binance_book(d: Drawn) -> Fed:
    n, at = d.number, d.time
    frame = {"e": "bookTicker", "u": 400900217, "s": d.market(), "b": n(), "B": "31.2"}
    return Fed("bidask:", written({**frame, "a": n(), "A": "40.6", "T": at(), "E": at()}))


def binance_spot_book(d: Drawn) -> Fed:
    n = d.number
    frame = {"u": 400900217, "s": d.market(), "b": n(), "B": "31.2", "a": n(), "A": "40.6"}
    return Fed("bidask:", written(frame))


def binance_trade(d: Drawn) -> Fed:
    n, at, id_ = d.number, d.time, d.market()
    agg = {"e": "aggTrade", "E": at(), "s": id_, "a": 5933014, "p": n(), "q": "1.5"}
    agg |= {"f": 100, "l": 105, "T": at(), "m": d.one_of(True, False)}
    one = {"e": "trade", "E": at(), "T": at(), "s": id_, "t": 7, "p": n(), "q": "2", "m": True}
    return Fed("trade::", written(d.one_of(agg, one)))


def binance_mark(d: Drawn) -> Fed:
    n, at, id_ = d.number, d.time, d.market()
    rate = d.one_of("0.00038167", "-0.00000001", n())
    frame = {"e": "markPriceUpdate", "E": at(), "s": id_, "p": n(), "i": n(), "P": n(), "r": rate}
    return Fed("markPrice:", written({**frame, "T": d.one_of(NOW_MS + 3_600_000, at())}))


def binance_kline(d: Drawn) -> Fed:
    n, at, id_ = d.number, d.time, d.market()
    kline = {"t": at(), "T": NOW_MS, "s": id_, "i": d.one_of("1m", "1m", "1h"), "f": 1, "L": 2}
    kline |= {"o": n(), "c": n(), "h": n(), "l": n(), "v": d.one_of(n(), "0"), "n": 100}
    kline |= {"x": d.one_of(True, False), "q": n(), "V": n(), "Q": n(), "B": "0"}
    return Fed("ohlcv::", written({"e": "kline", "E": at(), "s": id_, "k": kline}))


def bybit_ticker(spot: bool) -> Callable[[Drawn], Fed]:
    def draw(d: Drawn) -> Fed:
        n, id_ = d.number, d.market()
        data: dict[str, Any] = {"symbol": id_}
        kind = "snapshot" if spot or d.first(id_) else d.one_of("snapshot", "delta", "delta")
        whole = {"tickDirection": "PlusTick", "lastPrice": n(), "price24hPcnt": "0.01"}
        whole |= {"highPrice24h": "9", "lowPrice24h": "8", "volume24h": "7", "turnover24h": "60"}
        book = {"bid1Price": n(), "bid1Size": "1", "ask1Price": n(), "ask1Size": "2"}
        if spot:
            data |= {**whole, "usdIndexPrice": "97000"}
        elif kind == "snapshot":
            data |= {**whole, **book, "markPrice": "9", "openInterestValue": "5"}
        else:
            data |= d.one_of(book, {"lastPrice": n()}, {"openInterest": "5"}, {**book, **whole})
        frame = {"topic": f"tickers.{id_}", "type": kind, "data": data, "cs": 24, "ts": d.time()}
        return Fed("ticker:", written(frame))

    return draw


def bybit_book(d: Drawn) -> Fed:
    n, id_ = d.number, d.market()
    sides = {"b": [[n(), d.one_of("0.006", n())]], "a": [[n(), "0.029"]], "u": 1, "seq": 2}
    data = {
        "s": id_,
        **{
            key: [] if MISSING in side[0] else side
            for key, side in sides.items()
            if isinstance(side, list)
        },
    }
    frame = {"topic": f"orderbook.1.{id_}", "type": "snapshot", "ts": d.time(), "data": data}
    return Fed("bidask:", written(frame))


def bybit_trades(d: Drawn) -> Fed:
    id_, many = d.market(), d.one_of(1, 2, 5)
    rows = [
        {
            "T": d.time(),
            "s": id_,
            "S": "Buy",
            "v": "0.001",
            "p": d.number(),
            "L": "PlusTick",
            "i": "20f43950",
            "BT": False,
        }
        for _ in range(many)
    ]
    frame = {"topic": f"publicTrade.{id_}", "type": "snapshot", "ts": d.time(), "data": rows}
    return Fed("trade:", written(frame))


def bybit_kline(d: Drawn) -> Fed:
    n, id_, interval = d.number, d.market(), d.one_of("1", "1", "60")
    rows = [
        {
            "start": d.time(),
            "end": NOW_MS,
            "interval": interval,
            "open": n(),
            "close": n(),
            "high": n(),
            "low": n(),
            "volume": d.one_of(n(), "0"),
            "turnover": n(),
            "confirm": d.one_of(True, False),
            "timestamp": NOW_MS,
        }
        for _ in range(d.one_of(1, 1, 2))
    ]
    frame = {"topic": f"kline.{interval}.{id_}", "data": rows, "ts": d.time(), "type": "snapshot"}
    return Fed("ohlcv::", written(frame))
