"""Stream names: `btcusdt@kline_1m`, `!ticker@arr`."""

from typing import NamedTuple

from connector.simulator.market.interval import INTERVALS

ON_TRADE = (
    "ticker",
    "miniTicker",
    "bookTicker",
    "aggTrade",
    "trade",
    *(f"kline_{interval}" for interval in INTERVALS),
)
"""Kinds that have a frame on each trade (candles also when they close)."""

ON_SECOND = ("markPrice", "markPrice@1s")
"""Kinds that have a frame each wall second, or each third."""

OF_ALL = ("!ticker@arr", "!miniTicker@arr", "!bookTicker", "!markPrice@arr", "!markPrice@arr@1s")
"""Streams of all symbols together."""

_KINDS = frozenset((*ON_TRADE, *ON_SECOND))


class StreamName(NamedTuple):
    """A stream's parts; `symbol` is empty for one of all symbols."""

    symbol: str
    kind: str


def parse_stream_name(text: str) -> StreamName | None:
    """Take a name apart; None for one that the exchange does not have.

    Shapes:  `btcusdt@markPrice@1s` gives ("BTCUSDT", "markPrice@1s").
    """
    if text in OF_ALL:
        return StreamName("", text)
    symbol, at, kind = text.partition("@")
    if not at or kind not in _KINDS or not symbol.isalnum() or symbol != symbol.lower():
        return None
    return StreamName(symbol.upper(), kind)
