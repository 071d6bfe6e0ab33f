"""What is known of each open or recent order, and what of it is still to be told."""

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from connector.operators.ledger_entry import LONG_AGO, LedgerEntry
from connector.operators.ledger_questions import Key, Questions
from connector.trading import Order, Trade

KEPT_ORDERS = 10_000
"""Finished orders that are remembered, the latest."""

KEPT_MS = 24 * 3_600_000
"""How long a finished order is remembered, by the exchange's clock."""

KEPT_STRAYS = 10_000
"""Trades of orders that nobody has heard of yet."""

KEPT_UNTOLD = 10_000
"""Orders known by answers alone, the latest: while nobody listens nothing tells their ends."""


class Lacking(NamedTuple):
    """An order to be asked about, as it is known."""

    order: Order
    trades: bool
    """Whether it lacks trades: more was executed than they tell. Else it lacks its state: an answer
    told more than the stream, or a trade came alone."""


class Ledger:
    """The memory of the orders stream; what was TOLD on it is kept apart from what is KNOWN.

    An exchange tells a fill twice, as a trade and as the order's state, in either order. The
    ledger holds back the one until the other has come; `overdue` gives what waits in vain.

    Guarantee:  for each order: executed quantity and update time never fall, every trade is told
                exactly once and with its cumulative quantity, a repeat or what goes backwards is
                not told, nor is anything after a terminal status but a fill that came late: that
                keeps the status (or makes it FILLED), for a fill is never hidden. EXPIRED and a
                limit order's REJECTED are followed by CANCELED. A fill that ends an order
                otherwise (CANCELED with more executed) is told as PARTIALLY_FILLED first.
                Orders told as open, whose end is still to be told, are never forgotten; those that
                were never told after KEPT_UNTOLD, finished ones after KEPT_ORDERS or KEPT_MS.
    Units:      `now` by any one clock that doesn't jump; it measures waiting, nothing else.
    """

    def __init__(self) -> None:
        self._open: dict[Key, LedgerEntry] = {}
        self._ended: dict[Key, LedgerEntry] = {}  # in the order of their ending
        self._strays: deque[Key] = deque()  # one for each trade without a known order
        self._untold: dict[Key, None] = {}  # of what was placed, also what was told since
        self._waiting: deque[tuple[datetime, Key]] = deque()
        self._newest_ms = 0
        self._now = LONG_AGO
        self._of_fills = Questions()  # the one half of a fill came without the other
        self._of_states = Questions()  # an answer told what the stream didn't
        self.on_noted: Callable[[], None] = lambda: None
        """Called when an answer was noted: it may be asked about, if the stream is silent of it."""

    def apply(self, heard: Order | Trade, now: datetime) -> tuple[Order, ...]:
        """Take what the stream, or a fetch after a gap, says; give what to tell, in order."""
        self._now = now
        if isinstance(heard, Trade) and not Decimal(heard.quantity):
            return ()  # no fill: funding and its like
        key = (heard.symbol, heard.exchange_order_id)
        entry = self._entry(key)
        if isinstance(heard, Trade):
            if entry.hold_trade(heard, now):
                self._note_stray(key, entry)
        else:
            entry.hold_order(heard, now)
        told = tuple(entry.settle())
        self._sort_in(key, entry)
        self._await(key, entry)
        return told

    def overdue(self, since: datetime) -> tuple[Order, ...]:
        """Give what has waited since that instant or longer, each without its other half."""
        told: list[Order] = []
        while self._waiting and self._waiting[0][0] <= since:
            _, key = self._waiting.popleft()
            entry = self._find(key)
            if entry is not None:
                told.extend(entry.settle(since))
                self._sort_in(key, entry)
        return tuple(told)

    @property
    def waiting_since(self) -> datetime | None:
        """Since when something has waited, None when nothing does."""
        while self._waiting:
            since, key = self._waiting[0]
            entry = self._find(key)
            if entry is not None and entry.is_waiting:
                return since
            self._waiting.popleft()
        return None

    def seed(self, heard: Order | Trade, told: Iterable[str] | None = None) -> None:
        """Take as told what happened before anybody listened: nothing of it goes out any more.

        With `told`, the ids of an order's trades from its update time on that were told, others
        from then on are news; without, those of that very instant are from before.
        """
        key = (heard.symbol, heard.exchange_order_id)
        entry = self._entry(key)
        if isinstance(heard, Trade):
            if entry.seed_trade(heard):
                self._note_stray(key, entry)
        else:
            entry.seed(heard, told)
        self._sort_in(key, entry)

    def disown(self, order: Order) -> None:
        """Tell nothing of an order from now on: its caller believes that it was never placed."""
        key = (order.symbol, order.exchange_order_id)
        entry = self._entry(key)
        entry.disown(order)
        self._sort_in(key, entry)

    def owns(self, order: Order) -> bool:
        """Whether an order may be told, also where it was given out to be told before."""
        entry = self._find((order.symbol, order.exchange_order_id))
        return entry is None or not entry.is_disowned

    def has_told(self, order: Order) -> bool:
        """Whether anything of an order was told."""
        entry = self._find((order.symbol, order.exchange_order_id))
        return entry is not None and entry.told is not None

    def note_placed(self, order: Order) -> None:
        """Know an order from the answer to its placing; its updates are still to be told."""
        key = (order.symbol, order.exchange_order_id)
        entry = self._entry(key)
        entry.learn(order)
        self._sort_in(key, entry)
        self._await(key, entry)
        self._note_untold(key, entry)
        self.on_noted()

    def note_seen(self, order: Order) -> None:
        """Know an order from a question's answer; a finished one that is unknown stays so."""
        if not order.status.is_terminal or self.get(order.symbol, order.exchange_order_id):
            self.note_placed(order)

    def asks_at(
        self, now: datetime, fills_after: timedelta, states_after: timedelta
    ) -> datetime | None:
        """Say when to ask about an order next, None when none lacks anything."""
        fills = self._of_fills.next_at(now, fills_after)
        states = self._of_states.next_at(now, states_after)
        return min(fills, states) if fills and states else fills or states

    def to_ask(self, now: datetime) -> list[Lacking]:
        """Give the orders to be asked about now, a few at a time."""
        keys = dict.fromkeys((*self._of_fills.take(now), *self._of_states.take(now)))
        return [
            Lacking(entry.known, entry.lacks_trades)
            for entry in map(self._find, keys)
            if entry is not None and entry.known is not None
        ]

    def note_answered(self, order: Order, now: datetime) -> tuple[tuple[Order, ...], bool]:
        """Count an answer about an order, which was applied.

        Gives what to tell, since nothing newer than what was known of it has come; and whether it
        is given up, since it lacks something still.
        """
        key = (order.symbol, order.exchange_order_id)
        entry = self._find(key)
        is_given_up = self._of_fills.note_answered(key) | self._of_states.note_answered(key)
        if entry is None or entry.known is None or not entry.lacks_state:
            return (), is_given_up
        return self.apply(entry.known, now), is_given_up

    def get(self, symbol: str, exchange_order_id: str) -> Order | None:
        """Give what is known of an order, by stream or answer; None for an unknown one."""
        entry = self._find((symbol, exchange_order_id))
        return entry.known if entry is not None else None

    def open_orders(self) -> tuple[Order, ...]:
        """Give the orders that are open as far as is known, oldest acquaintance first."""
        known = (entry.known for entry in self._open.values())
        return tuple(order for order in known if order and not order.status.is_terminal)

    def unfinished(self) -> tuple[Order, ...]:
        """Give the orders whose end was not told, as known: open, or ended by an answer only.

        After a gap, or to find whether there is one, these are to be looked up.
        """
        return tuple(
            entry.known
            for entries in (self._open, self._ended)
            for entry in entries.values()
            if entry.known is not None and (entry.told is None or not entry.told.status.is_terminal)
        )

    def _find(self, key: Key) -> LedgerEntry | None:
        return self._open.get(key) or self._ended.get(key)

    def _entry(self, key: Key) -> LedgerEntry:
        entry = self._find(key)
        if entry is None:
            entry = self._open[key] = LedgerEntry()
        return entry

    def _await(self, key: Key, entry: LedgerEntry) -> None:
        if entry.is_waiting:
            self._waiting.append((self._now, key))

    def _drop(self, entries: dict[Key, LedgerEntry], key: Key) -> None:
        del entries[key]
        self._of_fills.forget(key)
        self._of_states.forget(key)

    def _note_stray(self, key: Key, entry: LedgerEntry) -> None:
        if entry.known is not None:
            return
        self._strays.append(key)
        if len(self._strays) > KEPT_STRAYS:
            oldest = self._strays.popleft()
            stray = self._open.get(oldest)
            if stray is not None and stray.known is None:
                self._drop(self._open, oldest)

    def _note_untold(self, key: Key, entry: LedgerEntry) -> None:
        if entry.told is not None:
            return
        self._untold[key] = None
        while len(self._untold) > KEPT_UNTOLD:
            oldest = next(iter(self._untold))
            del self._untold[oldest]
            untold = self._open.get(oldest)
            if untold is not None and untold.told is None and not untold.is_waiting:
                self._drop(self._open, oldest)

    def _sort_in(self, key: Key, entry: LedgerEntry) -> None:
        self._of_fills.note(key, entry.is_waiting or entry.lacks_trades)
        self._of_states.note(key, entry.lacks_state)
        known = entry.known
        if known is None:
            return
        self._newest_ms = max(self._newest_ms, known.update_time_ms)
        if known.status.is_terminal and not entry.owes_end and key in self._open:
            self._ended[key] = self._open.pop(key)
            self._forget()

    def _forget(self) -> None:
        while self._ended:
            oldest = next(iter(self._ended))
            known = self._ended[oldest].known
            ended_ms = known.update_time_ms if known is not None else 0
            if len(self._ended) <= KEPT_ORDERS and self._newest_ms - ended_ms < KEPT_MS:
                return
            self._drop(self._ended, oldest)
