"""Each bar closed once, before the next begins."""

from collections.abc import Callable
from datetime import timedelta

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable

from connector.domain import Candle
from connector.operators.bars import Bars, Gap
from connector.operators.candle_closer import CandleCloser, Closing, FetchClosed
from connector.operators.operator import Operator, ignore, the_scheduler


def close_candles(
    interval_ms: int,
    fetch_closed: FetchClosed,
    flagged: bool,
    grace: timedelta,
    now_ms: Callable[[], int],
    on_gap_unfilled: Callable[[Gap, Exception | None], None] = ignore,
) -> Operator[Candle, Candle]:
    """Close each bar of one symbol exactly once, before the first update of the next.

    A bar is closed by the exchange's flag; where it has none (`flagged` false), by the next bar's
    first update, if none was missed between; else, and when `grace` has passed after its end, by
    fetching it. What arrives during a fetch follows after it.

    Marble:     in  -a-aA-b----e-e    fetch(b, e) gives BCD    out  -a-aA-b----(BCDe)-e
                (a letter is a bar, lower case an update of it, upper case its close)
    Guarantee:  opening instants ascend, none is closed twice or updated after its close, values
                are never made up. The memory outlives the subscription: with `resume` right after
                it, bars missed by an outage are fetched and sent in order. One subscriber at a
                time, so share after it, and pipe anew for a new life.
    Errors:     the source's pass through. A fetch that is Unsupported, Refused or Malformed, or a
                bar that the exchange still hasn't got ATTEMPTS·grace after its end, is told to
                `on_gap_unfilled(gap, error or None)`, and the stream goes on: a bar seen forming
                is closed as last seen. Any other error of a fetch (Transient: `resume` tries
                again), and what a callback raises, ends the stream.
    Units:      `interval_ms` and `now_ms` (the exchange's clock) in ms; timers by the scheduler
                given at subscribe. Memory: one bar, and HELD_BARS during a fetch.
    """
    if interval_ms <= 0 or grace <= timedelta(0):
        raise ValueError(f"close_candles: not above zero: {interval_ms} ms or grace {grace}")
    closing = Closing(interval_ms, fetch_closed, grace, now_ms, on_gap_unfilled)

    def apply(source: Observable[Candle]) -> Observable[Candle]:
        bars = Bars(interval_ms, flagged)

        def subscribe(
            observer: ObserverBase[Candle], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "close_candles")
            bars.interrupted()
            closer = CandleCloser(bars, closing, observer, clock)
            closer.upstream.disposable = source.subscribe(
                closer.on_next, closer.on_error, closer.on_completed, scheduler=clock
            )
            closer.arm()
            return Disposable(closer.let_go)

        return Observable(subscribe)

    return apply
