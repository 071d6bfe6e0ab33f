"""Where a feed's values come from: the exchange, or whatever else answers the same questions."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from reactivex import Observable

from connector.config import FeedsConfig
from connector.domain import Candle, FundingRate, Price
from connector.exchange.account import AccountData
from connector.exchange.account_events import AccountEvents
from connector.exchange.market_data import MarketData
from connector.exchange.order_events import OrderEvents
from connector.exchange.parse_account import Wallets
from connector.exchange.session import Session
from connector.observables.account import (
    asked_positions,
    asked_wallets,
    balance_news,
    positions_told,
)
from connector.observables.asked import asked
from connector.observables.funding import funding
from connector.observables.klines import closed_klines, klines
from connector.observables.listening import listening
from connector.observables.price import price
from connector.trading import Account, Order, Position, Trade


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

    def price_tick(self, symbol: str) -> Decimal:
        """Give the least step of a symbol's price."""
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

    def price_tick(self, symbol: str) -> Decimal:
        """Give the market's tick; where it tells none, its least decimal place."""
        return self._market_data.price_tick(symbol)

    def price(self, symbol: str) -> Observable[Price]:
        """Emit a symbol's prices, from the configured source of prices."""
        return price(self._market_data, symbol, self._config.price.source, self._config.stale)

    def klines(self, symbol: str, interval: str) -> Observable[Candle]:
        """Emit every update of a symbol's bars."""
        return klines(self._market_data, symbol, interval, self._config.stale)

    def closed_klines(
        self, symbol: str, interval: str, from_ms: int, until_ms: int
    ) -> Observable[list[Candle]]:
        """Ask once for the closed bars that opened in [from_ms, until_ms), ascending."""
        return closed_klines(self._market_data, symbol, interval, from_ms, until_ms)

    def funding(self, symbol: str) -> Observable[FundingRate]:
        """Emit a symbol's funding, polled where the exchange doesn't stream it."""
        poll = timedelta(seconds=self._config.funding.poll_s)
        return funding(self._market_data, symbol, poll, self._config.stale)


class PrivateSources(Protocol):
    """What the account's streams are made of."""

    def now_ms(self) -> int:
        """Give the source's own time."""
        ...

    @property
    def tells_trades(self) -> bool:
        """Whether own trades are streamed beside the orders, so that a fill without one is rare."""
        ...

    def orders(self) -> Observable[Order | Trade]:
        """Emit every order state and own trade."""
        ...

    def orders_unread(self) -> Observable[None]:
        """Emit when a frame could not be read, so that what it told of orders was missed."""
        ...

    def missed_orders(
        self,
        since_ms: int,
        unfinished: Callable[[], Sequence[Order]],
        learn: Callable[[Order], None],
    ) -> Observable[Sequence[Order | Trade]]:
        """Ask once for trades since, open orders, and what became of those unfinished."""
        ...

    def looked_up(self, order: Order, trades: bool) -> Observable[Sequence[Order | Trade]]:
        """Ask once for an order's trades, or how it stands."""
        ...

    def orders_differ(self, believed_open: Sequence[Order]) -> Observable[bool]:
        """Ask once whether there are other open orders than those believed open."""
        ...

    @property
    def tells_balances(self) -> bool:
        """Whether balances are streamed; else they must be asked for."""
        ...

    @property
    def tells_positions(self) -> bool:
        """Whether positions are streamed; else they must be asked for."""
        ...

    def balance_news(self) -> Observable[None]:
        """Emit when balances changed, and whenever their stream has opened."""
        ...

    def wallets(self) -> Observable[Wallets]:
        """Ask once for balances."""
        ...

    def positions_told(self) -> Observable[Position | None]:
        """Emit each position that is told, and None whenever the stream has opened."""
        ...

    def positions(self) -> Observable[tuple[Position, ...]]:
        """Ask once for all open positions."""
        ...

    def hang_up_positions(self) -> None:
        """Open the stream of positions anew, if it is open: it was found deaf."""
        ...

    def complete(self, wallets: Wallets, positions: Sequence[Position]) -> Account | None:
        """Put the account together; None when it isn't fit to be published."""
        ...


class ExchangePrivateSources:
    """The exchange's account as a source."""

    def __init__(
        self,
        session: Session,
        events: OrderEvents,
        account: AccountData,
        account_events: AccountEvents,
    ) -> None:
        self._session, self._events = session, events
        self._account, self._account_events = account, account_events

    def now_ms(self) -> int:
        """Give the exchange's time."""
        return self._session.now_ms()

    @property
    def tells_trades(self) -> bool:
        """Whether the exchange streams own trades."""
        return self._session.offers("watchMyTrades")

    def orders(self) -> Observable[Order | Trade]:
        """Emit every order state and own trade. Errors: Transient, Unsupported, Denied."""
        return listening(self._events.listen)

    def orders_unread(self) -> Observable[None]:
        """Emit when a frame of the account could not be read."""
        return listening(self._events.listen_unread)

    def missed_orders(
        self,
        since_ms: int,
        unfinished: Callable[[], Sequence[Order]],
        learn: Callable[[Order], None],
    ) -> Observable[Sequence[Order | Trade]]:
        """Ask once for what was missed. Errors: those of the questions."""
        return asked(lambda: self._events.missed(since_ms, unfinished, learn))

    def looked_up(self, order: Order, trades: bool) -> Observable[Sequence[Order | Trade]]:
        """Ask once about an order. Errors: those of the question."""
        return asked(lambda: self._events.looked_up(order, trades))

    def orders_differ(self, believed_open: Sequence[Order]) -> Observable[bool]:
        """Ask once whether the exchange knows other open orders. Errors: the question's."""
        return asked(lambda: self._events.differs(believed_open))

    @property
    def tells_balances(self) -> bool:
        """Whether the exchange streams balances."""
        return self._account_events.tells_balances

    @property
    def tells_positions(self) -> bool:
        """Whether the exchange streams positions."""
        return self._account_events.tells_positions

    def balance_news(self) -> Observable[None]:
        """Emit when balances changed. Errors: Transient, Denied."""
        return balance_news(self._account_events)

    def wallets(self) -> Observable[Wallets]:
        """Ask once for balances. Errors: Transient, Denied, Unsupported."""
        return asked_wallets(self._account)

    def positions_told(self) -> Observable[Position | None]:
        """Emit each position that a frame tells. Errors: Transient, Denied."""
        return positions_told(self._account_events)

    def positions(self) -> Observable[tuple[Position, ...]]:
        """Ask once for all open positions. Errors: Transient, Denied, Unsupported."""
        return asked_positions(self._account)

    def hang_up_positions(self) -> None:
        """Open the private websocket anew, with a new listen key."""
        self._account_events.hang_up()

    def complete(self, wallets: Wallets, positions: Sequence[Position]) -> Account | None:
        """Put the account together, as GetAccount does.

        None for a unified account without a health score: engines take that for a score of 0.
        """
        account = self._account.complete(wallets, positions)
        return account if account.is_fit else None
