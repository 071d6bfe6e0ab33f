"""What happened while nobody listened is fetched, and told before what happens now."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SerialDisposable, SingleAssignmentDisposable

from connector.errors import Malformed, Overflow, Refused, Unsupported
from connector.operators.operator import Operator, ignore, the_scheduler
from connector.operators.order_truth import goes_beyond
from connector.trading import Order, Trade

FetchMissed = Callable[[int], Observable[Sequence[Order | Trade]]]
"""Open orders, what became of those believed open, and own trades since an instant in ms."""

OVERLAP_MS = 5_000
"""How much before the newest known trade is asked for: clocks differ, and trades come late."""

LONGEST_MS = 24 * 3_600_000
"""How far back is asked for at most; the quiet of a week is not asked for again and again."""

HELD_ITEMS = 10_000
"""How many live items wait for a fetch."""


class _Memory:
    """What outlives a subscription."""

    def __init__(self, told_until_ms: int | None) -> None:
        self.began_ms = told_until_ms
        self.newest_ms = told_until_ms or 0
        self.is_seeded = False
        self.held: deque[Order | Trade] = deque()

    def since_ms(self, now_ms: int) -> int:
        """Say from where on trades may be missing."""
        if self.began_ms is None:
            self.began_ms = self.newest_ms = now_ms
        return max(min(self.newest_ms, now_ms) - OVERLAP_MS, now_ms - LONGEST_MS)

    def note(self, heard: Order | Trade) -> None:
        """Note that trades until this one are known."""
        trade = heard if isinstance(heard, Trade) else heard.last_trade
        if trade is not None and trade.timestamp_ms > self.newest_ms:
            self.newest_ms = trade.timestamp_ms

    def is_from_before(self, heard: Order | Trade) -> bool:
        """Say whether something happened before anybody listened, as far as clocks can tell.

        What is not older than OVERLAP_MS is rather told twice than not at all.
        """
        at_ms = heard.timestamp_ms if isinstance(heard, Trade) else heard.update_time_ms
        return self.began_ms is not None and at_ms < self.began_ms - OVERLAP_MS


def repair_gaps(
    fetch_missed: FetchMissed,
    now_ms: Callable[[], int],
    seed: Callable[[Order | Trade], None] = ignore,
    again_after: timedelta = timedelta(seconds=5),
    on_unrepaired: Callable[[Exception], None] = ignore,
    told_until_ms: int | None = None,
    again_on: Observable[None] | None = None,
) -> Operator[Order | Trade, Order | Trade]:
    """Fetch what was missed at each subscription, tell it, and then what came live meanwhile.

    It is asked once more, `again_after` the first answer has come, with nothing held: a socket may
    take up its service only then. Repeats are for a ledger to drop.

    Marble:     in  -a-#  then  b---c-|    fetch (xy)    out  -a-...-(xyb)-c-|
    Guarantee:  the memory outlives the subscription: place it right below `resume`, pipe anew for
                a new life. What was fetched at the first subscription, and is older than that by
                OVERLAP_MS, is given to `seed` instead of being told. `fetch_missed` is asked from
                OVERLAP_MS before the newest trade that was told, at most LONGEST_MS back, and
                should ask the exchange only when its subscription stands. What waits when a fetch
                fails follows the next one.
                An item of `again_on` says that something was missed without an outage: it is asked
                about at once and `again_after`, with nothing held. One that comes during the first
                question is left to the second.
                What no list had yet, and what is told only after the second question, is left to
                the ledger, which asks by the order.
                With `told_until_ms`, an instant until which a process before this one told all,
                the first subscription repairs the gap since then.
                A fetched state that goes beyond what came live first of its order follows that:
                before it, it would hide the steps between.
    Errors:     the source's pass through. A fetch that is Unsupported, Refused or Malformed is
                told to `on_unrepaired`, and the stream goes on; any other error of a fetch
                (Transient: `resume` tries again), and what a callback raises, ends the stream.
                Overflow when more than HELD_ITEMS wait.
    Units:      `now_ms` in UTC epoch ms by the exchange's clock; timer by the scheduler given at
                subscribe. Zero `again_after`: asked once.
    """

    def apply(source: Observable[Order | Trade]) -> Observable[Order | Trade]:
        memory = _Memory(told_until_ms)

        def subscribe(
            observer: ObserverBase[Order | Trade], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "repair_gaps")
            upstream = SingleAssignmentDisposable()
            fetching = SerialDisposable()
            timer = SerialDisposable()
            also = SingleAssignmentDisposable()
            is_first = not memory.is_seeded
            is_holding = True  # until the first answer
            is_over = False
            source_done = False

            def on_next(heard: Order | Trade) -> None:
                if not is_holding:
                    tell(heard)
                elif len(memory.held) < HELD_ITEMS:
                    memory.held.append(heard)
                else:
                    memory.held.clear()
                    fail(Overflow(f"more than {HELD_ITEMS} items wait for a fetch"))

            def tell(heard: Order | Trade) -> None:
                memory.note(heard)
                observer.on_next(heard)

            def ask(_: SchedulerBase | None = None, __: object = None) -> None:
                got: list[Order | Trade] = []
                slot = SingleAssignmentDisposable()
                fetching.disposable = slot
                try:
                    missed = fetch_missed(since_ms)
                except Exception as error:
                    not_fetched(error)
                    return
                slot.disposable = missed.subscribe(
                    got.extend, not_fetched, lambda: fetched(got), scheduler=clock
                )

            def ask_also(_: None) -> None:
                nonlocal since_ms
                if is_holding or is_over:
                    return
                try:
                    since_ms = memory.since_ms(now_ms())
                except Exception as error:
                    fail(error)
                    return
                if again_after:
                    timer.disposable = clock.schedule_relative(again_after, ask)
                ask()

            def fetched(got: list[Order | Trade]) -> None:
                memory.is_seeded = True
                since = _first_states(memory.held)
                states: list[Order] = []  # from after what came live
                for heard in got:
                    if is_over:
                        return
                    if is_first and memory.is_from_before(heard):
                        try:
                            seed(heard)
                        except Exception as error:
                            fail(error)
                    elif isinstance(heard, Order) and _goes_beyond(heard, since):
                        states.append(heard)
                    else:
                        tell(heard)
                flow(states)

            def not_fetched(error: Exception) -> None:
                if not isinstance(error, Unsupported | Refused | Malformed):
                    fail(error)
                    return
                try:
                    on_unrepaired(error)
                except Exception as own:
                    fail(own)
                    return
                flow([])

            def flow(states: Sequence[Order]) -> None:
                nonlocal is_holding
                while memory.held and not is_over:
                    tell(memory.held.popleft())
                for state in states:
                    if not is_over:
                        tell(state)
                if is_over:
                    return
                if source_done:
                    observer.on_completed()
                elif is_holding and again_after:
                    timer.disposable = clock.schedule_relative(again_after, ask)
                is_holding = False

            def on_completed() -> None:
                nonlocal source_done
                source_done = True
                if not is_holding:
                    observer.on_completed()

            def fail(error: Exception) -> None:
                observer.on_error(error)
                let_go()

            def let_go() -> None:
                nonlocal is_over
                is_over = True
                upstream.dispose()
                fetching.dispose()
                timer.dispose()
                also.dispose()

            try:
                since_ms = memory.since_ms(now_ms())
            except Exception as error:
                observer.on_error(error)
                return Disposable()
            upstream.disposable = source.subscribe(on_next, fail, on_completed, scheduler=clock)
            if not is_over:
                ask()
            if again_on is not None and not is_over:
                also.disposable = again_on.subscribe(ask_also, fail, scheduler=clock)
            return Disposable(let_go)

        return Observable(subscribe)

    return apply


def _first_states(held: Iterable[Order | Trade]) -> dict[tuple[str, str], Order]:
    states: dict[tuple[str, str], Order] = {}
    for heard in held:
        if isinstance(heard, Order):
            states.setdefault((heard.symbol, heard.exchange_order_id), heard)
    return states


def _goes_beyond(state: Order, first: dict[tuple[str, str], Order]) -> bool:
    live = first.get((state.symbol, state.exchange_order_id))
    return live is not None and goes_beyond(state, live)
