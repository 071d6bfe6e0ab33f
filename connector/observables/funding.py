"""The funding of one symbol: streamed where the exchange can, asked for where not."""

from datetime import timedelta
from functools import partial

from reactivex import Observable

from connector.domain import FundingRate
from connector.errors import Malformed, Transient
from connector.exchange.market_data import MarketData
from connector.observables.asked import asked
from connector.observables.first_asked import first_asked
from connector.observables.listening import listening
from connector.observables.renewed import renewed, told

QUIET = timedelta(seconds=1)
"""How long a subscription may stay without a value before the exchange is asked for one."""


def funding(
    market_data: MarketData, symbol: str, poll: timedelta, stale: timedelta
) -> Observable[FundingRate]:
    """Emit a symbol's funding when the exchange tells it, or every `poll` where it must be asked.

    Guarantee:  the first value comes by asking, if need be, within seconds; symbols that are asked
                for share one question where the exchange has one.
    Errors:     Transient when the socket is gone, or silent for `stale` and five times longer than
                usual, or a question fails; Unsupported, Refused.
    """
    streamed: Observable[FundingRate] = listening(
        lambda on_funding, on_error: market_data.listen_funding(
            symbol, on_funding, on_error, poll.total_seconds()
        )
    )
    renew = partial(market_data.renew_funding, symbol)
    streamed = streamed.pipe(renewed(renew, stale, told("funding", symbol)))
    return streamed.pipe(first_asked(asked(lambda: _asked_funding(market_data, symbol)), QUIET))


async def _asked_funding(market_data: MarketData, symbol: str) -> FundingRate:
    try:
        return await market_data.funding(symbol)
    except Malformed as error:
        raise Transient(str(error)) from error
