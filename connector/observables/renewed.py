"""A subscription that the exchange forgot told from a market that is quiet."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

import structlog
from reactivex import Observable, abc
from reactivex.disposable import Disposable, SerialDisposable, SingleAssignmentDisposable

from connector import metrics
from connector.errors import Transient

log = structlog.get_logger(__name__)

T = TypeVar("T")

GAPS = 32
"""So many of the newest gaps between updates have a say in what is usual."""
RATIO = 5
"""An age of so many usual gaps is unusual."""
MOST_DOUBLED = 13
LONGEST = timedelta(minutes=10)
"""No stream may be silent for longer without being subscribed anew."""
LIVE = 2
"""Updates that make a subscription a live one: the first may be a snapshot for newcomers."""
SLACK = timedelta(milliseconds=50)
"""Waited beyond, so that a heartbeat of the same period goes first."""

_Heard = Sequence[datetime | None]


def renewed(
    renew: Callable[[], bool],
    least: timedelta,
    on_renewed: Callable[[timedelta], None] = lambda _: None,
) -> Callable[[Observable[T]], Observable[T]]:
    """Fail when a subscription is silent for `least` and five times its median gap.

    `renew` lets the exchange be asked anew, and `resume` listens anew. A subscription that gave
    less than two updates is given twice the time of the one before, up to LONGEST: a quiet market
    isn't asked again and again. False from `renew` means that it wasn't: then nothing happens.

    Marble:     in  -a-a-a------    then  a-a    out  -a-a-a---#    (least: 4 ticks)
    Guarantee:  what is usual is remembered beyond each subscription: place it below `resume`, and
                below what repeats or asks, for only what the exchange sends is life. An update
                costs the noting of its instant, and no timer: one looks after it.
    Errors:     Transient when it is stale; the source's pass through.
    Units:      time from the scheduler given at subscribe.
    """

    def operator(source: Observable[T]) -> Observable[T]:
        heard: deque[datetime | None] = deque(maxlen=GAPS + 1)  # None: subscribed anew
        in_vain = 0

        def subscribe(
            observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
        ) -> abc.DisposableBase:
            if scheduler is None:
                raise ValueError("renewed needs the scheduler that subscribe is given")
            upstream, timer = SingleAssignmentDisposable(), SerialDisposable()
            since = scheduler.now
            if not heard or heard[-1] is not None:
                heard.append(None)
            forward, note = observer.on_next, heard.append

            def on_next(item: T) -> None:
                note(scheduler.now)
                forward(item)

            def look(_: abc.SchedulerBase, __: object = None) -> None:
                nonlocal in_vain
                is_live = _is_live(heard)
                in_vain = 0 if is_live else in_vain
                allowed = min(_usual(heard, least) * 2**in_vain, LONGEST)
                silent = scheduler.now - (heard[-1] or since)
                if silent < allowed:
                    again(min(allowed - silent, least))
                elif renew():
                    in_vain = 0 if is_live else min(in_vain + 1, MOST_DOUBLED)
                    upstream.dispose()
                    on_renewed(silent)
                    seconds = silent.total_seconds()
                    observer.on_error(Transient(f"stale: nothing for {seconds:.1f} s"))
                else:
                    again(least)

            def again(wait: timedelta) -> None:
                timer.disposable = scheduler.schedule_relative(wait + SLACK, look)

            def let_go() -> None:
                upstream.dispose()
                timer.dispose()

            again(least)
            upstream.disposable = source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=scheduler
            )
            return Disposable(let_go)

        return Observable(subscribe)

    return operator


def told(feed: str, symbol: str) -> Callable[[timedelta], None]:
    """Give what counts and logs that a symbol's subscription of a feed is made anew."""

    def tell(silent: timedelta) -> None:
        metrics.RENEWED.labels(feed).inc()
        log.info("stale, subscribing anew", feed=feed, symbol=symbol, age_s=silent.total_seconds())

    return tell


def _is_live(heard: _Heard) -> bool:
    return len(heard) >= LIVE and None not in list(heard)[-LIVE:]


def _usual(heard: _Heard, least: timedelta) -> timedelta:
    """Give what is usual at most: within subscriptions, from their first update on."""
    gaps = sorted(late - early for early, late in pairwise(heard) if early and late)
    return max(least, RATIO * gaps[len(gaps) // 2]) if gaps else least
