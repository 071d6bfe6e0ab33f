"""The market: its instruments, and what happens on its clock, in order."""

from typing import Protocol

from connector.simulator.config import SimulatorConfig
from connector.simulator.market.bar import Bar
from connector.simulator.market.catalogue import chosen_terms
from connector.simulator.market.funding import FUNDING_INTERVAL_MS
from connector.simulator.market.history import Cuts
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.interval import MINUTE_MS
from connector.simulator.market.listing import Listing, Pace, Trade
from connector.simulator.market.pacer import Pacer

_KEPT_MINUTES_IN_ALL = 2_000_000
_KEPT_TRADES_IN_ALL = 200_000
_NEVER = 1 << 62


class MarketListener(Protocol):
    """Who tells the world what happened; called in the order of exchange time."""

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        """Hear of a trade, already in candles, book and statistics."""
        ...

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        """Hear of the bars that closed at a whole minute, by interval."""
        ...

    def on_second(self, number: int, at_ms: int) -> None:
        """Hear that a wall second has passed."""
        ...


class Market:
    """Everything that is traded, moved on by `advance` alone.

    Guarantee:  what happens is ordered by exchange time; at one instant bars close first, for all
                instruments, then the second passes, then trades come.
    """

    def __init__(self, config: SimulatorConfig, start_ms: int, listener: MarketListener) -> None:
        terms = chosen_terms(config.symbols)
        cuts = Cuts(kept=512 + 8 * len(terms))
        rate = config.trades_per_second(len(terms))
        pace = Pace(
            seconds_per_trade=config.speed / (rate or 1.0),
            kept_minutes=min(max(_KEPT_MINUTES_IN_ALL // len(terms), 4_000), 45_000),
            kept_trades=min(max(_KEPT_TRADES_IN_ALL // len(terms), 100), 1_000),
        )
        self.listings: dict[str, Listing] = {
            each.name: Listing(Instrument(each), config.seed, start_ms, pace, cuts)
            for each in terms
        }
        self.now_ms = start_ms
        self.paused = False
        self._in_order = list(self.listings.values())
        self._listener = listener
        self._start_us = start_ms * 1000
        self._second_us = config.speed * 1_000_000
        self._seconds = 1
        self._next_second_us = self._start_us + int(self._second_us)
        self._next_minute_us = (start_ms - start_ms % MINUTE_MS + MINUTE_MS) * 1000
        self._pacer = None
        if rate:
            cycle_us = pace.seconds_per_trade * 1_000_000
            self._pacer = Pacer([each.position for each in terms], cycle_us)
            self._pacer.begin(self._start_us)

    @property
    def next_us(self) -> int:
        """The instant of what happens next."""
        return min(self._next_minute_us, self._next_second_us, self._next_trade_us)

    @property
    def _next_trade_us(self) -> int:
        return _NEVER if self._pacer is None or self.paused else self._pacer.next_us

    def advance(self, now_us: int, at_most: int | None = None) -> bool:
        """Let everything happen that is due; False if `at_most` trades were not enough."""
        pacer = self._pacer
        left = _NEVER if at_most is None else at_most
        while True:
            trade_us = self._next_trade_us
            if trade_us < self._next_minute_us and trade_us < self._next_second_us:
                if trade_us > now_us:
                    break
                if not left:
                    return False
                left -= 1
                assert pacer is not None
                listing = self._in_order[pacer.take()]
                self.now_ms = trade_us // 1000
                self._listener.on_trade(listing, listing.walk_on(self.now_ms))
            elif self._next_minute_us <= self._next_second_us:
                if self._next_minute_us > now_us:
                    break
                self._close_minute()
            else:
                if self._next_second_us > now_us:
                    break
                self._pass_second()
        self.now_ms = max(self.now_ms, now_us // 1000)
        return True

    def trade(self, symbol: str, price: str, quantity: str, taker_bought: bool) -> Trade:
        """Trade by hand at the present instant.

        Errors:  ValueError for an unknown symbol, a price off the tick, a quantity off the step.
        """
        listing = self.listings.get(symbol)
        if listing is None:
            raise ValueError(f"{symbol!r} is not listed here")
        ticks, steps = listing.instrument.ticks(price), listing.instrument.steps(quantity)
        trade = listing.trade(ticks, steps, self.now_ms, taker_bought)
        self._listener.on_trade(listing, trade)
        return trade

    def flood(self, trades: int) -> None:
        """Let every instrument trade so often at the present instant, as its walk goes."""
        for _ in range(trades):
            for listing in self._in_order:
                self._listener.on_trade(listing, listing.walk_on(self.now_ms))

    def pause(self) -> None:
        """Let the walks rest; time goes on and bars close."""
        self.paused = True

    def resume(self, now_us: int) -> None:
        """Let the walks go on from where they rested."""
        if self.paused and self._pacer is not None:
            self._pacer.begin(now_us)
        self.paused = False

    def _close_minute(self) -> None:
        self.now_ms = at_ms = self._next_minute_us // 1000
        self._next_minute_us += MINUTE_MS * 1000
        settles = at_ms % FUNDING_INTERVAL_MS == 0
        for listing in self._in_order:
            if settles:
                listing.settle(at_ms)
            self._listener.on_minute(listing, at_ms, listing.close_minute())

    def _pass_second(self) -> None:
        self.now_ms = self._next_second_us // 1000
        number = self._seconds
        self._seconds += 1
        self._next_second_us = self._start_us + int(self._seconds * self._second_us)
        self._listener.on_second(number, self.now_ms)
