"""The candles of one symbol and interval, as the exchange streams them."""

from datetime import timedelta
from functools import partial

from reactivex import Observable

from connector.domain import Candle
from connector.exchange.market_data import MarketData
from connector.observables.asked import asked
from connector.observables.listening import listening
from connector.observables.renewed import renewed, told


def klines(
    market_data: MarketData, symbol: str, interval: str, stale: timedelta
) -> Observable[Candle]:
    """Emit every update of a symbol's bars, `is_closed` where the exchange's frame says so.

    Guarantee:  every update in its order; where ccxt has no stream, the newest two bars every 5 s.
    Errors:  Transient when the socket is gone, or silent for `stale` and five times longer than
             usual, Unsupported, Refused.
    """
    streamed: Observable[Candle] = listening(
        lambda on_candle, on_error: market_data.listen_candles(
            symbol, interval, on_candle, on_error
        )
    )
    renew = partial(market_data.renew_candles, symbol, interval)
    return streamed.pipe(renewed(renew, stale, told("klines", symbol)))


def closed_klines(
    market_data: MarketData, symbol: str, interval: str, from_ms: int, until_ms: int
) -> Observable[list[Candle]]:
    """Ask once for the closed bars that opened in [from_ms, until_ms), ascending.

    Errors:  Transient, Unsupported, Refused, Malformed.
    """
    return asked(lambda: market_data.closed_candles(symbol, interval, from_ms, until_ms))
