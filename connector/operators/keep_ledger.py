"""Orders and trades become updates: each once, each with its fill."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SerialDisposable

from connector.operators.ledger import Ledger
from connector.operators.operator import Operator, the_scheduler
from connector.trading import Order, Trade

_ZERO = timedelta(0)


def keep_ledger(
    ledger: Ledger,
    wait: timedelta = timedelta(milliseconds=250),
    ask: Callable[[], None] | None = None,
    longest: timedelta = timedelta(seconds=1),
) -> Operator[Order | Trade, Order]:
    """Tell what is new of each order, fills with their trades; what lacks its half waits for it.

    Marble:     in  -t-o-o----o----t-|    out  ---O---------O-O-|    (t trade, o the order's state;
                the second o repeats; the third waits 3 ticks in vain, and is told with its trade
                when that comes)
    Guarantee:  the ledger's. What waits, order state or trade, waits at most `wait`; with `ask`,
                which is called then so that the other half comes, `longest` in all. The ledger
                outlives the subscription, and what waited at dispose is told to the next one.
                Place it above `resume`; one subscriber at a time, so share after it.
    Errors:     the source's pass through; before them, and before completion, what waits is told.
                What `ask` raises ends the stream.
    Units:      time from the scheduler given at subscribe. Memory: the ledger's, and one timer
                while something waits.
    """
    if wait < _ZERO:
        raise ValueError(f"keep_ledger: wait is zero or more, not {wait}")
    at_most = wait if ask is None else max(wait, longest)

    def apply(source: Observable[Order | Trade]) -> Observable[Order]:
        def subscribe(
            observer: ObserverBase[Order], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "keep_ledger")
            timer = SerialDisposable()
            is_armed = False
            asked_at: datetime | None = None

            def on_next(heard: Order | Trade) -> None:
                try:
                    updates = ledger.apply(heard, clock.now)
                except Exception as error:
                    observer.on_error(error)
                    return
                tell(updates)
                if not is_armed:
                    arm()

            def tell(updates: Iterable[Order]) -> None:
                for update in updates:
                    observer.on_next(update)

            def arm() -> None:
                nonlocal is_armed
                since = ledger.waiting_since
                is_armed = since is not None
                if since is not None:
                    is_asked = ask is None or (asked_at is not None and since <= asked_at)
                    left = max(since + (at_most if is_asked else wait) - clock.now, _ZERO)
                    timer.disposable = clock.schedule_relative(left, release)

            def release(_: SchedulerBase, __: object = None) -> None:
                nonlocal asked_at
                tell(ledger.overdue(clock.now - at_most))
                since = ledger.waiting_since
                if (
                    ask is not None
                    and since is not None
                    and since <= clock.now - wait
                    and (asked_at is None or since > asked_at)
                ):
                    asked_at = clock.now
                    try:
                        ask()
                    except Exception as error:
                        observer.on_error(error)
                        return
                arm()

            def on_completed() -> None:
                tell(ledger.overdue(clock.now))
                observer.on_completed()

            def on_error(error: Exception) -> None:
                tell(ledger.overdue(clock.now))
                observer.on_error(error)

            def let_go() -> None:
                upstream.dispose()
                timer.dispose()

            arm()
            upstream = source.subscribe(on_next, on_error, on_completed, scheduler=clock)
            return Disposable(let_go)

        return Observable(subscribe)

    return apply
