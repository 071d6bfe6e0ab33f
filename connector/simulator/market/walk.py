"""The random walk of one instrument: the next trade's price, size and side."""

import random
from math import floor, sqrt

from connector.simulator.market.instrument import Instrument

DAILY_DEVIATION = 0.035
"""Standard deviation of a day's move, as a ratio."""

_DAY_SECONDS = 86_400


class Walk:
    """A seeded walk on whole ticks, of its own random sequence: others never change it.

    Guarantee:  a price is never below one tick, and turns back at a twentieth and at twenty times
                the start price; a price set from outside is walked on from.
    """

    def __init__(self, instrument: Instrument, seed: int, seconds_per_trade: float) -> None:
        self._random = random.Random(f"{seed}/{instrument.name}/walk").random
        self._deviation = DAILY_DEVIATION * sqrt(seconds_per_trade / _DAY_SECONDS)
        self._least = instrument.least_price
        self._greatest = instrument.greatest_price
        self._usual_steps = instrument.usual_steps

    def next_price(self, price: int) -> int:
        """Give the price that follows, in ticks."""
        draw = self._random
        normal = (draw() + draw() + draw() + draw() - 2) * 1.7320508
        move = floor(price * normal * self._deviation + draw())
        moved = price + move
        if (moved < self._least and move < 0) or (moved > self._greatest and move > 0):
            moved = price - move
        return max(moved, 1)

    def next_steps(self) -> int:
        """Give a trade's quantity: mostly small, now and then four times the usual."""
        draw = self._random()
        return 1 + int(self._usual_steps * 4 * draw * draw * draw)

    def next_taker_bought(self) -> bool:
        """Tell whether the taker bought."""
        return self._random() < 0.5

    def next_spread(self) -> int:
        """Give the distance of bid and ask in ticks, one or more."""
        draw = self._random()
        return 1 if draw < 0.8 else 1 + int((draw - 0.8) * 15)
