"""Cells that count without a lock tell the same as prometheus-client's own."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from connector.metrics.tally import Spreads, Tallies, Tally

BOUNDS = (0.001, 0.5, 2.0)


def _told(registry: CollectorRegistry) -> list[str]:
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if "_created" not in line]


def test_tallies_are_told_as_a_counter_is() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tally = Tallies("items_total", "Items.", ["feed"], ours).at("price")
    counter = Counter("items_total", "Items.", ["feed"], registry=theirs).labels("price")

    for _ in range(3):
        tally.count()
        counter.inc()

    assert _told(ours) == _told(theirs)


def test_spreads_are_told_as_a_histogram_is() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    spread = Spreads("wait_seconds", "Waits.", ["feed"], BOUNDS, ours).at("price")
    usual = Histogram("wait_seconds", "Waits.", ["feed"], registry=theirs, buckets=BOUNDS)

    for value in (0.0001, 0.001, 0.25, 1, 2, 7):
        spread.observe(value)
        usual.labels("price").observe(value)

    assert _told(ours) == _told(theirs)


def test_cells_of_several_places_are_told_as_one_sum() -> None:
    registry = CollectorRegistry()
    tallies = Tallies("items_total", "Items.", ["feed"], registry)
    tallies.at("price", place=1).n = 2
    tallies.at("price", place=2).n = 3
    tallies.put(tallies.at("price", place=1), ("funding",))

    assert registry.get_sample_value("items_total", {"feed": "price"}) == 5
    assert registry.get_sample_value("items_total", {"feed": "funding"}) == 2


def test_a_cell_is_the_same_each_time_it_is_asked_for() -> None:
    tallies = Tallies("items_total", "Items.", ["feed"], CollectorRegistry())
    assert tallies.at("price") is tallies.at("price")


def test_labels_must_be_as_many_as_named() -> None:
    tallies = Tallies("items_total", "Items.", ["feed"], CollectorRegistry())
    with pytest.raises(ValueError, match="feed"):
        tallies.put(Tally(), ("price", "BTCUSDT"))
