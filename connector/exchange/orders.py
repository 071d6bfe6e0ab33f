"""Orders: placed exactly once, and cancelled.

A lost answer is never answered with a second order: the order is looked up by its client id until
the exchange tells what became of it, or a bound of 10 s is reached and the caller is told that
nobody knows.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from decimal import Decimal
from math import inf
from time import monotonic
from typing import Any, TypeVar

import structlog

from connector.domain import Digits, MarketType, SymbolInfo, digits
from connector.errors import (
    ConnectorError,
    DuplicateOrder,
    InvalidOrder,
    Malformed,
    OrderNotFound,
    OutcomeUnknown,
    PostOnlyWouldTake,
    Transient,
    Unsupported,
)
from connector.exchange.capabilities import takes
from connector.exchange.faults import note_stumble
from connector.exchange.order_faults import order_error
from connector.exchange.order_ids import OrderIds
from connector.exchange.order_lookup import SEND_TIMEOUT_S, OrderLookup
from connector.exchange.order_outcomes import counted
from connector.exchange.parse import parse_symbol_info
from connector.exchange.parse_fields import Raw
from connector.exchange.rounding import contracts, fitted
from connector.exchange.session import Session
from connector.exchange.spot import spot_parameters, with_quantity_kept
from connector.trading import Order, OrderRequest, OrderStatus, OrderType, TimeInForce

log = structlog.get_logger(__name__)

T = TypeVar("T")

LOOKUP_BOUND_S = 10.0
"""How long a lost order is looked up."""
LOOKUP_PAUSES_S = (0.0, 0.2, 0.4, 0.8, 1.6, 2.0)
"""Before each lookup; the last one repeats."""
ABSENT_AFTER = 4
"""So many answers "no such order" in a row, over 1.4 s, make a lost order surely absent."""
FOLLOWED_EVERY_S = 10.0
FOLLOWED_FOR_S = 86_400.0
"""So often, and so long at most, an order of unknown outcome is looked up, so that the stream can
tell of it."""
FOLLOWED_AT_ONCE = 100
FOLLOWED_MOST = 1_000
"""Those beyond the first 100 have their turn as others are found, or are surely absent."""
EXECUTION_WAIT_S = 2.0
EXECUTION_POLL_S = 0.1
EXECUTION_LAST_S = 8.0
"""For the answer to a question asked in time, which may wait so long for the limit of requests."""
CLOSE_S = 0.5
"""For what was sent, after the grace that calls had to end."""
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


class Orders(OrderLookup):
    """The orders of one session's account: placed and cancelled, and asked for.

    Errors:  what connector/exchange/order_faults.py makes of the exchange's own code and text:
             InsufficientFunds, InvalidOrder, PostOnlyWouldTake, OrderNotFound, DuplicateOrder,
             OrderRejected, UnknownSymbol, Denied, RateLimited, Transient, OutcomeUnknown.
    """

    def __init__(self, session: Session, ids: OrderIds) -> None:
        super().__init__(session, ids)
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._infos: dict[str, tuple[Raw, SymbolInfo]] = {}
        """What `fit` reads of a market, with the structure that it was read of."""
        self._killed: dict[tuple[str, str], None] = {}
        self.on_placed: Callable[[Order], None] = lambda _: None
        """Told of an order as its placing is answered, also when nobody waits for that any more."""
        self.on_killed: Callable[[Order], None] = lambda _: None
        """Told of an order that ended in its placing, so that its caller believes it not placed."""
        self._underway: set[asyncio.Task[Any]] = set()
        self._followed: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(FOLLOWED_AT_ONCE)
        """Of those followed."""
        self._doubtful_until = inf if ids.is_after_crash else 0.0

    async def close(self) -> None:
        """Wait a moment for what has been sent; nothing new may be placed meanwhile.

        What is not answered by then is given up: its caller knows no outcome, and asks again.
        """
        for each in self._followed:
            each.cancel()
        await asyncio.gather(*self._followed, return_exceptions=True)
        if self._underway:
            _, late = await asyncio.wait(self._underway, timeout=CLOSE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # placing

    async def place(self, request: OrderRequest) -> Order:
        """Place an order once, or answer with the one that its client id already has.

        Guarantee:  goes on to its end when the caller leaves, so that nothing is left half done;
                    orders of one client id follow one another. One that its caller was not told
                    of answers for its repetition, also after a crash and long after its end.
        """
        order = await self.to_its_end(counted("place", self.place_within(request)))
        self.note_answered(request)
        return order

    def note_answered(self, request: OrderRequest) -> None:
        """Note that the caller of an order, who is still there, is told what became of it."""
        self._ids.note_answered(request.client_order_id)

    async def place_within(self, request: OrderRequest) -> Order:
        """Place an order as `place` does, within work that goes on to its end, and counts it."""
        async with self.alone(request.client_order_id):
            request = self.fit(await self.as_taken(request))
            existing = await self.existing(request)
            return existing or await self.send(request)

    @contextlib.asynccontextmanager
    async def alone(self, client_order_id: str) -> AsyncGenerator[None]:
        """Let nobody else place an order of this client id meanwhile."""
        lock, waiting = self._locks.get(client_order_id) or (asyncio.Lock(), 0)
        self._locks[client_order_id] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks.pop(client_order_id)
            if waiting > 1:
                self._locks[client_order_id] = (lock, waiting - 1)

    async def as_taken(self, request: OrderRequest) -> OrderRequest:
        """Give the kind of order that says the same where the exchange hasn't this kind.

        Errors:  those of asking for a price, where it takes one.
        """
        session, symbol = self._session, request.symbol
        if session.market_type is not MarketType.SPOT or not session.way.spot_buys_by_cost:
            return request

        async def best_ask() -> Digits:
            ticker: Raw = await session.ask("a ticker", lambda: session.ccxt.fetch_ticker(symbol))
            return digits(ticker.get("ask") or ticker.get("last"))

        return await with_quantity_kept(request, best_ask)

    def fit(self, request: OrderRequest) -> OrderRequest:
        """Round an order to its market.

        Errors:  InvalidOrder, also for post-only, IOC and FOK where the exchange hasn't them;
                 Unsupported for an inverse contract, which counts in quote money.
        """
        ccxt, in_force = self._session.ccxt, request.time_in_force
        is_limit = request.type is OrderType.LIMIT
        if is_limit and not takes(ccxt, self._session.market_type, in_force):
            kind = "post-only" if request.post_only else in_force.value
            raise InvalidOrder(f"{ccxt.id} has no {kind} orders")
        market = ccxt.market(request.symbol)
        if market.get("inverse"):
            raise Unsupported(
                f"orders of {market['id']}: an inverse contract is counted in {market['quote']}, "
                f"and a quantity in {market['base']} is no whole number of them"
            )
        known, info = self._infos.get(request.symbol, (None, None))
        if info is None or known is not market:
            info = parse_symbol_info(market, request.symbol, ccxt.precisionMode)
            self._infos[request.symbol] = (market, info)
        return fitted(request, info)

    def sending(self, request: OrderRequest) -> tuple[str, dict[str, Any]]:
        """Give the client id as the exchange takes it, and ccxt's arguments of an order.

        Guarantee:  what is sent, and the way back from that id, is kept before.
        Errors:     Unsupported, InvalidOrder for what spot hasn't.
        """
        session = self._session
        on_spot = session.market_type is MarketType.SPOT
        spots = (
            spot_parameters(request, session.ccxt.id, session.way.spot_margin) if on_spot else {}
        )
        sent_id = self._client_ids.sent(request.client_order_id)
        now_ms = session.now_ms()
        self._ids.note_sending(request.client_order_id, sent_id, request.symbol, now_ms)
        params: dict[str, Any] = {"clientOrderId": sent_id, **spots}
        if request.time_in_force is TimeInForce.GTX:
            params["postOnly"] = True
        elif request.type is OrderType.LIMIT:
            params["timeInForce"] = request.time_in_force.value
        if request.reduce_only and not on_spot:
            params["reduceOnly"] = True
        size = self._session.ccxt.market(request.symbol)["contractSize"]
        return sent_id, {
            "symbol": request.symbol,
            "type": request.type.value,
            "side": request.side.value,
            "amount": contracts(request.quantity, size),
            "price": request.price,
            "params": params,
        }

    async def send(self, request: OrderRequest) -> Order:
        """Send an order that was fitted, and whose client id is nobody else's meanwhile."""
        sent_id, arguments = self.sending(request)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                raw = await self._session.ccxt.create_order(*arguments.values())
            placed = self.read(raw, request)
        except Exception as error:
            return await self.after_failure(request, sent_id, error)
        return await self.executed(request, placed)

    async def after_failure(self, request: OrderRequest, sent_id: str, error: Exception) -> Order:
        """Find out what became of an order whose sending raised, or whose answer can't be read.

        Errors:  the exchange's refusal as ours; Transient when it surely was not placed;
                 OutcomeUnknown.
        """
        note_stumble(error)
        ours = order_error(error, self._session.ccxt.id)
        if ours is None or isinstance(ours, Malformed):
            log.error(
                "answer not read",
                client_order_id=request.client_order_id,
                error=str(ours or error)[:200],
                exc_info=error if ours is None else None,
            )
        if ours is None or isinstance(ours, Malformed | OutcomeUnknown):
            log.warning("answer lost", client_order_id=request.client_order_id)
            order = await self._look_up_lost(request, sent_id)
            return await self.executed(request, order)
        if isinstance(ours, DuplicateOrder):
            existing = await self.find(request.symbol, sent_id)
            if existing is not None and self._is_spent(existing, request):
                existing = await self._open_with(request)
                if existing is not None:  # an old order of this id hid the one that stands
                    return await self._repeated(existing, request)
                self._client_ids.renew(request.client_order_id)
                return await self.send(request)
            if existing is not None:
                return await self._repeated(existing, request)
        raise ours from error

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

    async def existing(self, request: OrderRequest) -> Order | None:
        """Give the order that this client id already has, if it answers for this request.

        An id that was never noted has none, but after a crash: the last ids before it may have been
        sent and not written, and an exchange takes a finished order's id again.
        Errors:  DuplicateOrder when it is another order's, also of another symbol: exchanges look
                 for ids among a symbol's orders, or among open ones alone.
        """
        known = self._ids.knows_client_id(request.client_order_id)
        if not known and monotonic() > self._doubtful_until:
            return None
        sent_id = self._client_ids.sent(request.client_order_id)
        used_in = self._ids.symbol_of_client_id(request.client_order_id)
        for symbol in dict.fromkeys((request.symbol, used_in or request.symbol)):
            if symbol not in self._session.ccxt.markets:
                continue  # it was delisted since
            order = await self._asked(lambda symbol=symbol: self.find(symbol, sent_id))
            self._doubtful_until = min(self._doubtful_until, monotonic() + DOUBT_S)
            if order is not None and not self._is_spent(order, request):
                return await self._repeated(order, request)
        return None

    async def _open_with(self, request: OrderRequest) -> Order | None:
        standing = await self.open_orders(request.symbol)
        mine = (o for o in standing if o.client_order_id == request.client_order_id)
        return next(mine, None)

    def _is_spent(self, order: Order, request: OrderRequest) -> bool:
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

    async def _repeated(self, order: Order, request: OrderRequest) -> Order:
        """Answer a repetition with its order. Errors: DuplicateOrder when it asks for another."""
        if not _is_asked_for(order, request):
            raise DuplicateOrder(
                f"client order id {request.client_order_id} belongs to another order: "
                f"{order.side.value} {order.quantity} {order.symbol}"
            )
        return await self._as_executed(request, order)

    async def _look_up_lost(self, request: OrderRequest, sent_id: str) -> Order:
        absent = 0
        try:
            async with asyncio.timeout(LOOKUP_BOUND_S):
                for attempt in range(1_000):
                    pause = LOOKUP_PAUSES_S[min(attempt, len(LOOKUP_PAUSES_S) - 1)]
                    await asyncio.sleep(pause)
                    try:
                        order = await self.find(request.symbol, sent_id)
                    except ConnectorError as error:
                        absent = 0
                        log.info("lookup failed", error=str(error)[:200])
                        continue
                    if order is not None and not self._is_spent(order, request):
                        return order
                    absent += 1
                    if absent >= ABSENT_AFTER:
                        raise Transient(
                            "the order was not placed: its answer was lost, and the exchange "
                            "has no order of that client id"
                        )
        except TimeoutError:
            pass
        self._follow(request, sent_id)
        raise OutcomeUnknown(
            f"no answer for {request.client_order_id}, and looking it up gave none "
            f"within {LOOKUP_BOUND_S:.0f} s"
        )

    def _follow(self, request: OrderRequest, sent_id: str) -> None:
        """Go on looking an order up whose caller was told that nobody knows.

        He may never repeat it, and the private websocket may have been away while it was filled.
        """
        if len(self._followed) >= FOLLOWED_MOST:
            log.warning("too many lost orders", client_order_id=request.client_order_id)
            return
        task = asyncio.get_running_loop().create_task(self._found_later(request, sent_id))
        self._followed.add(task)
        task.add_done_callback(self._followed.discard)

    async def _found_later(self, request: OrderRequest, sent_id: str) -> None:
        absent, until = 0, monotonic() + FOLLOWED_FOR_S
        async with self._turns:
            while absent < ABSENT_AFTER and monotonic() < until:
                await asyncio.sleep(FOLLOWED_EVERY_S)
                try:
                    order = await self.find(request.symbol, sent_id)
                    if order is not None and not self._is_spent(order, request):
                        await self.executed(request, order)
                        return
                except PostOnlyWouldTake:
                    return
                except ConnectorError as error:  # no answer, so no absence
                    log.info("lookup failed", error=str(error)[:200])
                    continue
                absent += 1

    # cancelling

    async def cancel(self, symbol: str, order_id: int) -> None:
        """Cancel an order. Errors: OrderNotFound for an unknown or finished one."""
        await self.to_its_end(counted("cancel", self._cancel(symbol, order_id)))

    async def _cancel(self, symbol: str, order_id: int) -> None:
        exchange_id = await self._asked(lambda: self.exchange_id(symbol, order_id))
        await self.cancel_by_exchange_id(symbol, exchange_id)

    async def cancel_by_exchange_id(self, symbol: str, exchange_id: str) -> None:
        """Cancel an order by the exchange's id; what a lost answer did is looked up.

        Errors:  OrderNotFound, also when the order ended otherwise; Transient when it is still
                 open.
        """
        ccxt = self._session.ccxt
        try:
            await self._call(lambda: ccxt.cancel_order(exchange_id, symbol))
            self._recent.note_ended(symbol, exchange_id)
        except Transient as error:
            order = await self._asked(lambda: self.get(symbol, exchange_id))
            if not order.status.is_terminal:
                raise error from None
            if order.status is not OrderStatus.CANCELED:
                raise OrderNotFound(f"order {exchange_id} is {order.status.value}") from None

    async def cancel_all(self, symbol: str) -> None:
        """Cancel every open order of a symbol with the exchange's one call. Errors: Unsupported."""
        ccxt = self._session.ccxt
        if not self._session.offers("cancelAllOrders"):
            raise Unsupported(f"{ccxt.id} has no call that cancels all orders")
        await self.to_its_end(
            self._asked(lambda: self._call(lambda: ccxt.cancel_all_orders(symbol)))
        )

    async def to_its_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Let work that was begun end, also when its caller leaves."""
        task = asyncio.get_running_loop().create_task(work)
        self._underway.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._underway.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may be gone: then nobody else looks at it


def _is_asked_for(order: Order, request: OrderRequest) -> bool:
    """Whether an order is the one that a request of its client id asks for."""
    return (
        order.symbol == request.symbol
        and order.side is request.side
        and Decimal(order.quantity) == Decimal(request.quantity)
    )
