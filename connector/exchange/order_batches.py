"""Several orders at once: the exchange's own batch call, cut to its limit, else single calls.

Each result is matched to its request by client order id (`order_rows.py`), never by position; ccxt
drops what could not be cancelled.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from connector.errors import ConnectorError, OrderNotFound, OutcomeUnknown, Transient
from connector.exchange.faults import note_stumble
from connector.exchange.few_at_once import few_at_once
from connector.exchange.order_faults import is_outcome_unknown, order_error, refusal
from connector.exchange.order_lookup import SEND_TIMEOUT_S
from connector.exchange.order_outcomes import count, counted
from connector.exchange.order_rows import is_refused, rows_of
from connector.exchange.orders import Orders
from connector.exchange.parse_fields import Raw
from connector.exchange.session import Session
from connector.trading import Order, OrderRequest, OrderStatus

T = TypeVar("T")

CALLS_AT_ONCE = 5
"""Of one batch: the exchange's batch calls, or single ones where it has none or refused one."""
BEGUN_WITHIN_S = 10.0
"""What of a batch has no turn by then, as when the exchange doesn't answer, isn't sent any more."""

Outcome = Order | ConnectorError


class OrderBatches:
    """Batches over one session's orders: one failure neither hides, aborts nor repeats another."""

    def __init__(self, session: Session, orders: Orders) -> None:
        self._session, self._orders = session, orders

    async def place(self, requests: Sequence[OrderRequest]) -> list[Outcome]:
        """Place orders; give each one's order or error, in the order of the requests."""

        async def work() -> list[Outcome]:
            outcomes = await self._place(requests)
            count("place", outcomes)
            return outcomes

        outcomes = await self._orders.to_its_end(work())
        for request, outcome in zip(requests, outcomes, strict=True):
            if isinstance(outcome, Order):
                self._orders.note_answered(request)
        return outcomes

    async def cancel(self, symbol: str, order_ids: Sequence[int]) -> list[ConnectorError | None]:
        """Cancel orders; give each one's error, None where it is cancelled."""

        async def work() -> list[ConnectorError | None]:
            outcomes = await self._cancel(symbol, order_ids)
            count("cancel", outcomes)
            return outcomes

        return await self._orders.to_its_end(work())

    async def cancel_all(self, symbol: str) -> None:
        """Cancel every open order of a symbol; listed, then in batches, where no call does it.

        Errors:  the first of an order that could not be cancelled; one that ended meanwhile is
                 none.
        """
        await self._orders.to_its_end(counted("cancel_all", self._cancel_all(symbol)))

    async def _cancel_all(self, symbol: str) -> None:
        if self._session.offers("cancelAllOrders"):
            await self._orders.cancel_all(symbol)
            return
        listed = [order.order_id for order in await self._orders.open_orders(symbol)]
        for error in await self._cancel(symbol, listed):
            if error is not None and not isinstance(error, OrderNotFound):
                raise error

    async def _place(self, requests: Sequence[OrderRequest]) -> list[Outcome]:
        limit = self._session.way.batch_limit
        if not self._session.offers("createOrders") or limit < 2:
            return await self._each(requests, self._place_singly)
        first: dict[str, int] = {}
        for index, request in enumerate(requests):
            first.setdefault(request.client_order_id, index)
        outcomes: dict[int, Outcome] = {}
        chunks: list[list[int]] = []
        for kin in self._batched_together(sorted(first.values()), requests):
            chunks += _chunks(kin, limit)
        told = await self._each(
            chunks, lambda chunk: self._place_chunk({index: requests[index] for index in chunk})
        )
        for chunk, outcome in zip(chunks, told, strict=True):
            late = isinstance(outcome, ConnectorError)
            outcomes |= dict.fromkeys(chunk, outcome) if late else outcome
        # a client id given twice in one batch
        again = [index for index in range(len(requests)) if index not in outcomes]
        told = await self._each(again, lambda index: self._place_singly(requests[index]))
        outcomes |= zip(again, told, strict=True)
        return [outcomes[index] for index in range(len(requests))]

    def _batched_together(
        self, indices: Sequence[int], requests: Sequence[OrderRequest]
    ) -> list[list[int]]:
        """Part those that the exchange takes in no one batch."""
        if not self._session.way.batch_of_one_symbol:
            return [list(indices)]
        parts: dict[str, list[int]] = {}
        for index in indices:
            parts.setdefault(requests[index].symbol, []).append(index)
        return list(parts.values())

    async def _place_chunk(self, requests: dict[int, OrderRequest]) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        ready: dict[int, tuple[OrderRequest, str, dict[str, Any]]] = {}
        async with AsyncExitStack() as stack:
            for key in sorted(request.client_order_id for request in requests.values()):
                await stack.enter_async_context(self._orders.alone(key))
            told = await self._each(list(requests.values()), self._prepared)
            for index, one in zip(requests, told, strict=True):
                if isinstance(one, tuple):
                    ready[index] = one
                else:
                    outcomes[index] = one
            if ready:
                outcomes |= await self._send(ready)
        return outcomes

    async def _prepared(
        self, request: OrderRequest
    ) -> tuple[OrderRequest, str, dict[str, Any]] | Outcome:
        """Give what is to be sent for an order, or what it is answered with unsent."""
        try:
            fitted = self._orders.fit(await self._orders.as_taken(request))
            existing = await self._orders.existing(fitted)
            return existing or (fitted, *self._orders.sending(fitted))
        except ConnectorError as error:
            return error

    async def _send(
        self, ready: dict[int, tuple[OrderRequest, str, dict[str, Any]]]
    ) -> dict[int, Outcome]:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                raws = await self._session.ccxt.create_orders([a for _, _, a in ready.values()])
        except Exception as error:
            ours = order_error(error, self._session.ccxt.id)
            if isinstance(ours, Transient):  # no order's own fault: the next call would be told so
                return dict.fromkeys(ready, ours)
            lost = error if ours is None or isinstance(ours, OutcomeUnknown) else None
            sent = [(request, sent_id) for request, sent_id, _ in ready.values()]
            if lost is None:  # refused as a whole
                settled = await self._each(sent, lambda one: self._send_singly(*one))
            else:  # all at once, since each may take its 10 s
                settled = await asyncio.gather(*(self._find_out(*one, lost) for one in sent))
            return dict(zip(ready, settled, strict=True))
        return await self._matched(ready, raws)

    async def _matched(
        self, ready: dict[int, tuple[OrderRequest, str, dict[str, Any]]], raws: Sequence[Raw]
    ) -> dict[int, Outcome]:
        sent = {index: (request, sent_id) for index, (request, sent_id, _) in ready.items()}
        in_order = self._session.way.refused_in_order
        told = await rows_of(sent, raws, self._look_up, in_order)
        rows = {
            index: partial(self._outcome, request, sent_id, told.get(index))
            for index, (request, sent_id) in sent.items()
        }
        outcomes = await asyncio.gather(*(self._attempt(row) for row in rows.values()))
        return dict(zip(rows, outcomes, strict=True))

    async def _look_up(self, orders: Sequence[tuple[str, str]]) -> list[Outcome]:
        return await self._each(orders, lambda one: self._attempt(lambda: self._orders.get(*one)))

    async def _outcome(self, request: OrderRequest, sent_id: str, raw: Raw | None) -> Order:
        """Give what one row of a batch's answer makes of its order.

        A row is a refusal when it says so, whatever ids it has, or when it has no order id. What
        can't be read may have been placed, and is looked up like what isn't answered at all.
        """
        error: Exception = TimeoutError("the batch's answer says nothing of this order")
        if raw is not None and is_refused(raw):
            info = raw.get("info")
            if isinstance(info, dict):
                error = refusal(self._session.ccxt.id, info)
        elif raw is not None:
            try:
                placed = self._orders.read(raw, request)
            except ConnectorError as unread:
                error = unread
            else:
                return await self._orders.executed(request, placed)
        return await self._orders.after_failure(request, sent_id, error)

    async def _find_out(self, request: OrderRequest, sent_id: str, lost: Exception) -> Outcome:
        return await self._attempt(lambda: self._orders.after_failure(request, sent_id, lost))

    async def _send_singly(self, request: OrderRequest, _: str) -> Outcome:
        return await self._attempt(lambda: self._orders.send(request))

    async def _place_singly(self, request: OrderRequest) -> Outcome:
        return await self._attempt(lambda: self._orders.place_within(request))

    async def _cancel(self, symbol: str, order_ids: Sequence[int]) -> list[ConnectorError | None]:
        known, errors = await self._exchange_ids(symbol, order_ids)
        limit = self._session.way.cancel_batch_limit
        cancelled: set[str] = set()
        lost: set[str] = set()
        if self._session.offers("cancelOrders") and limit > 1:
            chunks = list(_chunks(list(known), limit))
            told = await self._each(chunks, lambda chunk: self._cancel_chunk(symbol, chunk))
            for chunk, answer in zip(chunks, told, strict=True):
                done, unsaid = (set(), chunk) if isinstance(answer, ConnectorError) else answer
                cancelled |= done
                lost.update(unsaid)
        left = [exchange_id for exchange_id in known if exchange_id not in cancelled]
        outcomes = await self._each(left, lambda id_: self._cancel_singly(symbol, id_, id_ in lost))
        for exchange_id, error in zip(left, outcomes, strict=True):
            errors[known[exchange_id]] = error
        return [errors.get(order_id) for order_id in order_ids]

    async def _exchange_ids(
        self, symbol: str, order_ids: Sequence[int]
    ) -> tuple[dict[str, int], dict[int, ConnectorError | None]]:
        """Give orders by the exchange's own ids, and an error for each that has none."""
        orders, failed = self._orders, None
        found = orders.kept_ids(order_ids)
        missing = [order_id for order_id in order_ids if order_id not in found]
        if missing:
            try:
                found |= await self._session.ask(
                    "orders", lambda: orders.listed_ids(symbol, missing)
                )
            except ConnectorError as error:
                failed = error
        errors: dict[int, ConnectorError | None] = {
            order_id: failed or OrderNotFound(f"no order {order_id} of {symbol}")
            for order_id in missing
            if order_id not in found
        }
        return {exchange_id: order_id for order_id, exchange_id in found.items()}, errors

    async def _cancel_chunk(
        self, symbol: str, exchange_ids: list[str]
    ) -> tuple[set[str], set[str]]:
        """Cancel with one call; give those that it surely cancelled, and those to be looked up.

        Those are what it only names, and all when its answer is lost.
        """
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                raws = await self._session.ccxt.cancel_orders(exchange_ids, symbol)
        except Exception as error:
            note_stumble(error)
            if is_outcome_unknown(error):
                return set(), set(exchange_ids)
            if order_error(error, self._session.ccxt.id) is None:
                raise
            return set(), set()
        said = {"canceled", None} if self._session.way.cancels_told_by_id else {"canceled"}
        named = {str(raw["id"]): raw.get("status") for raw in raws if raw.get("id")}
        done = {order_id for order_id, status in named.items() if status in said}
        return done, {order_id for order_id, status in named.items() if status is None} - done

    async def _cancel_singly(
        self, symbol: str, exchange_id: str, was_lost: bool
    ) -> ConnectorError | None:
        """Cancel one that the batch call didn't, or of which its answer tells nothing.

        In the latter case an order that is canceled by now is a success.
        """
        try:
            await self._orders.cancel_by_exchange_id(symbol, exchange_id)
        except OrderNotFound as error:
            if not was_lost:
                return error
            try:
                order = await self._orders.get(symbol, exchange_id)
            except ConnectorError:
                return error
            return None if order.status is OrderStatus.CANCELED else error
        except ConnectorError as error:
            return error
        return None

    async def _attempt(self, attempt: Callable[[], Awaitable[Order]]) -> Outcome:
        try:
            return await attempt()
        except ConnectorError as error:
            return error

    async def _each(self, items: Sequence[T], work: Callable[[T], Awaitable[Any]]) -> list[Any]:
        """Do some work at once, the rest in turn; what has no turn in time gives Transient."""
        began = monotonic()

        async def one(item: T) -> Any:
            if monotonic() - began > BEGUN_WITHIN_S:
                return Transient("not sent: no answer to what came before it in the batch")
            return await work(item)

        return await few_at_once(CALLS_AT_ONCE, items, one, all_end=True)


def _chunks(items: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
