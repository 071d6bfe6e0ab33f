"""Orders and trades become updates: each once, each with its fill."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reactivex import Observable
from reactivex import operators as ops
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import (
    CompositeDisposable,
    Disposable,
    SerialDisposable,
    SingleAssignmentDisposable,
)

from connector.errors import ConnectorError, Transient
from connector.operators.ledger import Lacking, Ledger
from connector.operators.operator import Operator, ignore, the_scheduler
from connector.trading import Order, Trade

_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Lookup:
    """How to ask about an order of which something lacks: how it stands, or for its trades.

    A fill waits `longest` for its other half, the answer's time included; so long the stream may be
    silent of what an answer told. An order that lacks something after several answers is given up.
    """

    ask: Callable[[Lacking], Observable[Sequence[Order | Trade]]]
    longest: timedelta = timedelta(seconds=1)
    on_unanswered: Callable[[Exception], None] = ignore
    on_given_up: Callable[[Order], None] = ignore


def keep_ledger(
    ledger: Ledger, wait: timedelta = timedelta(milliseconds=250), lookup: Lookup | None = None
) -> Operator[Order | Trade, Order]:
    """Tell what is new of each order, fills with their trades; what lacks its half waits for it.

    Marble:     in  -t-o-o----o----t-|    out  ---O---------O-O-|    (t trade, o the order's state;
                the second o repeats; the third waits 3 ticks in vain, and is told with its trade
                when that comes)
    Guarantee:  the ledger's. What waits, order state or trade, waits at most `wait`. With `lookup`
                it is asked for then, and waits `longest` in all; it is asked for ever more rarely
                until it has come, also when it was told without. So is what an answer told of an
                order (its placing's) and the stream doesn't, after `longest`; it is told as known
                when the answer is no newer. Few are asked about at once, the next ones when these
                are answered and `longest` less `wait` has passed.
                The ledger outlives the subscription, and what waited at dispose is told to the next
                one. Place it above `resume`; one subscriber at a time, so share after it.
    Errors:     the source's pass through; before them, and before completion, what waits is told.
                A question's Transient leaves it to be asked anew, any other of our errors counts
                as an answer; both are told to `on_unanswered`. What is none of ours, and what
                callbacks raise, ends the stream.
    Units:      time from the scheduler given at subscribe. Memory: the ledger's, and one timer
                while something waits.
    """
    if wait < _ZERO:
        raise ValueError(f"keep_ledger: wait is zero or more, not {wait}")
    at_most = wait if lookup is None else max(wait, lookup.longest)

    def apply(source: Observable[Order | Trade]) -> Observable[Order]:
        def subscribe(
            observer: ObserverBase[Order], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "keep_ledger")
            timer, asking = SerialDisposable(), CompositeDisposable()
            armed_for: datetime | None = None
            not_before = clock.now
            under_way = 0  # questions
            is_over = False

            def on_next(heard: Order | Trade) -> None:
                try:
                    updates = ledger.apply(heard, clock.now)
                except Exception as error:
                    observer.on_error(error)
                    return
                tell(updates)
                arm()

            def tell(updates: Iterable[Order]) -> None:
                for update in updates:
                    observer.on_next(update)

            def arm() -> None:
                nonlocal armed_for
                at = next_at()
                if at is None or is_over or (armed_for is not None and armed_for <= at):
                    return
                armed_for = at
                left = max(at - clock.now, _ZERO)
                timer.disposable = clock.schedule_relative(left, release)

            def next_at() -> datetime | None:
                since = ledger.waiting_since
                overdue = since + at_most if since is not None else None
                if lookup is None or under_way:
                    return overdue
                asked = ledger.asks_at(clock.now, wait, at_most)
                if asked is None:
                    return overdue
                asked = max(asked, not_before)
                return asked if overdue is None else min(asked, overdue)

            def release(_: SchedulerBase, __: object = None) -> None:
                nonlocal armed_for
                armed_for = None
                tell(ledger.overdue(clock.now - at_most))
                if lookup is not None and not under_way and clock.now >= not_before:
                    look_up(lookup)
                arm()

            def look_up(lookup: Lookup) -> None:
                nonlocal under_way, not_before
                lacking = ledger.to_ask(clock.now)
                if lacking:
                    under_way, not_before = len(lacking), clock.now + at_most - wait
                for one in lacking:
                    if not is_over:
                        question(lookup, one)

            def question(lookup: Lookup, lacking: Lacking) -> None:
                got: list[Order | Trade] = []

                def answered() -> None:
                    nonlocal under_way
                    under_way -= 1
                    for heard in got:
                        if not is_over:
                            on_next(heard)
                    if is_over:
                        return
                    try:
                        updates, is_given_up = ledger.note_answered(lacking.order, clock.now)
                        if is_given_up:
                            lookup.on_given_up(lacking.order)
                    except Exception as error:
                        observer.on_error(error)
                        return
                    tell(updates)
                    arm()

                def unanswered(error: Exception) -> None:
                    nonlocal under_way
                    if not isinstance(error, ConnectorError):
                        observer.on_error(error)
                        return
                    try:
                        lookup.on_unanswered(error)
                    except Exception as own:
                        observer.on_error(own)
                        return
                    if isinstance(error, Transient):
                        under_way -= 1
                        arm()
                    else:
                        answered()

                try:
                    asked = lookup.ask(lacking)
                except Exception as error:
                    observer.on_error(error)
                    return
                slot = SingleAssignmentDisposable()
                asking.add(slot)
                slot.disposable = asked.pipe(ops.finally_action(lambda: done(slot))).subscribe(
                    got.extend, unanswered, answered, scheduler=clock
                )

            def done(slot: SingleAssignmentDisposable) -> None:
                asking.remove(slot)

            def on_completed() -> None:
                tell(ledger.overdue(clock.now))
                observer.on_completed()

            def on_error(error: Exception) -> None:
                tell(ledger.overdue(clock.now))
                observer.on_error(error)

            def let_go() -> None:
                nonlocal is_over
                is_over = True
                ledger.on_noted = ignore
                upstream.dispose()
                timer.dispose()
                asking.dispose()

            ledger.on_noted = arm
            arm()
            upstream = source.subscribe(on_next, on_error, on_completed, scheduler=clock)
            return Disposable(let_go)

        return Observable(subscribe)

    return apply
