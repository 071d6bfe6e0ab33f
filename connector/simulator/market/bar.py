"""A candle in whole ticks and steps."""

import msgspec


class Bar(msgspec.Struct, gc=False):
    """What was traded from `opening_ms` until the bar's end.

    Units:  prices in ticks, volumes in steps, turnovers in ticks x steps; `bought` is the part
            whose taker bought. A bar with `count` 0 is flat at the previous close.
    """

    opening_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0
    turnover: int = 0
    count: int = 0
    bought: int = 0
    bought_turnover: int = 0

    def add_trade(self, price: int, steps: int, taker_bought: bool) -> None:
        """Take one trade in, the newest of the bar."""
        turnover = price * steps
        if self.count == 0:
            self.open = self.high = self.low = price
        elif price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += steps
        self.turnover += turnover
        self.count += 1
        if taker_bought:
            self.bought += steps
            self.bought_turnover += turnover

    def add_bar(self, later: "Bar") -> None:
        """Take in a bar that follows this one; one without trades changes nothing."""
        if later.count == 0:
            return
        if self.count == 0:
            self.open, self.high, self.low = later.open, later.high, later.low
        else:
            self.high = max(self.high, later.high)
            self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.turnover += later.turnover
        self.count += later.count
        self.bought += later.bought
        self.bought_turnover += later.bought_turnover


def flat_bar(opening_ms: int, price: int) -> Bar:
    """Give a bar without trades at the previous close."""
    return Bar(opening_ms, price, price, price, price)


def copied(bar: Bar) -> Bar:
    """Give a bar that no longer changes with the first."""
    return Bar(
        bar.opening_ms,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.turnover,
        bar.count,
        bar.bought,
        bar.bought_turnover,
    )
