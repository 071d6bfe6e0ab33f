"""The order book around the last trade."""

from typing import NamedTuple

from connector.simulator.market.instrument import Instrument
from connector.simulator.market.noise import hashed, seed_of


class Level(NamedTuple):
    """A price in ticks and what is offered there in steps."""

    price: int
    steps: int


class Book:
    """Bid and ask one tick or more apart, the last trade at one of them.

    What lies behind them is a function of seed and price: moving away and back finds it again.
    """

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self._seed = seed_of(seed, instrument.name, "book")
        self._usual_steps = instrument.usual_steps
        self.bid = instrument.start_price
        self.ask = instrument.start_price + 1

    def follow(self, price: int, taker_bought: bool, spread: int) -> None:
        """Stand around a trade: a buyer's was at the ask, a seller's at the bid."""
        if taker_bought and price > spread:
            self.ask, self.bid = price, price - spread
        else:
            self.bid, self.ask = price, price + spread

    def steps_at(self, price: int) -> int:
        """Give the quantity offered at a price."""
        return 1 + hashed(self._seed, price) % (self._usual_steps * 20)

    def bids(self, limit: int) -> list[Level]:
        """Give the best bids, highest first, every tick offered down to the lowest price."""
        prices = range(self.bid, max(0, self.bid - limit), -1)
        return [Level(price, self.steps_at(price)) for price in prices]

    def asks(self, limit: int) -> list[Level]:
        """Give the best asks, lowest first."""
        return [Level(price, self.steps_at(price)) for price in range(self.ask, self.ask + limit)]
