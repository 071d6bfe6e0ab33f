"""Where a feed's values come from: the exchange, or whatever else answers the same questions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from reactivex import Observable

from connector.config import FeedsConfig
from connector.domain import Candle, FundingRate, Price
from connector.exchange.market_data import MarketData
from connector.exchange.order_events import OrderEvents
from connector.exchange.session import Session
from connector.observables.asked import asked
from connector.observables.funding import funding
from connector.observables.klines import closed_klines, klines
from connector.observables.listening import listening
from connector.observables.price import price
from connector.trading import Order, Trade


class Sources(Protocol):
    """One Observable for each key, cold, failing with Transient when it should be tried again."""

    @property
    def flags_closed_candles(self) -> bool:
        """Whether candles say themselves that their bar is closed."""
        ...

    def canonical(self, symbol: str) -> str:
        """Give the spelling for clients that asked for none."""
        ...

    def interval_ms(self, interval: str) -> int:
        """Give an interval's length. Errors: InvalidRequest that lists what there is."""
        ...

    def now_ms(self) -> int:
        """Give the source's own time."""
        ...

    def price(self, symbol: str) -> Observable[Price]:
        """Emit a symbol's prices."""
        ...

    def klines(self, symbol: str, interval: str) -> Observable[Candle]:
        """Emit every update of a symbol's bars."""
        ...

    def closed_klines(
        self, symbol: str, interval: str, from_ms: int, until_ms: int
    ) -> Observable[list[Candle]]:
        """Ask once for the closed bars that opened in [from_ms, until_ms), ascending."""
        ...

    def funding(self, symbol: str) -> Observable[FundingRate]:
        """Emit a symbol's funding."""
        ...


class ExchangeSources:
    """The exchange as a source."""

    def __init__(self, market_data: MarketData, config: FeedsConfig) -> None:
        self._market_data, self._config = market_data, config

    @property
    def flags_closed_candles(self) -> bool:
        """Whether the exchange's frames say that a bar is closed."""
        return self._market_data.flags_closed_candles

    def canonical(self, symbol: str) -> str:
        """Give `BASEQUOTE`."""
        return self._market_data.session.symbols.canonical(symbol)

    def interval_ms(self, interval: str) -> int:
        """Give an interval's length. Errors: InvalidRequest that lists what the exchange has."""
        return self._market_data.interval_ms(interval)

    def now_ms(self) -> int:
        """Give the exchange's time."""
        return self._market_data.session.now_ms()

    def price(self, symbol: str) -> Observable[Price]:
        """Emit a symbol's prices, from the configured source of prices."""
        return price(self._market_data, symbol, self._config.price.source)

    def klines(self, symbol: str, interval: str) -> Observable[Candle]:
        """Emit every update of a symbol's bars."""
        return klines(self._market_data, symbol, interval)

    def closed_klines(
        self, symbol: str, interval: str, from_ms: int, until_ms: int
    ) -> Observable[list[Candle]]:
        """Ask once for the closed bars that opened in [from_ms, until_ms), ascending."""
        return closed_klines(self._market_data, symbol, interval, from_ms, until_ms)

    def funding(self, symbol: str) -> Observable[FundingRate]:
        """Emit a symbol's funding, polled where the exchange doesn't stream it."""
        return funding(self._market_data, symbol, timedelta(seconds=self._config.funding.poll_s))


class PrivateSources(Protocol):
    """What the account's streams are made of."""

    def now_ms(self) -> int:
        """Give the source's own time."""
        ...

    def orders(self) -> Observable[Order | Trade]:
        """Emit every order state and own trade."""
        ...

    def missed_orders(
        self, since_ms: int, unfinished: Sequence[Order]
    ) -> Observable[Sequence[Order | Trade]]:
        """Ask once for trades since, open orders, and what became of those unfinished."""
        ...

    def orders_differ(self, believed_open: Sequence[Order]) -> Observable[bool]:
        """Ask once whether there are other open orders than those believed open."""
        ...


class ExchangePrivateSources:
    """The exchange's account as a source."""

    def __init__(self, session: Session, events: OrderEvents) -> None:
        self._session, self._events = session, events

    def now_ms(self) -> int:
        """Give the exchange's time."""
        return self._session.now_ms()

    def orders(self) -> Observable[Order | Trade]:
        """Emit every order state and own trade. Errors: Transient, Unsupported, Denied."""
        return listening(self._events.listen)

    def missed_orders(
        self, since_ms: int, unfinished: Sequence[Order]
    ) -> Observable[Sequence[Order | Trade]]:
        """Ask once for what was missed. Errors: those of the questions."""
        return asked(lambda: self._events.missed(since_ms, unfinished))

    def orders_differ(self, believed_open: Sequence[Order]) -> Observable[bool]:
        """Ask once whether the exchange knows other open orders. Errors: the question's."""
        return asked(lambda: self._events.differs(believed_open))
