"""KuCoin: the bars of perpetuals tell their volume in contracts of `multiplier`."""

from connector.exchange.ways.way import Way

KUCOIN = Way(candles_count_contracts=True)
