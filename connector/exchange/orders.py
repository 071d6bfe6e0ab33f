"""Orders: placed exactly once, and cancelled.

A lost answer is never answered with a second order: the order is looked up by its client id until
the exchange tells what became of it, or a bound of 10 s is reached and the caller is told that
nobody knows.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

import structlog

from connector.domain import Digits, MarketType, SymbolInfo, digits
from connector.errors import (
    DuplicateOrder,
    InvalidOrder,
    Malformed,
    OrderNotFound,
    OutcomeUnknown,
    Refused,
    Transient,
    Unsupported,
)
from connector.exchange.capabilities import takes
from connector.exchange.faults import note_stumble
from connector.exchange.order_fates import OrderFates
from connector.exchange.order_faults import order_error
from connector.exchange.order_ids import OrderIds
from connector.exchange.order_lookup import SEND_TIMEOUT_S
from connector.exchange.order_outcomes import counted
from connector.exchange.parse import parse_symbol_info
from connector.exchange.parse_fields import Raw
from connector.exchange.rounding import contracts, fitted
from connector.exchange.session import Session
from connector.exchange.spot import spot_parameters, with_quantity_kept
from connector.trading import Order, OrderRequest, OrderStatus, OrderType, TimeInForce

log = structlog.get_logger(__name__)

T = TypeVar("T")

CLOSE_S = 0.5
"""For what was sent, after the grace that calls had to end."""


class Orders(OrderFates):
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
        self._underway: set[asyncio.Task[Any]] = set()

    async def close(self) -> None:
        """Wait a moment for what has been sent; nothing new may be placed meanwhile.

        What is not answered by then is given up: its caller knows no outcome, and asks again.
        """
        await self.stop_following()
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
            order = await self.look_up_lost(request, sent_id)
            return await self.executed(request, order)
        if isinstance(ours, DuplicateOrder):
            existing = await self.look_up_duplicate(request, sent_id)
            if existing is not None and self.is_spent(existing, request):
                existing = await self.open_with(request)
                if existing is not None:  # an old order of this id hid the one that stands
                    return await self.repeated(existing, request)
                self._client_ids.renew(request.client_order_id)
                return await self.send(request)
            if existing is not None:
                return await self.repeated(existing, request)
        elif isinstance(ours, Refused):
            self.note_answered(request)  # nothing stands that may be asked for
        raise ours from error

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
            try:
                order = await self._asked(lambda: self.get(symbol, exchange_id))
            except Malformed:
                raise error from None
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
