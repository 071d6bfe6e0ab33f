"""A position: what is held, what it cost, what it brought."""

from typing import NamedTuple

import msgspec

from connector.simulator.trading.money import rounded
from connector.simulator.trading.order import Leg


class Taken(NamedTuple):
    """What a fill did to a position, in money and steps."""

    realised: int
    opened_cost: int
    """Price of the steps that opened or added, never negative."""
    closed: int
    """Steps that closed."""


class Position(msgspec.Struct, kw_only=True):
    """One leg of one instrument.

    Units:      steps are negative for a short; money in 10^-8 of the quote asset.
    Guarantee:  `cost` is 0 when flat, and realised profit plus what was paid for the open steps is
                what was received, to the last unit.
    """

    symbol: str
    leg: Leg
    steps: int = 0
    cost: int = 0
    """Entry price times signed steps."""
    fees: int = 0
    """Paid for opening the steps that are open."""
    realised: int = 0
    """Since the account began, before fees."""
    isolated_wallet: int = 0
    updated_ms: int = 0

    def take(self, price_of_step: int, steps: int, fee: int) -> Taken:
        """Take a fill in: money for one step, signed steps."""
        sign = 1 if steps > 0 else -1
        closed = min(abs(steps), abs(self.steps)) if steps * self.steps < 0 else 0
        opened = abs(steps) - closed
        realised = 0
        if closed:
            held = abs(self.steps)
            removed = rounded(self.cost * closed, held)
            realised = -sign * closed * price_of_step - removed
            self.cost -= removed
            self.fees -= rounded(self.fees * closed, held)
            self.isolated_wallet -= rounded(self.isolated_wallet * closed, held)
        if opened:
            self.cost += sign * opened * price_of_step
            self.fees += rounded(fee * opened, abs(steps))
        self.steps += steps
        self.realised += realised
        return Taken(realised, opened * price_of_step, closed)
