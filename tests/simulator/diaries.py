"""Markets that live in given time only, and what they tell."""

from collections import defaultdict

from connector.simulator import SimulatorConfig
from connector.simulator.market.bar import Bar, copied
from connector.simulator.market.interval import MINUTE_MS
from connector.simulator.market.listing import Listing, Trade
from connector.simulator.market.market import Market
from tests.simulator.on_loopback import START_MS

MINUTE = START_MS - START_MS % MINUTE_MS
"""Opening of the minute that the start falls in."""


class Diary:
    """Notes what happens in a market."""

    def __init__(self) -> None:
        self.trades: dict[str, list[Trade]] = defaultdict(list)
        self.closed: dict[str, list[tuple[int, str, Bar]]] = defaultdict(list)
        self.seconds: list[int] = []

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        self.trades[listing.instrument.name].append(trade)

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        for interval, bar in closed.items():
            self.closed[listing.instrument.name].append((at_ms, interval, copied(bar)))

    def on_second(self, number: int, at_ms: int) -> None:
        assert number == len(self.seconds) + 1
        self.seconds.append(at_ms)


def lived(seconds: float, **changes: object) -> tuple[Market, Diary]:
    diary = Diary()
    config = SimulatorConfig(**{"symbols": ("BTCUSDT",), **changes})  # pyright: ignore
    market = Market(config, START_MS, diary)
    market.advance(START_MS * 1000 + int(seconds * config.speed * 1_000_000))
    return market, diary
