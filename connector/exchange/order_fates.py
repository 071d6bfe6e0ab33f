"""What became of an order: executed, lost, or there already under its client id."""

import asyncio
import contextlib
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from math import inf
from time import monotonic

import structlog
from msgspec.structs import replace

from connector.errors import (
    ConnectorError,
    DuplicateOrder,
    Malformed,
    OutcomeUnknown,
    PostOnlyWouldTake,
    RateLimited,
    Transient,
)
from connector.exchange.order_following import ABSENT_AFTER, FOLLOWED_MOST, Following
from connector.exchange.order_ids import OrderIds
from connector.exchange.order_lookup import OrderLookup
from connector.exchange.request import went_at
from connector.exchange.session import Session
from connector.trading import Order, OrderRequest, OrderType, TimeInForce

log = structlog.get_logger(__name__)

LOOKUP_BOUND_S = 10.0
"""How long a lost order is looked up."""
LOOKUP_PAUSES_S = (0.0, 0.2, 0.4, 0.8, 1.6, 2.0)
"""Before each lookup; the last one repeats. A lost order is surely absent after `ABSENT_AFTER`,
over 1.4 s, the last of them when the exchange would execute it no more."""
CLOCKS_S = 1.0
"""So far ahead of its own clock an exchange takes the time of a request to be."""
APART_S = 0.1
"""From one order of before to the next, as they are looked up first."""
EXECUTION_WAIT_S = 2.0
EXECUTION_POLL_S = 0.1
EXECUTION_LAST_S = 8.0
"""For the answer to a question asked in time, which may wait so long for the limit of requests."""
KILLED_KEPT = 10_000
"""Post-only orders that were taken and ended, which answer for no repetition of their id."""
DOUBT_S = 300.0
"""After a crash each client id is looked up before an order is sent with it, for so long from the
first answer to that: the exchange may be away, or the caller."""
RECURRING_AFTER_MS = 60_000
"""A finished order this old doesn't answer for a new one that reuses its client id, unless its
caller was not told of it."""
SKEW_MS = 5_000
"""An order is made at most so long before its sending, by clocks that differ."""


