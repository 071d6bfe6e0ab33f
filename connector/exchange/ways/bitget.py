"""Bitget v2: perpetuals are counted in base units."""

from connector.exchange.parse import Raw
from connector.exchange.ways.reading import table, told
from connector.exchange.ways.way import TickerFigures, Way


def _ticker(ticker: Raw, market: Raw) -> TickerFigures:
    """Read the open interest, in base units.

    Source:  `{"symbol":"BTCUSDT","baseVolume":"9433.5","holdingAmount":"15264.7"}`, Bitget v2
             "Get All Tickers" of futures.
    """
    if not market.get("contract"):
        return TickerFigures()
    return TickerFigures(open_interest=told(table(ticker, "info"), "holdingAmount"))


BITGET = Way(ticker_figures=_ticker, batch_limit=50, cancel_batch_limit=50)
