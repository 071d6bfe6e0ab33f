"""What each exchange does its own way, where ccxt's unified structures leave it different.

One file an exchange, one frozen `Way` a market class. Code outside this folder names no exchange:
it asks the session's `Way`, and an exchange without a row works by the generic rule.
"""

from collections.abc import Mapping
from types import MappingProxyType

from connector.exchange.ways import binance, bitget, bybit, gate, kucoin, okx
from connector.exchange.ways.way import GENERIC, TickerFigures, Way

TABLE: Mapping[str, Way] = MappingProxyType(
    {
        "binance": binance.SPOT,
        "binanceusdm": binance.USD_M,
        "bitget": bitget.BITGET,
        "bybit": bybit.BYBIT,
        "gate": gate.GATE,
        "kucoin": kucoin.KUCOIN,
        "kucoinfutures": kucoin.KUCOIN,
        "myokx": okx.OKX,
        "okx": okx.OKX,
        "okxus": okx.OKX,
    }
)


def way_of(exchange_id: str) -> Way:
    """Give an exchange's row, or the generic rule."""
    return TABLE.get(exchange_id, GENERIC)


__all__ = ["GENERIC", "TABLE", "TickerFigures", "Way", "way_of"]