class OrderFates(OrderLookup):
    """What can be found out about an order that is to be placed, or was sent.

    Errors:  those of OrderLookup; DuplicateOrder, PostOnlyWouldTake, OutcomeUnknown.
    """

    def __init__(self, session: Session, ids: OrderIds) -> None:
        super().__init__(session, ids)
        self._killed: dict[tuple[str, str], None] = {}
        self.on_placed: Callable[[Order], None] = lambda _: None
        """Told of an order as its placing is answered, also when nobody waits for that any more."""
        self.on_killed: Callable[[Order], None] = lambda _: None
        """Told of an order that ended in its placing, so that its caller believes it not placed."""
        self._following = Following()
        self._doubtful_until = inf if ids.is_after_crash else 0.0
        self._alone_from = monotonic() + min(session.order_window_s, LOOKUP_BOUND_S) + CLOCKS_S
        """Nothing that a process before this one sent is executed any more."""

    async def stop_following(self) -> None:
        """Look no lost order up any more."""
        await self._following.stop()

    def note_answered(self, request: OrderRequest) -> None:
        """Note that the caller of an order, who is still there, is told what became of it."""
        self._ids.note_answered(request.client_order_id)

    async def existing(self, request: OrderRequest) -> Order | None:
        """Give the order that this client id already has, if it answers for this request.

        An id that was never noted has none, but after a crash: the last ids before it may have been
        sent and not written, and an exchange takes a finished order's id again. What the process
        before this one sent, and nobody answered, may still be on its way: that is waited for.
        Errors:  DuplicateOrder when it is another order's, also of another symbol: exchanges look
                 for ids among a symbol's orders, or among open ones alone. OutcomeUnknown when
                 nobody tells what became of one that was sent before.
        """
        known = self._ids.knows_client_id(request.client_order_id)
        if not known and monotonic() > self._doubtful_until:
            return None
        sent_id = self._client_ids.sent(request.client_order_id)
        used_in = self._ids.symbol_of_client_id(request.client_order_id)
        while True:
            left_s = self._alone_from - monotonic()
            for symbol in dict.fromkeys((request.symbol, used_in or request.symbol)):
                if symbol not in self._session.ccxt.markets:
                    continue  # it was delisted since
                order = await self._found_before(symbol, sent_id, request.client_order_id)
                self._doubtful_until = min(self._doubtful_until, monotonic() + DOUBT_S)
                if order is not None and not self.is_spent(order, request):
                    return await self.repeated(order, request)
            if left_s <= 0 or not self._is_unanswered(request.client_order_id):
                return None
            await asyncio.sleep(min(left_s, LOOKUP_PAUSES_S[-1]))

    async def _found_before(self, symbol: str, sent_id: str, client_order_id: str) -> Order | None:
        try:
            return await self._asked(lambda: self.find(symbol, sent_id))
        except RateLimited:
            raise
        except (Malformed, Transient) as error:
            # this one isn't sent, but one before may have been
            if isinstance(error, Malformed) or self._is_unanswered(client_order_id):
                raise OutcomeUnknown(f"of {client_order_id}, sent before: {error}") from error
            raise

    def _is_unanswered(self, client_order_id: str) -> bool:
        now_ms = self._session.now_ms()
        return self._ids.unanswered_since_ms(client_order_id, now_ms) is not None

    async def open_with(self, request: OrderRequest) -> Order | None:
        """Give the open order that has this client id."""
        standing = await self.open_orders(request.symbol)
        mine = (o for o in standing if o.client_order_id == request.client_order_id)
        return next(mine, None)

    def is_spent(self, order: Order, request: OrderRequest) -> bool:
        """Whether an order has ended so that its client id asks for a new one.

        Some exchanges take an id once only: then they call it a duplicate, and it is sent in other
        words from then on. One whose caller knows nothing of it yet is what he asks for.
        """
        if (order.symbol, order.exchange_order_id) in self._killed:
            return True
        now_ms = self._session.now_ms()
        if not order.status.is_terminal or now_ms - order.update_time_ms <= RECURRING_AFTER_MS:
            return False
        sent_ms = self._ids.unanswered_since_ms(request.client_order_id, now_ms)
        if sent_ms is None:
            return True
        return order.created_at_ms < sent_ms - SKEW_MS or not _is_asked_for(order, request)

    async def repeated(self, order: Order, request: OrderRequest) -> Order:
        """Answer a repetition with its order. Errors: DuplicateOrder when it asks for another."""
        if not _is_asked_for(order, request):
            raise DuplicateOrder(
                f"client order id {request.client_order_id} belongs to another order: "
                f"{order.side.value} {order.quantity} {order.symbol}"
            )
        return await self._as_executed(request, order)

    async def look_up_duplicate(self, request: OrderRequest, sent_id: str) -> Order | None:
        """Look up what the exchange calls a duplicate: it knows the id, though a copy may lag.

        Errors:  OutcomeUnknown when that isn't answered: an order stands, perhaps the one asked
                 for.
        """
        unanswered: ConnectorError | None = None
        for pause in LOOKUP_PAUSES_S[:ABSENT_AFTER]:
            await asyncio.sleep(pause)
            try:
                order = await self.find(request.symbol, sent_id)
            except ConnectorError as error:
                unanswered = error
                log.info("lookup failed", error=str(error)[:200])
            else:
                unanswered = None
                if order is not None:
                    return order
        if unanswered is None:
            return None
        raise OutcomeUnknown(
            f"the exchange has an order of {request.client_order_id}, and doesn't tell it: "
            f"{unanswered}"
        )

    async def look_up_lost(self, request: OrderRequest, sent_id: str) -> Order:
        """Look an order up that this task sent, and that nobody answered.

        Errors:  Transient when it surely was not placed, and won't be; OutcomeUnknown, and then it
                 is followed.
        """
        absent, over_at = 0, went_at() + self._session.order_window_s + CLOCKS_S
        try:
            async with asyncio.timeout(LOOKUP_BOUND_S):
                for attempt in range(1_000):
                    pause = LOOKUP_PAUSES_S[min(attempt, len(LOOKUP_PAUSES_S) - 1)]
                    left_s = over_at - monotonic()
                    await asyncio.sleep(min(pause, left_s) if left_s > 0 else pause)
                    asked_at = monotonic()
                    try:
                        order = await self.find(request.symbol, sent_id)
                        if order is not None and self.is_spent(order, request):
                            order = await self.find_behind(order, sent_id)
                    except ConnectorError as error:
                        absent = 0
                        log.info("lookup failed", error=str(error)[:200])
                        continue
                    if order is not None and not self.is_spent(order, request):
                        return order
                    absent += 1
                    if absent >= ABSENT_AFTER and asked_at >= over_at:
                        raise Transient(
                            "the order was not placed: its answer was lost, and the exchange "
                            "has no order of that client id"
                        )
        except TimeoutError:
            pass
        look = partial(self._tell_lost, request, sent_id)
        self._following.follow(request.client_order_id, look)
        raise OutcomeUnknown(
            f"no answer for {request.client_order_id}, and looking it up gave none "
            f"within {LOOKUP_BOUND_S:.0f} s"
        )

    async def follow_those_of_before(self) -> None:
        """Look up what the process before this one sent, and never told its caller's answer."""
        sent = await asyncio.to_thread(self._ids.unanswered, FOLLOWED_MOST)
        for number, (client_order_id, symbol, sent_ms) in enumerate(sent):
            if symbol in self._session.ccxt.markets:
                look = partial(self._tell_of_before, client_order_id, symbol, sent_ms)
                self._following.follow(client_order_id, look, number * APART_S)

    async def _tell_of_before(self, client_order_id: str, symbol: str, sent_ms: int) -> bool:
        order = await self.find(symbol, self._client_ids.sent(client_order_id))
        if order is None or order.created_at_ms < sent_ms - SKEW_MS:
            return False
        # one that ended unexecuted may be post-only, and believed not placed
        is_news = not order.status.is_terminal or Decimal(order.executed_qty) > 0
        is_told = self._ids.was_told(order.symbol, order.exchange_order_id)
        if is_news and not is_told and self._is_unanswered(client_order_id):
            self._recent.note_placed(order)
            self.on_placed(order)
        return True

    async def _tell_lost(self, request: OrderRequest, sent_id: str) -> bool:
        order = await self.find(request.symbol, sent_id)
        if order is None or self.is_spent(order, request):
            return False
        with contextlib.suppress(PostOnlyWouldTake):
            await self.executed(request, order)
        return True

    async def executed(self, request: OrderRequest, order: Order) -> Order:
        """Ask, up to 2 s, what was executed of an order that executes at once.

        Guarantee:  from then on the order is among the open ones, if it is.
        Errors:     PostOnlyWouldTake for a post-only order that ended without executing.
        """
        if request.post_only:
            order = await self._looked_at(order)
        if request.post_only and order.status.is_terminal and Decimal(order.executed_qty) == 0:
            self._killed[order.symbol, order.exchange_order_id] = None
            if len(self._killed) > KILLED_KEPT:
                del self._killed[next(iter(self._killed))]
            self.note_answered(request)
            self.on_killed(order)
            raise PostOnlyWouldTake(f"the exchange ended the order as {order.status.value}")
        return await self._as_executed(request, order)

    async def _as_executed(self, request: OrderRequest, order: Order) -> Order:
        at_once = request.type is OrderType.MARKET or request.time_in_force in (
            TimeInForce.IOC,
            TimeInForce.FOK,
        )
        if at_once and not order.status.is_terminal:
            order = await self._asked_until_ended(order)
        if not order.client_order_id:  # what was asked since doesn't tell it
            order = replace(order, client_order_id=request.client_order_id)
        self._recent.note_placed(order)
        self.on_placed(order)
        return order

    async def _asked_until_ended(self, order: Order) -> Order:
        clock = asyncio.get_running_loop().time
        last = clock() + EXECUTION_WAIT_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EXECUTION_WAIT_S + EXECUTION_LAST_S):
                while not order.status.is_terminal and clock() < last:
                    await asyncio.sleep(EXECUTION_POLL_S)
                    try:
                        order = await self.get(order.symbol, order.exchange_order_id)
                    except ConnectorError as error:
                        log.info("order not asked for", error=str(error))
        return order

    async def _looked_at(self, order: Order) -> Order:
        """Ask what became of an order, where its placing is answered before that is known."""
        if self._session.way.answers_ids_only and not order.status.is_terminal:
            try:
                return await self.get(order.symbol, order.exchange_order_id)
            except ConnectorError as error:  # the stream tells what becomes of it
                log.info("order not asked for", error=str(error))
        return order


def _is_asked_for(order: Order, request: OrderRequest) -> bool:
    """Whether an order is the one that a request of its client id asks for."""
    return (
        order.symbol == request.symbol
        and order.side is request.side
        and Decimal(order.quantity) == Decimal(request.quantity)
    )
