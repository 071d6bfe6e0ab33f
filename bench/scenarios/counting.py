"""What does counting add to a tick? In this process: a price's way with its counts and without."""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram
from reactivex import Observable
from reactivex.scheduler import VirtualTimeScheduler
from reactivex.subject import Subject

from bench.report import Result
from bench.run import Run, Scenario
from connector import metrics
from connector.domain import Price
from connector.metrics.tally import Spreads, Tallies
from connector.operators import Backoff, Counts, Operator, coalesce, heartbeat, newest_only, resume

ITEMS = 20_000
ROUNDS = 15
LIMIT_US = 0.3
POINTS = 4
"""Of a price: source, heartbeat, newest_only, coalesce."""


async def _measure(run: Run, result: Result) -> None:
    prices = [Price("BTC/USDT:USDT", f"{97_000 + n % 50}.10", n) for n in range(ITEMS)]
    without: list[float] = []
    counted: list[float] = []
    for _ in range(ROUNDS):  # in turn, so that a busy machine disturbs both
        without.append(_us_each(_way(None), prices))
        counted.append(_us_each(_way(Counts("bench")), prices))
    plain_us, ours_us = min(without), min(counted)
    added_us = ours_us - plain_us
    result.add(
        f"added to a tick by {POINTS} counts, µs",
        f"{added_us:.3f} ({plain_us:.2f} -> {ours_us:.2f})",
        f"< {LIMIT_US}",
        counting_us=added_us,
    )
    result.add("of a tick's way", f"{added_us / plain_us:.1%}", counting_ratio=added_us / plain_us)
    spread = Spreads("wait_seconds", "Waits.", ["feed"], (0.001, 0.01, 0.1), CollectorRegistry())
    tally = Tallies("items_total", "Items.", ["feed"], CollectorRegistry()).at("price")
    theirs = Counter("a_total", "Items.", ["feed"], registry=CollectorRegistry()).labels("price")
    usual = Histogram("b_seconds", "Waits.", ["feed"], registry=CollectorRegistry())
    bound = usual.labels("price")
    waited = spread.at("price")
    for figure, ours, library in (
        ("a count, µs: ours, prometheus-client's", tally.count, theirs.inc),
        ("an observation, µs", lambda: waited.observe(0.003), lambda: bound.observe(0.003)),
    ):
        result.add(figure, f"{_us_a_call(ours):.3f}, {_us_a_call(library):.3f}")


def _way(count: Counts | None) -> Callable[[Observable[Price]], Observable[Price]]:
    """Give a price's way from the source to the encoder."""

    def through(stage: str, operator: Operator[Price, Price]) -> Operator[Price, Price]:
        return operator if count is None else count.through(stage, operator)

    def apply(source: Observable[Price]) -> Observable[Price]:
        counted = source if count is None else count.source(source)
        return counted.pipe(
            through("heartbeat", heartbeat(_symbol, timedelta(seconds=10))),
            resume(Backoff()),
            through("newest_only", newest_only(_symbol, lambda price: price.timestamp_ms)),
            through("coalesce", coalesce(_symbol, 0)),
        )

    return apply


def _symbol(price: Price) -> str:
    return price.symbol


def _us_each(way: Callable[[Observable[Price]], Observable[Price]], prices: list[Price]) -> float:
    source: Subject[Price] = Subject()
    heard = 0

    def hear(_: Price) -> None:
        nonlocal heard
        heard += 1

    subscription = way(source).subscribe(hear, scheduler=VirtualTimeScheduler())
    metrics.FRAME.arrived = began = time.perf_counter()
    for price in prices:
        source.on_next(price)
    elapsed = time.perf_counter() - began
    metrics.FRAME.arrived = 0.0
    subscription.dispose()
    assert heard == len(prices)
    return elapsed / len(prices) * 1e6


def _us_a_call(work: Callable[[], None]) -> float:
    def once() -> float:
        began = time.perf_counter()
        for _ in range(ITEMS):
            work()
        return (time.perf_counter() - began) / ITEMS * 1e6

    return statistics.median(once() for _ in range(ROUNDS))


SCENARIO = Scenario("counting", "what counting adds to a price's way, in one process", _measure)
