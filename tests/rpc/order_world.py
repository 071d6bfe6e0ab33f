"""A connector in a world that fails: what was asked, what was answered, what the stream told.

Every rule of tests/rpc/test_order_states.py is one call here. Each answer is held against the
exchange's own book at once; `compare` holds the whole stream against it at the end.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any

import grpc
import msgspec
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.events_pb2 import OrderUpdate

from connector.exchange.order_ids import OrderIds
from connector.simulator.trading.order import Lifetime
from connector.simulator.trading.snapshots import OrderSnapshot
from tests.rpc.conftest import Served, serving

BUY, SELL = types.ORDER_SIDE_BUY, types.ORDER_SIDE_SELL
NEW, PARTLY = types.ORDER_STATUS_NEW, types.ORDER_STATUS_PARTIALLY_FILLED
FILLED, CANCELED = types.ORDER_STATUS_FILLED, types.ORDER_STATUS_CANCELED
FOK = types.TIME_IN_FORCE_FOK
EXPIRED = types.ORDER_STATUS_EXPIRED
STATUSES = {
    "new": NEW,
    "partially_filled": PARTLY,
    "filled": FILLED,
    "canceled": CANCELED,
    "expired": EXPIRED,
}
OPEN = {NEW, PARTLY}
NOWHERE = "NOPE"
RECURRING_S = 61
"""After so long a finished order's client id may be used for another."""
ANSWER_S = 15.0
SETTLE_S = 12.0
UNKNOWN = "order outcome unknown"
KILLED = "POST_ONLY would execute immediately"

Request = resources.PlaceOrderRequest
Refusal = tuple[grpc.StatusCode, str]


