"""The prices of one symbol, as the exchange streams them."""

from datetime import timedelta
from functools import partial

from reactivex import Observable

from connector.domain import Price, PriceSource
from connector.exchange.market_data import MarketData
from connector.observables.asked import asked
from connector.observables.first_asked import first_asked
from connector.observables.listening import listening
from connector.observables.renewed import renewed, told

QUIET = timedelta(seconds=3)
"""How long a subscription may stay without a price before the exchange is asked for one."""


def price(
    market_data: MarketData, symbol: str, source: PriceSource, stale: timedelta
) -> Observable[Price]:
    """Emit every price of a symbol.

    Guarantee:  every update that the exchange sends, in its order; where ccxt has no stream, the
                newest every 2 s; a symbol so quiet that nothing
                came within 3 s is asked for, so that a first price always arrives: once, or
                again where the subscription stood only after that.
    Errors:     Transient when the socket is gone, or silent for `stale` and five times longer than
                usual, Unsupported, Refused.
    """
    streamed: Observable[Price] = listening(
        lambda on_price, on_error: market_data.listen_price(symbol, source, on_price, on_error)
    )
    renew = partial(market_data.renew_price, symbol, source)
    streamed = streamed.pipe(renewed(renew, stale, told("price", symbol)))
    question = asked(lambda: market_data.price(symbol, source))
    settled = partial(market_data.price_settled, symbol, source)
    return streamed.pipe(first_asked(question, QUIET, settled))
