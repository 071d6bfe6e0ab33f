"""The project's own stages. Marbles are those of `connector pipelines try`: a tick is 10 ms."""

from datetime import timedelta
from decimal import Decimal
from typing import Literal, TypeVar

import structlog
from pydantic import Field, model_validator
from reactivex import operators as ops

from connector.operators import (
    Operator,
    basis_points,
    coalesce,
    delay,
    distinct,
    heartbeat,
    min_move,
    outlier_guard,
    sample,
    smooth,
    stale_after,
    throttle,
)
from connector.stages.stage import FEEDS, VALUED, Items, Options, Stage

log = structlog.get_logger(__name__)

T = TypeVar("T")

STATES = tuple(feed for feed in FEEDS if feed != "orders")
DAY_S = 86_400


def _seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


class Coalesce(Options):
    """Space a key's items; what waits is replaced by what is newer, the newest always arrives.

    Marble:  in  -a-b-c-|    out  -a-----(c|)    coalesce(max_per_second=10)
    """

    max_per_second: float = Field(gt=0, le=1000, description="of each key")


def _coalesce(options: Coalesce, items: Items[T], /) -> Operator[T, T]:
    return coalesce(items.key, options.max_per_second, items.counted("coalesce", "coalesced"))


class Throttle(Options):
    """Drop what comes too soon after a key's last item; the newest may be among it.

    Marble:  in  -a-b-c---------d-|    out  -a-------------d-|    throttle(max_per_second=10)
    """

    max_per_second: float = Field(gt=0, le=1000, description="of each key")


def _throttle(options: Throttle, items: Items[T], /) -> Operator[T, T]:
    return throttle(items.key, options.max_per_second, items.counted("throttle", "dropped"))


class Sample(Options):
    """Tell the newest of each key at every beat.

    Marble:  in  -a-b--c------d|    out  ----b---c-----(d|)    sample(every_s=0.04)
    """

    every_s: float = Field(ge=0.01, le=DAY_S, description="between two beats")


def _sample(options: Sample, items: Items[T], /) -> Operator[T, T]:
    return sample(items.key, _seconds(options.every_s), items.counted("sample", "coalesced"))


class Heartbeat(Options):
    """Repeat a key's last item when it was quiet so long; here also through an outage.

    Marble:  in  -a---------b-|    out  -a----a----b-|    heartbeat(every_s=0.05)
    """

    every_s: float = Field(ge=0.05, le=DAY_S, description="of quiet")


def _heartbeat(options: Heartbeat, items: Items[T], /) -> Operator[T, T]:
    return heartbeat(items.key, _seconds(options.every_s))


class Distinct(Options):
    """Drop an item that says what its key's last one said, but for the time.

    Marble:  in  -a-a-b-A-A-|    out  -a---b-A---|    distinct
    """


def _distinct(options: Distinct, items: Items[T], /) -> Operator[T, T]:
    return distinct(items.key, items.content, items.counted("distinct", "dropped"))


class OutlierGuard(Options):
    """Hold a value that jumps, until the next ones confirm it.

    Marble:  in  -a-z-b-z-y-x----|    out  -a---b-----(zyx)|    outlier_guard(max_jump_ratio=0.01)
    """

    max_jump_ratio: Decimal = Field(gt=0, le=10, description="0.05: 5 % off the median")
    remember: int = Field(default=20, ge=1, le=1000, description="items of which the median is")
    confirm: int = Field(default=2, ge=1, le=100, description="items that must agree")


def _outlier_guard(options: OutlierGuard, items: Items[T], /) -> Operator[T, T]:
    return outlier_guard(
        items.key,
        items.value,
        options.max_jump_ratio,
        options.remember,
        options.confirm,
        items.counted("outlier_guard", "held"),
        items.counted("outlier_guard", "dropped"),
    )


class StaleAfter(Options):
    """Drop an item that is too old when it comes, by the exchange's clock.

    Marble:  in  -a-------------|    out  -a----a--------|
             heartbeat(every_s=0.05) | stale_after(max_age_s=0.06)
    """

    max_age_s: float = Field(ge=0.001, le=DAY_S, description="of an item on coming")


def _stale_after(options: StaleAfter, items: Items[T], /) -> Operator[T, T]:
    return stale_after(
        _seconds(options.max_age_s),
        items.at_ms,
        items.now_ms,
        items.counted("stale_after", "dropped"),
    )