class World:
    """One exchange, one connector, one client with two order streams."""

    def __init__(self, served: Served) -> None:
        self.served, self.exchange, self.stub = served, served.exchange, served.stub
        self.asked: list[Request] = []
        """Every order ever asked for, in order."""
        self.answered: dict[int, str] = {}
        """Client order ids as they were answered, by order id."""
        self.never_placed: set[int] = set()
        """Orders that were taken and ended at once, and whose caller was told that they weren't:
        nothing of them may be told."""
        self.undecided: set[int] = set()
        """Such orders, whose caller may have been told so or not."""
        self.heard: list[list[OrderUpdate]] = [[], []]
        self._told_ids = OrderIds(":memory:", "world")
        self._callers = served.connector.ids.caller_id
        self._listening = [asyncio.create_task(self._listen(heard)) for heard in self.heard]

    async def _listen(self, heard: list[OrderUpdate]) -> None:
        call: Any = self.stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
        while True:
            update = await call.read()
            assert update is not grpc.aio.EOF, "an order stream ended"
            heard.append(update)

    async def end(self) -> None:
        for listening in self._listening:
            listening.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        self._told_ids.close()

    # the client

    async def place(self, request: Request) -> None:
        """Place an order; its answer and the book must agree."""
        before, known, calm = self._placed(), self._ids(), self.is_calm
        expected = self._expected(request)
        self.asked.append(request)
        answer = await self._answer(self.stub.PlaceOrder(request))
        self._note_killed(known, [answer])
        added = self._placed() - before
        self._check_placing(request, answer, added, known)
        if expected == "new" and isinstance(answer, resources.Order):
            assert answer.order_id not in known, f"a past order answered for a new one: {answer}"
        if calm:
            self._check_calm_placing(request, answer, expected)

    async def place_late(self, request: Request, filled: str | None, seconds: float) -> None:
        """Place an order whose answer is late, and let it be filled or ended before that."""
        before, known = self._placed(), self._ids()
        self.asked.append(request)
        self.exchange.fail_next(*self.served.path("place"), ("delay", seconds))
        answering = asyncio.ensure_future(self._answer(self.stub.PlaceOrder(request)))
        try:
            async with asyncio.timeout(ANSWER_S):
                while self._placed() == before and not answering.done():
                    await asyncio.sleep(0.001)
            new = [each for each in self.open_orders() if each.order_id not in known]
            if new and filled is not None:
                self.exchange.fill(new[0].symbol, new[0].client_order_id, filled)
            elif new:
                self.exchange.cancel(new[0].symbol, new[0].client_order_id)
        finally:
            answer = await answering
        self._note_killed(known, [answer])
        self._check_placing(request, answer, self._placed() - before, known)

    async def place_together(self, requests: list[Request]) -> None:
        """Place several at the same time, each in a call of its own."""
        before, known = self._placed(), self._ids()
        answers = await asyncio.gather(
            *(self._answer(self.stub.PlaceOrder(each)) for each in requests)
        )
        self._note_killed(known, answers)
        new: set[int] = set()
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, resources.Order):
                self._check_order(request, answer, known)
                new |= {answer.order_id} - known
        unknown = sum(answer[1].startswith(UNKNOWN) for answer in answers if type(answer) is tuple)
        added = (self._placed() - before).total()
        assert len(new) <= added <= len(new) + unknown, answers
        if len({request.client_order_id for request in requests} - {""}) == 1:
            assert added <= 1

    async def place_batch(self, requests: list[Request]) -> None:
        """Place several; each answer and the book must agree."""
        before, known = self._placed(), self._ids()
        self.asked.extend(request for request in requests if request.symbol != NOWHERE)
        answer = await self._answer(
            self.stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=requests))
        )
        assert isinstance(answer, rpc.BatchPlaceOrdersResponse), answer
        failed = {error.index: error for error in answer.errors}
        refusals = [(_code(error.code), error.error_message) for error in answer.errors]
        self._note_killed(known, [*answer.orders, *refusals])
        assert answer.all_success is not bool(failed)
        orders = iter(answer.orders)
        added = self._placed() - before
        unknown: Counter[str] = Counter()
        for index, request in enumerate(requests):
            error = failed.get(index)
            if error is None:
                self._check_order(request, next(orders), known)
            elif error.error_message.startswith(UNKNOWN):
                unknown[request.client_order_id] += 1
        assert next(orders, None) is None
        new = {order.order_id for order in answer.orders} - known
        assert len(new) <= added.total() <= len(new) + unknown.total()

    async def cancel(self, symbol: str, order_id: int) -> None:
        """Cancel one order: it is over afterwards, or the caller was told why not."""
        was_open, calm = order_id in self._open_ids(symbol), self.is_calm
        request = rpc.CancelOrderRequest(symbol=symbol, order_id=order_id)
        self._check_cancel(
            order_id, was_open, await self._answer(self.stub.CancelOrder(request)), calm
        )

    async def cancel_batch(self, symbol: str, order_ids: list[int]) -> None:
        """Cancel several, some of them finished or unknown."""
        was_open, calm = self._open_ids(symbol), self.is_calm
        request = rpc.BatchCancelOrdersRequest(symbol=symbol, order_ids=order_ids)
        answer = await self._answer(self.stub.BatchCancelOrders(request))
        assert isinstance(answer, rpc.BatchCancelOrdersResponse), answer
        failed = {error.index: error for error in answer.errors}
        for index, order_id in enumerate(order_ids):
            error = failed.get(index)
            told: Any = (_code(error.code), error.error_message) if error is not None else answer
            self._check_cancel(order_id, order_id in was_open, told, calm)

    async def cancel_all(self, symbol: str) -> None:
        calm = self.is_calm
        answer = await self._answer(
            self.stub.CancelAllOrders(rpc.CancelAllOrdersRequest(symbol=symbol))
        )
        if isinstance(answer, rpc.CancelAllOrdersResponse):
            assert not self._open_ids(symbol)
        else:
            assert not calm, answer

    async def look(self, symbol: str) -> None:
        """Ask for open orders, and for one order by each of its ids."""
        calm = self.is_calm
        answer = await self._answer(
            self.stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol=symbol))
        )
        if not isinstance(answer, rpc.GetOpenOrdersResponse):
            assert not calm, answer
            return
        listed = {order.order_id for order in answer.orders}
        if self.exchange.list_late:  # of what is older than some seconds the list is believed
            assert listed <= self._open_ids(symbol)
        else:
            assert listed == self._open_ids(symbol)
        for order in answer.orders[-1:]:
            for request in (
                rpc.GetOrderRequest(symbol=symbol, order_id=order.order_id),
                rpc.GetOrderRequest(symbol=symbol, client_order_id=order.client_order_id),
            ):
                found = await self._answer(self.stub.GetOrder(request))
                assert found == order or not calm, found

    # the exchange

    async def fill(self, order: Any, parts: int, is_whole: bool) -> None:
        """Fill an open order in so many equal parts, and the rest too if it shall be whole."""
        step = Decimal("0.001")
        for _ in range(parts):
            remaining = order.quantity - order.executed
            if remaining <= step:
                break
            part = (order.quantity / 10).quantize(step)
            order = self.exchange.fill(
                order.symbol, order.client_order_id, str(min(part, remaining))
            )
            if str(order.status) not in ("new", "partially_filled"):
                return
        if is_whole:
            self.exchange.fill(order.symbol, order.client_order_id)

    async def end_order(self, order: Any, expired: bool) -> None:
        """Cancel or expire an open order without its owner's asking."""
        self.exchange.cancel(order.symbol, order.client_order_id, expired=expired)

    async def advance(self, seconds: float) -> None:
        """Let exchange time pass, and let the connector learn of it."""
        self.exchange.advance(seconds)
        await self.served.connector.session.open()

    async def expire_listen_keys(self) -> None:
        """End the listen key."""
        self.exchange.expire_listen_keys()

    # what is true

    @property
    def is_calm(self) -> bool:
        """Whether no request is about to fail."""
        return not self.exchange.faults.planned

    @property
    def may_expire_listen_keys(self) -> bool:
        """Whether a key may end now: not between its asking for and the opening of its socket.

        No exchange ends a key that it gave out this instant; a deaf socket would be the end of it,
        which is found after `silence_s` only.
        """
        return self.exchange.private_connections == 1 or self.exchange.refuse_websockets

    def orders(self, *, only_open: bool = False) -> list[OrderSnapshot]:
        """Give the exchange's orders, oldest first, each by the id that clients know it by."""
        return [
            msgspec.structs.replace(
                order, order_id=self._told_ids.to_client(order.exchange_id, order.symbol)
            )
            for order in self.exchange.orders(only_open=only_open)
        ]

    def open_orders(self) -> list[OrderSnapshot]:
        """Give the exchange's open orders, oldest first."""
        return self.orders(only_open=True)

    def _placed(self) -> Counter[str]:
        """Count the orders that stood, by client id as sent: not those killed in their placing."""
        placed = Counter(self.exchange.orders_placed)
        killed = self.never_placed | self.undecided
        placed.subtract(o.client_order_id for o in self.orders() if o.order_id in killed)
        return placed

    def _ids(self) -> set[int]:
        return {order.order_id for order in self.orders()}

    def _open_ids(self, symbol: str) -> set[int]:
        return {order.order_id for order in self.open_orders() if order.symbol == symbol}

    def _note_killed(self, known: set[int], answers: Sequence[Any]) -> None:
        """Note which new orders were killed in their placing, and whether their caller knows it."""
        answered = {each.order_id for each in answers if isinstance(each, resources.Order)}
        refusals = [each[1] for each in answers if isinstance(each, tuple)]
        killed = {o.order_id for o in self.orders() if _is_killed(o)} - known - answered
        unknown = any(refusal.startswith(UNKNOWN) for refusal in refusals)
        told = sum(refusal.startswith(KILLED) for refusal in refusals)
        takes_first = self.served.dialect == "bybit"  # Binance looks first, and takes nothing
        assert unknown or len(killed) == told * takes_first, answers
        (self.undecided if unknown else self.never_placed).update(killed)

    def _expected(self, request: Request) -> str:
        """Say what must come of an order when nothing fails: existing, duplicate or open."""
        same = [
            each
            for each in self.orders()
            if self._callers(each.client_order_id) == request.client_order_id
            and each.order_id not in self.never_placed
        ]
        if not request.client_order_id or not same:
            return "new"
        last = next((each for each in same if STATUSES[str(each.status)] in OPEN), same[-1])
        is_over = STATUSES[str(last.status)] not in OPEN
        if is_over and self.exchange.now_ms - last.updated_ms > 60_000:
            return "new"
        side = BUY if str(last.side) == "buy" else SELL
        same_order = (last.symbol, side, last.quantity) == (
            request.symbol,
            request.side,
            Decimal(request.quantity.value),
        )
        return "existing" if same_order else "duplicate"

    def _check_placing(
        self, request: Request, answer: Any, added: Counter[str], known: set[int]
    ) -> None:
        if isinstance(answer, resources.Order):
            self._check_order(request, answer, known)
            assert added.total() == (answer.order_id not in known), (added, answer)
        elif not answer[1].startswith(UNKNOWN):
            assert not added, f"told {answer}, and placed {added}"

    def _check_order(self, request: Request, order: resources.Order, known: set[int]) -> None:
        found = next(each for each in self.orders() if each.order_id == order.order_id)
        assert order.client_order_id
        assert order.client_order_id == (request.client_order_id or order.client_order_id)
        assert (order.symbol, order.side) == (request.symbol, request.side)
        assert Decimal(order.quantity.value) == Decimal(request.quantity.value) == found.quantity
        assert Decimal(order.executed_qty.value) <= found.executed
        assert order.created_at.seconds > 0
        assert self.answered.setdefault(order.order_id, order.client_order_id) == (
            order.client_order_id
        )
        if request.type == types.ORDER_TYPE_MARKET and order.order_id not in known:
            assert Decimal(order.executed_qty.value) == found.executed > 0

    def _check_calm_placing(self, request: Request, answer: Any, expected: str) -> None:
        if expected == "duplicate":
            assert answer[0] is grpc.StatusCode.ALREADY_EXISTS, answer
        elif expected == "existing":
            assert isinstance(answer, resources.Order), answer
        elif not isinstance(answer, resources.Order):
            refused: Refusal = answer
            allowed = {
                "insufficient funds": True,
                "POST_ONLY would execute": request.post_only,
                "order rejected": request.reduce_only or request.time_in_force == FOK,
            }
            assert any(ok and refused[1].startswith(head) for head, ok in allowed.items()), answer

    def _check_cancel(self, order_id: int, was_open: bool, answer: Any, calm: bool) -> None:
        is_open = any(each.order_id == order_id for each in self.open_orders())
        if not isinstance(answer, tuple):
            assert not is_open
            if calm:  # else a lost answer can't say who cancelled it
                assert was_open, f"{order_id} was not open, and its cancelling a success"
            order = next(each for each in self.orders() if each.order_id == order_id)
            ended = STATUSES[str(order.status)]
            # Bybit has one word for both, by which a lost answer is looked up
            is_told_alike = self.served.dialect == "bybit" and not calm
            assert ended == CANCELED or (is_told_alike and ended == EXPIRED), order
        elif answer[0] is grpc.StatusCode.NOT_FOUND:
            assert not is_open, answer
            # a DELETE whose connection broke is repeated by aiohttp: then its own doing is told
            assert not was_open or not calm, f"{order_id} was open: {answer}"
            assert answer[1].startswith("order not found")
        else:
            assert not calm, answer

    async def _answer(self, call: Any) -> Any:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await call
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""

    # the end

    async def settle(self) -> None:
        """Let nothing fail any more, and wait until the streams have told every order's end."""
        self.exchange.faults.forget()
        self.exchange.refuse_websockets = False
        self.exchange.list_late = False
        try:
            async with asyncio.timeout(SETTLE_S):
                while any(self._missing(heard) for heard in self.heard):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"not told: {[self._missing(h) for h in self.heard]}") from None

    def compare(self) -> None:
        """Hold every order's history on each stream against the exchange's book."""
        book = {o.order_id: o for o in self.orders() if o.order_id not in self.never_placed}
        for heard in self.heard:
            histories: dict[int, list[OrderUpdate]] = defaultdict(list)
            for update in heard:
                histories[update.order_id].append(update)
            assert histories.keys() - self.undecided == book.keys() - self.undecided
            for order_id, updates in histories.items():
                check_history(updates, book[order_id], self.served.dialect)
                client_order_id = updates[0].client_order_id
                assert self.answered.get(order_id, client_order_id) == client_order_id
            trades = [u.last_trade.trade_id for u in heard if u.HasField("last_trade")]
            assert [t for t, count in Counter(trades).items() if count > 1] == []
        assert self.heard[0] == self.heard[1]

    def _missing(self, heard: list[OrderUpdate]) -> list[str]:
        last = {update.order_id: update for update in heard}
        filled: dict[int, Decimal] = defaultdict(Decimal)
        for update in heard:
            filled[update.order_id] += Decimal(update.last_trade.quantity.value or 0)
        return [
            f"{order.client_order_id} {order.status} {order.executed}, "
            f"told: {[_shown(u) for u in heard if u.order_id == order.order_id]}"
            for order in self.orders()
            if order.order_id not in self.never_placed | self.undecided
            if order.order_id not in last
            or last[order.order_id].status != _final(order)
            or filled[order.order_id] < order.executed
        ]


