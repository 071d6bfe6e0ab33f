"""One order in a ledger: what is known of it, what of that was told, and what still waits."""

from bisect import insort
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from connector.operators.order_truth import EXACT, ZERO, completed, goes_beyond, is_killed
from connector.trading import Order, OrderStatus, Trade

LONG_AGO = datetime.min.replace(tzinfo=UTC)

_TRADE_IDS = 10_000
"""How many ids of told trades an order keeps; no repeat comes from so long ago."""


class _HeldOrder(NamedTuple):
    order: Order
    since: datetime


class _HeldTrade(NamedTuple):
    trade: Trade
    quantity: Decimal
    since: datetime


def _traded_ms(held: _HeldTrade) -> int:
    return held.trade.timestamp_ms


class LedgerEntry:
    """The memory of one order; KNOWN (by stream or answer) is kept apart from TOLD (on the stream).

    Guarantee:  told: executed quantity and update time never fall, each trade once, nothing after
                a terminal status but what raises the executed quantity or brings a late trade.
    """

    __slots__ = (
        "_accounted",
        "_executed",
        "_orders",
        "_seeded",
        "_told_ids",
        "_told_until_ms",
        "_trades",
        "is_disowned",
        "known",
        "told",
    )

    def __init__(self) -> None:
        self.known: Order | None = None
        self.told: Order | None = None
        self._executed = ZERO  # told
        self._accounted = ZERO  # the part of it whose trades were told
        self._seeded = ZERO  # the part of it that was told before anybody listened
        # no deque: it takes 600 bytes when it is empty, as it is in 10,000 finished orders
        self._orders: list[_HeldOrder] = []  # wait for their trades, oldest first
        self._trades: list[_HeldTrade] = []  # wait for their order's update, oldest first
        self._told_ids: dict[str, None] = {}
        self._told_until_ms = -1
        self.is_disowned = False

    @property
    def is_waiting(self) -> bool:
        """Whether `settle` has something to tell when it is overdue."""
        return bool(self._orders) or (bool(self._trades) and self.known is not None)

    @property
    def lacks_trades(self) -> bool:
        """Whether more was executed, as told or about to be, than trades tell."""
        if self.is_disowned:
            return False
        return bool(self._orders) or self._executed > EXACT.add(self._accounted, self._seeded)

    @property
    def lacks_state(self) -> bool:
        """Whether an answer told of it what the stream didn't."""
        if self.known is None or self._orders or self.is_disowned:
            return False
        return self.told is None or goes_beyond(self.known, self.told)

    @property
    def owes_end(self) -> bool:
        """Whether it was told as open, and not told as over yet."""
        return self.told is not None and not is_over(self.told)

    def learn(self, order: Order) -> Order:
        """Note what an order is like, and give it with the fields filled that it lacks."""
        known = self.known
        order = completed(order, known)
        if known is None or goes_beyond(order, known):
            self.known = order
            if known is not None and is_over(known) and not is_over(order):
                self.known = replace(order, status=known.status)
        elif order.created_at_ms < known.created_at_ms:
            self.known = replace(known, created_at_ms=order.created_at_ms)
        return order

    def seed(self, order: Order, told: Iterable[str] | None = None) -> None:
        """Take an order as told, with all its trades until then, unless it is known already.

        `told` are the ids of its trades from that instant on that were told; None: all of that ms.
        """
        if self.known is None:
            self.told = self.learn(order)
            self._executed = self._seeded = Decimal(order.executed_qty)
            self._told_until_ms = order.update_time_ms - (told is not None)
            self._told_ids |= dict.fromkeys(told or ())
            held = self._trades
            self._trades = []
            for each in held:
                self.hold_trade(each.trade, each.since)
        else:
            self.learn(order)

    def disown(self, order: Order) -> None:
        """Take an order for one that never was; nothing of it is told from now on."""
        self.is_disowned = True
        self.learn(order)
        self.told = self.known

    def seed_trade(self, trade: Trade) -> bool:
        """Take a trade as told; say whether it is new."""
        is_new = trade.trade_id not in self._told_ids
        self._told_ids[trade.trade_id] = None
        return is_new

    def hold_order(self, order: Order, now: datetime) -> None:
        """Take an update of the order, if it is one."""
        if order.last_trade is not None:
            self.hold_trade(order.last_trade, now)
        order = self.learn(order)
        latest = self._orders[-1].order if self._orders else self.told
        if latest is None or goes_beyond(order, latest):
            self._orders.append(_HeldOrder(order, now))

    def hold_trade(self, trade: Trade, now: datetime) -> bool:
        """Take a trade, unless it is held or told already; say whether it is new."""
        quantity = Decimal(trade.quantity)
        is_new = (
            quantity > ZERO
            and trade.trade_id not in self._told_ids
            and trade.timestamp_ms > self._told_until_ms
            and all(trade.trade_id != held.trade.trade_id for held in self._trades)
        )
        if is_new:
            insort(self._trades, _HeldTrade(trade, quantity, now), key=_traded_ms)
        return is_new

    def settle(self, due: datetime = LONG_AGO) -> Iterator[Order]:
        """Give the updates to tell: what has all it needs, and what has waited since `due`."""
        if self.is_disowned:
            self._orders.clear()
            self._trades.clear()
        while self._orders:
            held = self._orders[0]
            missing = EXACT.subtract(
                Decimal(held.order.executed_qty), max(self._executed, self._accounted)
            )
            trades = self._exactly(missing)
            if trades is None and held.since <= due:
                trades = self._within(missing)
            if trades is None:
                return
            self._orders.pop(0)
            yield from self._tell_order(held.order, trades)
        base = self.told or self.known
        if base is None:
            return
        for held in tuple(self._trades):
            is_of_told = held.quantity <= EXACT.subtract(self._executed, self._accounted)
            if (is_of_told and _traded_ms(held) <= base.update_time_ms) or held.since <= due:
                self._trades.remove(held)
                yield self._tell_trade(held, is_of_told)

    def _exactly(self, missing: Decimal) -> list[_HeldTrade] | None:
        """Find the trades that make up a quantity: the oldest ones, or a single one."""
        if missing <= ZERO:
            return []
        total = ZERO
        for count, held in enumerate(self._trades, 1):
            total = EXACT.add(total, held.quantity)
            if total == missing:
                return self._trades[:count]
        return next(([held] for held in self._trades if held.quantity == missing), None)

    def _within(self, missing: Decimal) -> list[_HeldTrade]:
        """Find the newest trades that a quantity has room for."""
        found: list[_HeldTrade] = []
        for held in reversed(self._trades):
            if held.quantity <= missing:
                found.insert(0, held)
                missing = EXACT.subtract(missing, held.quantity)
        return found

    def _tell_order(self, order: Order, trades: list[_HeldTrade]) -> Iterator[Order]:
        for held in trades:
            self._trades.remove(held)
        before = self.told.status if self.told is not None else OrderStatus.NEW
        was_over = before.is_terminal
        if was_over and order.status is not OrderStatus.FILLED:
            order = replace(order, status=before)
        is_made_by_trade = order.status is OrderStatus.FILLED or was_over or not is_over(order)
        executed = max(Decimal(order.executed_qty), self._executed)
        reached = executed
        for held in trades:
            reached = EXACT.subtract(reached, held.quantity)
        for held in trades:
            reached = EXACT.add(reached, held.quantity)
            if is_made_by_trade and held is trades[-1]:
                break
            yield self._told(
                order,
                held,
                reached,
                before if was_over else OrderStatus.PARTIALLY_FILLED,
                min(_traded_ms(held), order.update_time_ms),
            )
        last = trades[-1] if trades and is_made_by_trade else None
        yield self._told(order, last, executed, order.status, order.update_time_ms)
        if not was_over and is_killed(order):
            yield self._told(order, None, executed, OrderStatus.CANCELED, order.update_time_ms)

    def _tell_trade(self, held: _HeldTrade, is_of_told: bool) -> Order:
        """Tell a trade whose order's update went out before, or didn't come.

        It raises the executed quantity only where every fill before it is accounted for.
        """
        base = self.told or self.known
        assert base is not None, "asked by settle"
        executed = self._executed
        quantity = Decimal(base.quantity)
        is_news = not is_of_told and executed == self._accounted
        if is_news and (quantity == ZERO or EXACT.add(executed, held.quantity) <= quantity):
            executed = EXACT.add(executed, held.quantity)
        status = base.status
        if self.told is None or not is_over(base):
            status = (
                OrderStatus.FILLED
                if executed == quantity > ZERO
                else OrderStatus.PARTIALLY_FILLED
                if executed > ZERO
                else OrderStatus.NEW
            )
        update = self._told(base, held, executed, status, _traded_ms(held))
        self.learn(update)
        return update

    def _told(
        self,
        order: Order,
        held: _HeldTrade | None,
        executed: Decimal,
        status: OrderStatus,
        at_ms: int,
    ) -> Order:
        if held is not None:
            self._accounted = EXACT.add(self._accounted, held.quantity)
            self._told_ids[held.trade.trade_id] = None
            if len(self._told_ids) > _TRADE_IDS:
                del self._told_ids[next(iter(self._told_ids))]
        self._executed = executed
        before_ms = self.told.update_time_ms if self.told is not None else 0
        created_at_ms = self.known.created_at_ms if self.known is not None else 0
        self.told = replace(
            order,
            status=status,
            executed_qty=format(executed, "f"),
            update_time_ms=max(at_ms, before_ms),
            created_at_ms=created_at_ms,
            last_trade=held.trade if held is not None else None,
        )
        return self.told


def is_over(order: Order) -> bool:
    """Say whether an order's status is terminal."""
    return order.status.is_terminal
