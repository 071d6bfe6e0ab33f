"""Asking for the account's orders: one by either of its ids, or all that are open."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from connector.domain import Digits
from connector.errors import (
    ConnectorError,
    Malformed,
    OrderNotFound,
    Transient,
    Unsupported,
)
from connector.exchange.capabilities import ORDER_LISTS
from connector.exchange.client_ids import ClientIds
from connector.exchange.faults import note_stumble
from connector.exchange.few_at_once import few_at_once
from connector.exchange.listings import list_open_orders
from connector.exchange.order_faults import is_outcome_unknown, order_error
from connector.exchange.order_ids import OrderIds
from connector.exchange.order_recency import RecentOrders
from connector.exchange.parse_fields import Raw, instant
from connector.exchange.parse_orders import OrderReader
from connector.exchange.rounding import contracts
from connector.exchange.session import Session
from connector.trading import Order, OrderRequest

T = TypeVar("T")

SEND_TIMEOUT_S = 10.0
"""Bound of one sending; what isn't answered by then is lost."""
ASKED_AT_ONCE = 5
"""Of the orders that a list lacks; who asks about hundreds keeps orders from being placed."""


class OrderLookup:
    """What can be asked about the orders of one session's account.

    Errors:  what connector/exchange/order_faults.py makes of the exchange's own code and text.
    """

    def __init__(self, session: Session, ids: OrderIds) -> None:
        self._session, self._ids = session, ids
        self._client_ids = ClientIds(session.way.client_ids, ids)
        self._recent = RecentOrders()

    async def find(self, symbol: str, sent_id: str) -> Order | None:
        """Look an order up by the client id that was sent; None when the exchange has none.

        An answer of another client id is none: the question was not understood.
        """
        try:
            raw = await self._fetch(symbol, None, sent_id)
        except OrderNotFound:
            return None
        except Unsupported:
            raw = None
        if raw is not None and str(raw.get("clientOrderId") or sent_id) == sent_id:
            return self.read({**raw, "clientOrderId": sent_id})
        return await self._listed(symbol, lambda raw: raw.get("clientOrderId") == sent_id)

    async def get(self, symbol: str, exchange_order_id: str) -> Order:
        """Ask for an order by the exchange's id.

        Errors:  OrderNotFound; Malformed when another order is told.
        """
        try:
            raw = await self._fetch(symbol, exchange_order_id, None)
            told = str(raw.get("id") or exchange_order_id)
            if told != exchange_order_id:
                raise Malformed(f"asked for order {exchange_order_id}, told of {told[:40]}")
            return self.read(raw)
        except Unsupported:
            order = await self._listed(symbol, lambda raw: raw.get("id") == exchange_order_id)
            if order is None:
                raise OrderNotFound(f"no order {exchange_order_id} of {symbol}") from None
            return order

    async def _fetch(self, symbol: str, order_id: str | None, sent_id: str | None) -> Raw:
        ccxt, fetch_order = self._session.ccxt, self._session.way.fetch_order
        return await self._call(lambda: fetch_order(ccxt, symbol, order_id, sent_id))

    async def by_order_id(self, symbol: str, order_id: int) -> Order:
        """Ask for an order by the int64 that clients know. Errors: OrderNotFound."""

        async def question() -> Order:
            return await self.get(symbol, await self.exchange_id(symbol, order_id))

        return await self._asked(question)

    async def by_client_order_id(self, symbol: str, client_order_id: str) -> Order:
        """Ask for an order by its caller's id. Errors: OrderNotFound."""
        sent_id = self._client_ids.sent(client_order_id)
        order = await self._asked(lambda: self.find(symbol, sent_id))
        if order is None:
            raise OrderNotFound(f"no order of client id {client_order_id[:40]!r}")
        return order

    async def open_orders(self, symbol: str | None) -> list[Order]:
        """Ask for the open orders of a symbol, or of every served one.

        Guarantee:  all of them, however many pages they fill, or an error; an order is among them
                    from the answer to its placing on: one that the exchange doesn't list yet is
                    asked for by itself.
        Errors:     those of the questions; Unsupported for a list that nobody can read to its end.
        """
        session, serves = self._session, self._session.symbols.serves

        async def question() -> list[Order]:
            raws = await self._call(lambda: list_open_orders(session, symbol))
            return [self.read(raw) for raw in raws if serves(raw.get("symbol") or "")]

        listed = await self._asked(question)
        missing = self._recent.missing_in(listed, symbol)
        seen = await few_at_once(ASKED_AT_ONCE, missing, self._as_it_stands)
        return [*listed, *(order for order in seen if not order.status.is_terminal)]

    async def _as_it_stands(self, placed: Order) -> Order:
        try:
            return await self._asked(lambda: self.get(placed.symbol, placed.exchange_order_id))
        except OrderNotFound:
            return placed  # looking it up lags, too

    async def exchange_id(self, symbol: str, order_id: int) -> str:
        """Give the exchange's own id of the int64 that clients know.

        Guarantee:  a number that the exchange uses as it is, else from the store, else from open
                    orders and recent history.
        Errors:     OrderNotFound.
        """
        found = self.kept_ids([order_id]) or await self.listed_ids(symbol, [order_id])
        if not found:
            raise OrderNotFound(f"no order {order_id} of {symbol}")
        return found[order_id]

    def kept_ids(self, order_ids: Sequence[int]) -> dict[int, str]:
        """Give the exchange's own ids of those that need no asking."""
        kept = {order_id: self._ids.to_exchange(order_id) for order_id in order_ids}
        return {order_id: known[0] for order_id, known in kept.items() if known is not None}

    async def listed_ids(self, symbol: str, order_ids: Sequence[int]) -> dict[int, str]:
        """Give the exchange's own ids of those that stand in its lists, each asked for once."""
        missing = {order_id for order_id in order_ids if order_id > 0}
        found: dict[int, str] = {}
        for method in self._lists():
            if not missing:
                break
            for raw in await self._list(method, symbol):
                exchange_id = str(raw.get("id"))
                order_id = self._ids.to_client(exchange_id, symbol)
                if order_id in missing:
                    missing.discard(order_id)
                    found[order_id] = exchange_id
        return found

    def read(self, raw: Raw, request: OrderRequest | None = None) -> Order:
        """Read an order; what an answer leaves out is filled from its request."""
        merged = {key: value for key, value in raw.items() if value is not None}
        if request is not None:
            size = self._session.ccxt.market(request.symbol)["contractSize"]
            merged = {
                "side": request.side.value,
                "type": request.type.value,
                "amount": contracts(request.quantity, size),
                "price": request.price,
                **merged,
                # an answer with ids alone lets ccxt guess: a spot pair of the perpetual's id
                "symbol": request.symbol,
                "clientOrderId": request.client_order_id,
            }
        else:
            sent_id = str(merged.get("clientOrderId") or "")
            merged["clientOrderId"] = self._client_ids.caller(sent_id)
        order = self.reader(str(merged.get("symbol") or "")).order(merged)
        if order.client_order_id:
            self._ids.note_client_id(order.client_order_id, order.symbol, order.created_at_ms)
        if order.status.is_terminal:
            self._recent.note_ended(order.symbol, order.exchange_order_id)
        return order

    def reader(self, symbol: str) -> OrderReader:
        """Give the reader of a symbol's orders and trades. Errors: Malformed for no market."""
        market = self._session.ccxt.markets.get(symbol)
        if market is None:
            raise Malformed(f"an order of {symbol[:40]!r}, which is no market")
        size: Digits | None = market.get("contractSize")
        realized_in = self._session.way.realized_in
        return OrderReader(size, self._ids.to_client, self._session.now_ms(), realized_in)

    async def _listed(self, symbol: str, wanted: Callable[[Raw], bool]) -> Order | None:
        for method in self._lists():
            for raw in await self._list(method, symbol):
                if wanted(raw):
                    return self.read(raw)
        return None

    async def find_behind(self, past: Order, sent_id: str) -> Order | None:
        """Look in the lists for another order of a client id, no older than the one it was given.

        Of several orders of one id an exchange may tell any.
        """

        def wanted(raw: Raw) -> bool:
            is_other = str(raw.get("id")) != past.exchange_order_id
            is_of_id = raw.get("clientOrderId") == sent_id
            return is_of_id and is_other and _made_ms(raw) >= past.created_at_ms

        for method in self._lists():
            try:
                raws = await self._list(method, past.symbol)
            except Unsupported:
                continue
            found = max(filter(wanted, raws), key=_made_ms, default=None)
            if found is not None:
                return self.read(found)
        return None

    def _lists(self) -> list[str]:
        return [method for method in ORDER_LISTS if self._session.offers(method)]

    async def _list(self, method: str, symbol: str) -> Sequence[Raw]:
        session = self._session
        if method == "fetchOpenOrders":
            return await self._call(lambda: list_open_orders(session, symbol))
        return await self._call(lambda: getattr(session.ccxt, method)(symbol))

    async def _asked(self, question: Callable[[], Awaitable[T]]) -> T:
        return await self._session.ask("orders", question)

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                return await call()
        except ConnectorError:
            raise
        except Exception as error:
            note_stumble(error)
            if is_outcome_unknown(error):
                raise Transient(f"no answer: {type(error).__name__}") from error
            ours = order_error(error, self._session.ccxt.id)
            if ours is None:
                raise
            raise ours from error


def _made_ms(raw: Raw) -> int:
    return instant(raw.get("timestamp")) or 0
