"""Bybit v5, unified account."""

from types import MappingProxyType
from typing import Any

from connector.domain import MarketType
from connector.exchange.parse import instant
from connector.exchange.ways.way import Way


def _candle(frame: Any, open_ms: int) -> tuple[list[Any], bool] | None:
    """Read a kline frame: ccxt keeps its text and drops `confirm`.

    Source:  `{"topic":"kline.1.BTCUSDT","data":[{"start":…,"open":"16649.5","confirm":false}]}`,
             Bybit v5 "Kline" stream.
    """
    rows = frame.get("data") if isinstance(frame, dict) else None
    for kline in rows if isinstance(rows, list) else ():
        if isinstance(kline, dict) and instant(kline.get("start")) == open_ms:
            keys = ("open", "high", "low", "close", "volume")
            return [open_ms, *(kline.get(key) for key in keys)], kline.get("confirm") is True
    return None


BYBIT = Way(
    # "Spot can input up to 10 args for each subscription request", v5 "Connect"
    symbols_a_message=MappingProxyType({MarketType.SPOT: 10}),
    read_candle=_candle,
    batch_limit=10,
    # ccxt asks to be told that a unified account shows only its last 500 orders this way
    fetch_order_params=MappingProxyType({"acknowledged": True}),
)
