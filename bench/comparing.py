"""What was sent against what was received, item by item."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from bench.commands import BarAt, PriceAt

SECOND_NS = 1_000_000_000


class Comparison(msgspec.Struct):
    """Counts over all symbols."""

    sent: int = 0
    received: int = 0
    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    strange: int = 0
    """Received, and never sent."""
    not_last: int = 0
    """Symbols whose last received price isn't the last sent one."""
    latencies_ns: list[int] = msgspec.field(default_factory=list[int])

    @property
    def wrong(self) -> int:
        """What must never be, slow or not."""
        return self.doubled + self.disordered + self.strange

    def add(self, other: "Comparison") -> None:
        """Add another client's."""
        for name in ("sent", "received", "lost", "doubled", "disordered", "strange", "not_last"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.latencies_ns += other.latencies_ns


def compare_prices(
    sent: Iterable[PriceAt],
    received: Iterable[PriceAt],
    *,
    owed_since_ns: int = 0,
    between_ns: tuple[int, int] | None = None,
) -> Comparison:
    """Compare symbol by symbol.

    `owed_since_ns`: what was sent before isn't lost, unless something older of its symbol came.
    `between_ns`: latencies are those of prices sent in this window.
    Two prices of a symbol are the same when time stamp and digits are.
    """
    told = Comparison()
    received_by = by_symbol(received)
    since, until = between_ns or (0, 1 << 63)
    for symbol, journal in by_symbol(sent).items():
        seen = received_by.pop(symbol, [])
        places = {(price.stamp_ns, price.price): n for n, price in enumerate(journal)}
        known: list[int] = []
        for price in seen:
            place = places.get((price.stamp_ns, price.price))
            if place is None:
                told.strange += 1
                continue
            known.append(place)
            frame = journal[place]
            if since <= frame.at_ns < until:
                told.latencies_ns.append(price.at_ns - frame.at_ns)
        owed = (n for n, price in enumerate(journal) if price.at_ns >= owed_since_ns)
        first = min(next(owed, len(journal)), *known, len(journal))
        told.sent += len(journal) - first
        told.received += len(seen)
        told.lost += len(journal) - first - len(set(known))
        told.doubled += len(known) - len(set(known))
        told.disordered += sum(1 for a, b in pairwise(known) if b < a)
        told.not_last += not known or known[-1] != len(journal) - 1
    told.strange += sum(len(seen) for seen in received_by.values())
    return told


def most_in_a_second(received: Iterable[PriceAt]) -> int:
    """Give the most messages of one symbol in any second, wherever it begins."""
    most = 0
    for seen in by_symbol(received).values():
        oldest = 0
        for newest, price in enumerate(seen):
            while price.at_ns - seen[oldest].at_ns >= SECOND_NS:
                oldest += 1
            most = max(most, newest - oldest + 1)
    return most


def by_symbol(prices: Iterable[PriceAt]) -> dict[str, list[PriceAt]]:
    """Group, keeping the order."""
    grouped: dict[str, list[PriceAt]] = defaultdict(list)
    for price in prices:
        grouped[price.symbol].append(price)
    return grouped


class BarComparison(msgspec.Struct):
    """Counts over all symbols of one client."""

    closed: int = 0
    missing: int = 0
    doubled: int = 0
    disordered: int = 0
    """Updates of a bar after its close, or of an older bar than the one before."""
    unclosed: int = 0
    """Bars followed by an update of a later one without having been closed."""
    unequal: int = 0
    """Closed bars whose figures aren't those that the exchange answers."""
    incomplete_instants: int = 0
    latencies_ns: list[int] = msgspec.field(default_factory=list[int])


def compare_bars(
    sent: Sequence[BarAt],
    received: Sequence[BarAt],
    answered: Mapping[tuple[str, int], tuple[str, str, str, str, str]],
    until_ns: int,
) -> BarComparison:
    """Compare what one client received with the closes that were sent until `until_ns`.

    A client is owed every close after its first message of the symbol.
    """
    told = BarComparison()
    began: dict[str, int] = {}
    forming: dict[str, int] = {}
    closes: dict[tuple[str, int], int] = {}
    for bar in received:
        began.setdefault(bar.symbol, bar.at_ns)
        key = (bar.symbol, bar.open_ms)
        before = forming.get(bar.symbol, bar.open_ms)
        if bar.open_ms < before or (key in closes and not bar.closed):
            told.disordered += 1
        if bar.open_ms > before and (bar.symbol, before) not in closes:
            told.unclosed += 1
        forming[bar.symbol] = max(before, bar.open_ms)
        if bar.closed:
            told.closed += 1
            told.doubled += key in closes
            told.unequal += answered.get(key) != bar.figures
            closes.setdefault(key, bar.at_ns)
    symbols_at: dict[int, int] = defaultdict(int)
    owed_at: dict[int, int] = defaultdict(int)
    for bar in sent:
        first_ns = began.get(bar.symbol)
        if first_ns is None or not first_ns < bar.at_ns <= until_ns:
            continue
        owed_at[bar.open_ms] += 1
        at_ns = closes.get((bar.symbol, bar.open_ms))
        if at_ns is None:
            told.missing += 1
        else:
            symbols_at[bar.open_ms] += 1
            told.latencies_ns.append(at_ns - bar.at_ns)
    told.incomplete_instants = sum(1 for at, owed in owed_at.items() if symbols_at[at] != owed)
    return told
