"""What each exchange does its own way, where ccxt's unified structures leave it different.

One file an exchange, one frozen `Way` a market class; ccxt has some under several ids. Code outside
this folder names no exchange: it asks the session's `Way`, and an exchange without a row works by
the generic rule.
"""

from collections.abc import Mapping
from types import MappingProxyType

from connector.exchange.ways import binance, bitget, bybit, gate, kucoin, okx, others
from connector.exchange.ways.way import GENERIC, TickerFigures, Way

TABLE: Mapping[str, Way] = MappingProxyType(
    {
        "binance": binance.SPOT,
        "binancecoinm": binance.OTHERS,
        "binanceus": binance.OTHERS,
        "binanceusdm": binance.USD_M,
        "bingx": others.BINGX,
        "bitget": bitget.BITGET,
        "bybit": bybit.BYBIT,
        "bybiteu": bybit.BYBIT,
        "bybitid": bybit.BYBIT,
        "gate": gate.GATE,
        "gateeu": gate.GATE,
        "hyperliquid": others.HYPERLIQUID,
        "kraken": others.KRAKEN,
        "kucoin": kucoin.KUCOIN,
        "kucoinfutures": kucoin.KUCOIN,
        "mexc": others.MEXC,
        "myokx": okx.OKX,
        "okx": okx.OKX,
        "okxus": okx.OKX,
    }
)


def way_of(exchange_id: str) -> Way:
    """Give an exchange's row, or the generic rule."""
    return TABLE.get(exchange_id, GENERIC)


__all__ = ["GENERIC", "TABLE", "TickerFigures", "Way", "way_of"]