class MinMove(Options):
    """Drop a value that moved too little from the last that passed.

    Marble:  in  -a-b-c-|    out  -a---c-|    min_move(bps=15)
    """

    bps: Decimal | None = Field(default=None, gt=0, le=10_000, description="1: 0.01 % of the last")
    ticks: Decimal | None = Field(default=None, gt=0, le=1_000_000, description="of the symbol")

    @model_validator(mode="after")
    def _one_of_them(self) -> "MinMove":
        if (self.bps is None) == (self.ticks is None):
            raise ValueError("give bps or ticks, one of them")
        return self


def _min_move(options: MinMove, items: Items[T], /) -> Operator[T, T]:
    ticks, tick = options.ticks, items.tick

    def by_ticks(item: T, _: Decimal) -> Decimal:
        return tick(item) * (ticks or 0)

    least = by_ticks if options.bps is None else basis_points(options.bps)
    return min_move(items.key, items.value, least, items.counted("min_move", "dropped"))


class Smooth(Options):
    """Replace each value by its exponential mean, rounded to the symbol's tick.

    Marble:  in  -a-c-|    out  -a-①-|    smooth(half_life_s=0.02)
    """

    half_life_s: float = Field(ge=0.001, le=DAY_S, description="what is so old weighs half")


def _smooth(options: Smooth, items: Items[T], /) -> Operator[T, T]:
    return smooth(
        items.key, items.value, items.at_ms, _seconds(options.half_life_s), items.with_value
    )


class ClosedOnly(Options):
    """Drop bars that are still forming.

    Marble:  in  -a-A-b-B-|    out  ---A---B-|    closed_only
    """


def _closed_only(options: ClosedOnly, items: Items[T], /) -> Operator[T, T]:
    return ops.filter(items.is_closed)


class Resample(Options):
    """Join bars into longer ones, exactly; what isn't whole isn't told.

    Marble:  in  -A-b-B-|    out  -①-②-③-|    resample(to=2m)
    """

    to: Literal[
        "2m", "3m", "5m", "10m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d"
    ] = Field(description="the longer bars' length, a whole number of the shorter ones'")


_MINUTES = {"m": 1, "h": 60, "d": 1440}


def _resample(options: Resample, items: Items[T], /) -> Operator[T, T]:
    to_ms = int(options.to[:-1]) * _MINUTES[options.to[-1]] * 60_000
    if items.resampled is None:
        raise ValueError(f"resample: the {items.feed} feed has no bars")
    try:
        return items.resampled(to_ms, items.counted("resample", "dropped"))
    except ValueError:
        raise ValueError(
            f"resample: {options.to} is no whole number of the bars that were asked for"
        ) from None


class TapLog(Options):
    """Log each item; it passes as it is.

    Marble:  in  -a-b-|    out  -a-b-|    tap_log
    """

    label: str = Field(
        default="tap",
        min_length=1,
        max_length=40,
        pattern=r"^[\w.-]+$",
        description="tells several of them apart",
    )
    level: Literal["debug", "info"] = Field(default="info", description="at which it is logged")


def _tap_log(options: TapLog, items: Items[T], /) -> Operator[T, T]:
    tell = log.debug if options.level == "debug" else log.info

    def told(item: T) -> None:
        tell("item", feed=items.feed, label=options.label, item=str(item)[:300])

    return ops.do_action(told)


class Delay(Options):
    """Tell each item later, to try how a reader bears it.

    Marble:  in  -a-b---|    out  ---a-b---|    delay(by_s=0.02)
    """

    by_s: float = Field(ge=0, le=60, description="later")


def _delay(options: Delay, items: Items[T], /) -> Operator[T, T]:
    return delay(_seconds(options.by_s))


BUILT_IN = (
    Stage("coalesce", Coalesce, _coalesce, feeds=STATES),
    Stage("throttle", Throttle, _throttle, feeds=STATES),
    Stage("sample", Sample, _sample, feeds=STATES),
    Stage("heartbeat", Heartbeat, _heartbeat, feeds=("price", "funding", "account")),
    Stage("distinct", Distinct, _distinct, feeds=STATES),
    Stage("outlier_guard", OutlierGuard, _outlier_guard, feeds=VALUED),
    Stage("stale_after", StaleAfter, _stale_after, feeds=("price", "funding")),
    Stage("min_move", MinMove, _min_move, feeds=VALUED),
    Stage("smooth", Smooth, _smooth, feeds=VALUED),
    Stage("closed_only", ClosedOnly, _closed_only, feeds=("klines",), bars=True),
    Stage("resample", Resample, _resample, feeds=("klines",), bars=True),
    Stage("tap_log", TapLog, _tap_log, lossless=True, for_clients=False),
    Stage("delay", Delay, _delay, lossless=True),
)
"""Every stage of the project, in the order in which they are told."""
