"""What longs pay shorts, where the mark stands, how much is open: functions of time and seed."""

from connector.simulator.market.instrument import Instrument
from connector.simulator.market.interval import HOUR_MS, MINUTE_MS
from connector.simulator.market.noise import hashed, seed_of, wandering

FUNDING_INTERVAL_MS = 8 * HOUR_MS
RATE_UNIT = 10**8
"""Rates are counted in 1e-8."""
INTEREST_RATE = 10_000
GREATEST_RATE = 2_000_000
"""Cap and floor: 2 % an interval, either way."""
_MILLIONTHS = 1_000_000


class Funding:
    """The derivative side of one instrument; nothing here is remembered.

    Units:      rates in 1e-8 of the position a settlement, prices in the instrument's mark units.
    Guarantee:  the estimate of an interval ends exactly at the rate that it settles at.
    """

    def __init__(self, instrument: Instrument, seed: int) -> None:
        self._mark_units = instrument.mark_units
        self._rate_seed = seed_of(seed, instrument.name, "rate")
        self._estimate_seed = seed_of(seed, instrument.name, "estimate")
        self._mark_seed = seed_of(seed, instrument.name, "mark")
        self._index_seed = seed_of(seed, instrument.name, "index")
        self._interest_seed = seed_of(seed, instrument.name, "open interest")
        self._open_steps = instrument.usual_steps * 25_000

    def settled_rate(self, settled_ms: int) -> int:
        """Give the rate that is paid at a settlement."""
        draw = hashed(self._rate_seed, settled_ms // FUNDING_INTERVAL_MS)
        halves = draw % 16_001 + (draw >> 20) % 16_001 - 16_000
        return max(-GREATEST_RATE, min(INTEREST_RATE + halves, GREATEST_RATE))

    def estimated_rate(self, at_ms: int) -> int:
        """Give the rate expected at the next settlement."""
        following = next_settlement_ms(at_ms)
        settled = self.settled_rate(following)
        away = wandering(self._estimate_seed, at_ms, 10 * MINUTE_MS, 6_000)
        return settled + away * (following - at_ms) // FUNDING_INTERVAL_MS

    def mark(self, last_price: int, at_ms: int) -> int:
        """Give the mark price, within 0.02 % of the last price."""
        return self._near(last_price, wandering(self._mark_seed, at_ms, MINUTE_MS, 200))

    def index(self, last_price: int, at_ms: int) -> int:
        """Give the index price, within 0.03 % of the last price."""
        return self._near(last_price, wandering(self._index_seed, at_ms, MINUTE_MS, 300))

    def open_steps(self, at_ms: int) -> int:
        """Give the open interest in steps; it drifts by a fifth, from hour to hour."""
        away = wandering(self._interest_seed, at_ms, HOUR_MS, 200_000)
        return self._open_steps + self._open_steps * away // _MILLIONTHS

    def _near(self, last_price: int, millionths: int) -> int:
        exact = last_price * self._mark_units
        return max(1, exact + exact * millionths // _MILLIONTHS)


def next_settlement_ms(at_ms: int) -> int:
    """Give the next instant of settlement: 00:00, 08:00 or 16:00 UTC."""
    return at_ms - at_ms % FUNDING_INTERVAL_MS + FUNDING_INTERVAL_MS
