"""Counting on the way of a tick: an attribute of a cell, put into words when it is asked for.

prometheus-client's own counters take a lock each time, because threads may share them; here one
event loop counts (`python -m bench counting` tells both costs).
"""

import time
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

C = TypeVar("C", "Tally", "Spread")


class Tally:
    """How many, and when the last one was noted with its time (`time.perf_counter`; 0: never)."""

    __slots__ = ("at", "n")

    def __init__(self) -> None:
        self.n = 0
        self.at = 0.0

    def count(self) -> None:
        """Count one more."""
        self.n += 1


class Spread:
    """How many observations fell between which bounds, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def since(self, began: float) -> None:
        """Count the seconds since an instant of `time.perf_counter`."""
        self.observe(time.perf_counter() - began)


class _Cells(Collector, Generic[C]):
    """Cells by their labels; what stands at several places of one name is told as its sum."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str], registry: CollectorRegistry = REGISTRY
    ) -> None:
        self.name, self.text, self.label_names = name, text, tuple(labels)
        self._cells: dict[tuple[str, ...], dict[Hashable, C]] = {}
        registry.register(self)

    def put(self, cell: C, labels: tuple[str, ...], place: Hashable = None) -> C:
        """Tell a cell under these labels, unless there is one at this place already."""
        if len(labels) != len(self.label_names):
            raise ValueError(f"{self.name} has the labels {self.label_names}, not {labels}")
        return self._cells.setdefault(labels, {}).setdefault(place, cell)

    def cells(self) -> Iterable[tuple[tuple[str, ...], list[C]]]:
        """Give the cells that there are."""
        return [(labels, list(cells.values())) for labels, cells in list(self._cells.items())]


class Tallies(_Cells[Tally]):
    """A counter."""

    def at(self, *labels: str, place: Hashable = None) -> Tally:
        """Give the cell of these labels; to be bound once, not for each item."""
        return self.put(Tally(), labels, place)

    def describe(self) -> Iterable[Metric]:
        """Tell name, type and text."""
        yield CounterMetricFamily(self.name, self.text, labels=self.label_names)

    def collect(self) -> Iterable[Metric]:
        """Tell what was counted."""
        family = CounterMetricFamily(self.name, self.text, labels=self.label_names)
        for labels, cells in self.cells():
            family.add_metric(labels, sum(cell.n for cell in cells))
        yield family


class Spreads(_Cells[Spread]):
    """A histogram, its bounds in seconds."""

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        bounds: Sequence[float],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self.bounds = tuple(bounds)
        super().__init__(name, text, labels, registry)

    def at(self, *labels: str) -> Spread:
        """Give the cell of these labels; to be bound once, not for each item."""
        return self.put(Spread(self.bounds), labels)

    def describe(self) -> Iterable[Metric]:
        """Tell name, type and text."""
        yield HistogramMetricFamily(self.name, self.text, labels=self.label_names)

    def collect(self) -> Iterable[Metric]:
        """Tell what was observed."""
        family = HistogramMetricFamily(self.name, self.text, labels=self.label_names)
        heads = [str(float(bound)) for bound in self.bounds] + ["+Inf"]
        for labels, cells in self.cells():
            for cell in cells:
                family.add_metric(
                    labels, list(zip(heads, accumulate(cell.counts), strict=True)), cell.total
                )
        yield family
