"""For those who write a source: the exchange's own, but for what is written anew."""

from decimal import Decimal

from reactivex import Observable

from connector.domain import Candle, FundingRate, Price
from connector.observables.sources import Sources


class Around:
    """Hands everything on to the exchange's sources; derive from it and replace a stream.

    An entry point of the group `connector.sources` names such a class, or any function of the
    exchange's sources that gives others.
    """

    def __init__(self, exchange: Sources) -> None:
        self.exchange = exchange

    @property
    def flags_closed_candles(self) -> bool:
        """Whether candles say themselves that their bar is closed."""
        return self.exchange.flags_closed_candles

    def canonical(self, symbol: str) -> str:
        """Give the spelling for clients that asked for none."""
        return self.exchange.canonical(symbol)

    def interval_ms(self, interval: str) -> int:
        """Give an interval's length. Errors: InvalidRequest that lists what there is."""
        return self.exchange.interval_ms(interval)

    def now_ms(self) -> int:
        """Give the source's own time."""
        return self.exchange.now_ms()

    def price_tick(self, symbol: str) -> Decimal:
        """Give the least step of a symbol's price."""
        return self.exchange.price_tick(symbol)

    def price(self, symbol: str) -> Observable[Price]:
        """Emit a symbol's prices."""
        return self.exchange.price(symbol)

    def klines(self, symbol: str, interval: str) -> Observable[Candle]:
        """Emit every update of a symbol's bars."""
        return self.exchange.klines(symbol, interval)

    def closed_klines(
        self, symbol: str, interval: str, from_ms: int, until_ms: int
    ) -> Observable[list[Candle]]:
        """Ask once for the closed bars that opened in [from_ms, until_ms), ascending."""
        return self.exchange.closed_klines(symbol, interval, from_ms, until_ms)

    def funding(self, symbol: str) -> Observable[FundingRate]:
        """Emit a symbol's funding."""
        return self.exchange.funding(symbol)
