"""One instrument's live state: what was traded last, its candles, book and statistics."""

from collections import deque
from typing import NamedTuple

from connector.simulator.market.bar import Bar, copied
from connector.simulator.market.book import Book
from connector.simulator.market.candles import Candles, day_before_ms
from connector.simulator.market.funding import FUNDING_INTERVAL_MS, Funding
from connector.simulator.market.history import Cuts, History
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.interval import HOUR_MS, MINUTE_MS
from connector.simulator.market.noise import seed_of
from connector.simulator.market.walk import Walk


class Trade(NamedTuple):
    """One trade: price in ticks, quantity in steps, instant in exchange time."""

    trade_id: int
    price: int
    steps: int
    at_ms: int
    taker_bought: bool


class Pace(NamedTuple):
    """How often an instrument trades, and how much of it is kept."""

    seconds_per_trade: float
    """Exchange seconds."""
    kept_minutes: int
    kept_trades: int


class Listing:
    """An instrument while it is traded."""

    def __init__(
        self, instrument: Instrument, seed: int, start_ms: int, pace: Pace, cuts: Cuts
    ) -> None:
        minute_ms = start_ms - start_ms % MINUTE_MS
        self.instrument = instrument
        self.start_ms = start_ms
        history = History(instrument, seed, minute_ms, 60 / pace.seconds_per_trade, cuts)
        self.listed_ms = history.first_ms
        self.candles = Candles(history, instrument.start_price, pace.kept_minutes)
        self.walk = Walk(instrument, seed, pace.seconds_per_trade)
        self.book = Book(instrument, seed)
        self.funding = Funding(instrument, seed)
        self.recent: deque[Trade] = deque(maxlen=pace.kept_trades)
        self.last = Trade(
            1_000_000_000 + seed_of(instrument.name) % 1_000_000_000,
            instrument.start_price,
            instrument.usual_steps,
            start_ms,
            True,
        )
        self._marks: deque[tuple[int, int]] = deque(maxlen=1000)
        self._day: Bar | None = None

    def walk_on(self, at_ms: int) -> Trade:
        """Trade once more, as the walk goes."""
        walk = self.walk
        price = walk.next_price(self.last.price)
        return self._traded(price, walk.next_steps(), at_ms, walk.next_taker_bought())

    def trade(self, price: int, steps: int, at_ms: int, taker_bought: bool) -> Trade:
        """Trade at a price given from outside; the walk goes on from there."""
        return self._traded(price, steps, at_ms, taker_bought)

    def close_minute(self) -> dict[str, Bar]:
        """Close the minute's bar; give all bars that close with it, by interval."""
        self._day = None
        return self.candles.close_minute()

    def last_day(self, at_ms: int) -> Bar:
        """Aggregate the 24 hours that end with the present minute: a rolling day in minutes."""
        if self._day is None:
            self._day = self.candles.since(day_before_ms(at_ms))
        day = copied(self._day)
        day.add_bar(self.candles.forming_minute)
        return day

    def settle(self, at_ms: int) -> None:
        """Note the mark price of a settlement."""
        self._marks.append((at_ms, self.funding.mark(self.last.price, at_ms)))

    def mark_at_settlement(self, settled_ms: int) -> int:
        """Give the mark price of a settlement, in mark units."""
        for at_ms, mark in self._marks:
            if at_ms == settled_ms:
                return mark
        bars = self.candles.bars("1h", settled_ms - HOUR_MS, settled_ms - HOUR_MS)
        price = bars[0].close if bars else self.instrument.start_price
        return self.funding.mark(price, settled_ms)

    def settlements(self, first_ms: int, last_ms: int) -> range:
        """Give the instants of settlement in [first_ms, last_ms] since the listing, ascending."""
        first_ms = max(first_ms, self.listed_ms + FUNDING_INTERVAL_MS)
        return range(
            -(-first_ms // FUNDING_INTERVAL_MS) * FUNDING_INTERVAL_MS,
            last_ms + 1,
            FUNDING_INTERVAL_MS,
        )

    def _traded(self, price: int, steps: int, at_ms: int, taker_bought: bool) -> Trade:
        trade = Trade(self.last.trade_id + 1, price, steps, at_ms, taker_bought)
        self.last = trade
        self.recent.append(trade)
        self.candles.forming_minute.add_trade(price, steps, taker_bought)
        self.book.follow(price, taker_bought, self.walk.next_spread())
        return trade
