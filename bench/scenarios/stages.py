"""What does a stage add to a tick? In this process: the same items with each and with none."""

import asyncio
import logging
import time
from collections.abc import Callable
from decimal import Decimal

import structlog
from reactivex import Observable
from reactivex import operators as ops
from reactivex.scheduler.eventloop import AsyncIOScheduler
from reactivex.subject import Subject

from bench.report import Result
from bench.run import Run, Scenario
from connector import items, wire
from connector.domain import Candle, Price
from connector.stages import Items, Registry, written

SYMBOLS = 20
ITEMS = 10_000
ROUNDS = 9
MINUTE_MS = 60_000
LIMIT_US = 2.0
TICK = Decimal("0.10")

STAGES = {
    "coalesce(max_per_second=20)": "price",
    "throttle(max_per_second=20)": "price",
    "sample(every_s=1)": "price",
    "heartbeat(every_s=10)": "price",
    "distinct": "price",
    "outlier_guard(max_jump_ratio=0.05)": "price",
    "stale_after(max_age_s=5)": "price",
    "min_move(bps=1)": "price",
    "min_move(ticks=5)": "price",
    "smooth(half_life_s=1)": "price",
    "closed_only": "klines",
    "resample(to=5m)": "klines",
    "coalesce(max_per_second=5)": "klines",
    "tap_log(level=debug)": "price",
}
"""Each stage by one use of it; `delay`, for tests, waits by its nature, and tap_log is silent."""


Stage = Callable[[Observable[object]], Observable[object]]


def _nothing(source: Observable[object]) -> Observable[object]:
    return source


def _prices() -> list[Price]:
    return [
        Price(f"S{n % SYMBOLS}", f"{97_000 + n // SYMBOLS % 50}.{n % 10}0", n) for n in range(ITEMS)
    ]


def _candles() -> list[Candle]:
    def bar(n: int) -> Candle:
        step = n // SYMBOLS
        opened = step // 10 * MINUTE_MS
        digits = f"{97_000 + step % 50}.10"
        return Candle(
            f"S{n % SYMBOLS}", opened, digits, digits, digits, digits, "1.5", step % 10 == 9
        )

    return [bar(n) for n in range(ITEMS)]


def _tick(_: str) -> Decimal:
    return TICK


def _now_ms() -> int:
    return 0


async def _measure(run: Run, result: Result) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    scheduler = AsyncIOScheduler(asyncio.get_running_loop())
    prices, candles = _prices(), _candles()
    messages = [wire.encode_price(price, "binance", price.symbol) for price in prices]
    registry = Registry()
    of_prices, of_candles = items.prices(_tick, _now_ms), items.candles(MINUTE_MS, _now_ms)
    of_messages = items.price_messages(_tick, _now_ms)

    def us(values: list[object], stage: Stage = _nothing) -> float:
        source: Subject[object] = Subject()
        heard = [0]

        def count(_: object) -> None:
            heard[0] += 1

        life = stage(source).pipe(ops.do_action(count)).subscribe(scheduler=scheduler)
        began = time.thread_time_ns()
        for value in values:
            source.on_next(value)
        took = time.thread_time_ns() - began
        life.dispose()
        return took / len(values) / 1000

    def added(text: str, feed: str, values: list[object], of: Items[object]) -> float:
        """Give the least of some rounds, each beside an empty pipe in the same second."""
        stage = written(text, feed, registry).operator(of)
        pairs = [(us(values, stage), us(values)) for _ in range(ROUNDS)]
        return min(one for one, _ in pairs) - min(empty for _, empty in pairs)

    result.add("an empty pipe, CPU µs an item", f"{min(us([*prices]) for _ in range(ROUNDS)):.2f}")
    for text, feed in STAGES.items():
        values, of = ([*prices], of_prices) if feed == "price" else ([*candles], of_candles)
        told = added(text, feed, values, of)  # pyright: ignore[reportArgumentType]
        name = text if feed == "price" else f"{text} of {feed}"
        result.add(
            f"{name} adds, CPU µs", f"{told:.2f}", f"< {LIMIT_US:.0f}", **{name: round(told, 3)}
        )
    for text in ("coalesce(max_per_second=2)", "min_move(bps=5)"):
        told = added(text, "price", [*messages], of_messages)  # pyright: ignore[reportArgumentType]
        name = f"{text} of one client"
        result.add(
            f"{name} adds, CPU µs", f"{told:.2f}", f"< {LIMIT_US:.0f}", **{name: round(told, 3)}
        )


SCENARIO = Scenario(
    "stages",
    f"{ITEMS:,} items of {SYMBOLS} symbols through each stage, beside an empty pipe",
    _measure,
)