def check_history(updates: list[OrderUpdate], order: OrderSnapshot, exchange: str) -> None:
    """Hold one order's updates against the exchange's own state of it."""
    shown = [_shown(u) for u in updates]
    assert updates[-1].status == _final(order), (shown, order)
    assert Decimal(updates[-1].executed_qty.value) == order.executed, (shown, order)
    filled = [u.last_trade for u in updates if u.HasField("last_trade")]
    assert sum(Decimal(each.quantity.value) for each in filled) == order.executed, (shown, order)
    assert {each.order_id for each in filled} <= {order.order_id}
    assert {(u.symbol, u.exchange) for u in updates} == {(order.symbol, exchange)}
    assert len({u.client_order_id for u in updates}) == 1
    for before, after in pairwise(updates):
        assert Decimal(before.executed_qty.value) <= Decimal(after.executed_qty.value), shown
        assert before.update_time <= after.update_time, shown
        is_kill = (before.status, after.status) == (EXPIRED, CANCELED)
        assert before.status in OPEN or after.HasField("last_trade") or is_kill, shown
        assert after.status != NEW, shown
        news = (u.status for u in (before, after))
        assert after.HasField("last_trade") or len(set(news)) == 2, shown


def _shown(u: OrderUpdate) -> str:
    return f"{u.status} {u.executed_qty.value} {u.last_trade.trade_id} {u.update_time}"


def _is_killed(order: OrderSnapshot) -> bool:
    """Whether it may have ended in its placing since it would not have rested."""
    is_post_only = order.lifetime is Lifetime.POST_ONLY
    return is_post_only and STATUSES[str(order.status)] not in OPEN and not order.executed


def _final(order: OrderSnapshot) -> int:
    status = STATUSES[str(order.status)]
    return CANCELED if status == EXPIRED else status


def _code(number: int) -> grpc.StatusCode:
    return next(code for code in grpc.StatusCode if code.value[0] == number)


@asynccontextmanager
async def world(dialect: str) -> AsyncGenerator[World]:
    """Serve one, with both streams open; afterwards nothing of it is left."""
    feeds = {"orders": {"silence_s": 5}}
    options = {"recvWindow": 1}
    async with serving({"fill_ratio": 0}, feeds, dialect=dialect, options=options) as served:
        served.connector.session.ccxt.enableRateLimit = False
        made = World(served)
        try:
            await served.until_private_topics()
            await served.until(lambda: served.connector.service.streams.open == 2)
            yield made
        finally:
            await made.end()
