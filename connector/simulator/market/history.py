"""The candles from before the start, drawn when they are asked for and always the same."""

from collections import OrderedDict
from random import Random

from connector.simulator.market.bar import Bar, flat_bar
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.interval import DAY_MS, HOUR_MS, MINUTE_MS
from connector.simulator.market.split import LEAST_TRADES_PER_MINUTE, split_bar
from connector.simulator.market.walk import DAILY_DEVIATION

QUARTER_MS = 15 * MINUTE_MS

LEVELS_MS = (DAY_MS, HOUR_MS, QUARTER_MS, MINUTE_MS)
"""Lengths of the bars that are drawn or kept; all others are made of these."""

DAYS_OF_HISTORY = 1000


class Cuts:
    """Bars already cut, for all instruments: the `kept` used last."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._cuts: OrderedDict[tuple[str, int, int], list[Bar]] = OrderedDict()

    def find(self, instrument: str, level: int, parent_ms: int) -> list[Bar] | None:
        """Give the pieces of a parent, if they are still there."""
        key = (instrument, level, parent_ms)
        pieces = self._cuts.get(key)
        if pieces is not None:
            self._cuts.move_to_end(key)
        return pieces

    def keep(self, instrument: str, level: int, parent_ms: int, pieces: list[Bar]) -> None:
        """Keep the pieces of a parent, and let the longest unused go."""
        self._cuts[instrument, level, parent_ms] = pieces
        if len(self._cuts) > self._kept:
            self._cuts.popitem(last=False)


class History:
    """One instrument's past: days walked back from the start price, cut finer on demand.

    Guarantee:  it ends at `start_ms` (a whole minute) with the start price as its close; bars of
                all levels agree with each other; a bar is the same whenever it is asked for.
    Memory:     nothing until asked; one bar a day, and a share of the `cuts` common to all.
    """

    def __init__(
        self,
        instrument: Instrument,
        seed: int,
        start_ms: int,
        trades_per_minute: float,
        cuts: Cuts,
    ) -> None:
        self.start_ms = start_ms
        self.first_ms = start_ms - start_ms % DAY_MS - DAYS_OF_HISTORY * DAY_MS
        self._instrument = instrument
        self._seed = seed
        self._trades_per_minute = max(trades_per_minute, 2 * LEAST_TRADES_PER_MINUTE)
        self._cuts = cuts
        self._days: list[Bar] = []
        """The starting day first, then backwards."""

    def bars(self, level: int, first_ms: int, end_ms: int) -> list[Bar]:
        """Give the bars of a level that open in [first_ms, end_ms), oldest first.

        The newest bar of each level reaches only to the start. `first_ms` lies on the level.
        """
        length = LEVELS_MS[level]
        first_ms = max(first_ms, self.first_ms)
        end_ms = min(end_ms, self.start_ms)
        if level == 0:
            return [self._day(opening) for opening in range(first_ms, end_ms, length)]
        found: list[Bar] = []
        parent_ms = LEVELS_MS[level - 1]
        for parent in range(first_ms - first_ms % parent_ms, end_ms, parent_ms):
            children = self._children(level, parent)
            skipped = max(0, (first_ms - parent) // length)
            found += children[skipped : (end_ms - parent + length - 1) // length]
        return found

    def unfinished(self, level: int) -> Bar:
        """Give what the past holds of the bar that the start falls in; flat if nothing."""
        opening = self.start_ms - self.start_ms % LEVELS_MS[level]
        if opening == self.start_ms:
            return flat_bar(opening, self._instrument.start_price)
        return self.bars(level, opening, self.start_ms)[0]

    def _children(self, level: int, parent_ms: int) -> list[Bar]:
        name = self._instrument.name
        known = self._cuts.find(name, level, parent_ms)
        if known is not None:
            return known
        parent_length, length = LEVELS_MS[level - 1], LEVELS_MS[level]
        parent = self.bars(level - 1, parent_ms, parent_ms + 1)[0]
        end = min(parent_ms + parent_length, self.start_ms)
        lengths = [min(length, end - opening) for opening in range(parent_ms, end, length)]
        children = split_bar(parent, lengths, self._draw(level, parent_ms))
        self._cuts.keep(name, level, parent_ms, children)
        return children

    def _day(self, opening_ms: int) -> Bar:
        newest = self.start_ms - self.start_ms % DAY_MS
        if newest == self.start_ms:
            newest -= DAY_MS
        while len(self._days) <= (newest - opening_ms) // DAY_MS:
            close = self._days[-1].open if self._days else self._instrument.start_price
            self._days.append(self._drawn_day(newest - len(self._days) * DAY_MS, close))
        return self._days[(newest - opening_ms) // DAY_MS]

    def _drawn_day(self, opening_ms: int, close: int) -> Bar:
        draw = self._draw(0, opening_ms)
        minutes = min(DAY_MS, self.start_ms - opening_ms) // MINUTE_MS
        deviation = DAILY_DEVIATION * (minutes * MINUTE_MS / DAY_MS) ** 0.5
        least, greatest = self._instrument.least_price, self._instrument.greatest_price
        opened = close - round(close * draw.gauss(0, 1) * deviation)
        opened = min(max(opened, least), greatest)
        high = round(max(opened, close) * (1 + draw.random() * deviation)) + 1
        low = max(round(min(opened, close) * (1 - draw.random() * deviation)) - 1, 1)
        count = round(minutes * self._trades_per_minute * (0.75 + draw.random() / 2))
        volume = count * self._instrument.usual_steps * (75 + int(draw.random() * 50)) // 100
        volume = max(volume, count)
        turnover = volume * (opened + high + low + close) // 4
        share = 45 + int(draw.random() * 10)
        return Bar(
            opening_ms,
            opened,
            high,
            low,
            close,
            volume,
            turnover,
            count,
            volume * share // 100,
            turnover * share // 100,
        )

    def _draw(self, level: int, opening_ms: int) -> Random:
        return Random(f"{self._seed}/{self._instrument.name}/{level}/{opening_ms}")
