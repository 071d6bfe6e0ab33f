"""The signed endpoints that place, change, cancel and look up orders."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from connector.simulator.bybit.answers import Answer, Rejected, Row, listed
from connector.simulator.bybit.order_parameters import (
    order_handle,
    order_request,
    price_in_ticks,
    quantity_in_steps,
)
from connector.simulator.bybit.order_rows import execution_row, handle_row, order_row
from connector.simulator.bybit.parameters import Parameters
from connector.simulator.bybit.public_rest import Endpoint
from connector.simulator.bybit.refusals import rejected
from connector.simulator.bybit.words import LINEAR, STATUS
from connector.simulator.market.market import Market
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.order import Order
from connector.simulator.trading.refusal import Refused

T = TypeVar("T")

_MOST_IN_BATCH = 20
_RECENTLY_CLOSED = 500
_UNKNOWN = (110001, "order not exists or too late to cancel")


class OrderRest:
    """Answers by method and path. What is done is answered with ids alone; topics tell more."""

    def __init__(self, market: Market, desk: Desk) -> None:
        self._market = market
        self._desk = desk

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Give them."""
        return {
            ("POST", "/v5/order/create"): lambda asked: handle_row(self._place(asked)),
            ("POST", "/v5/order/amend"): lambda asked: handle_row(self._amend(asked)),
            ("POST", "/v5/order/cancel"): lambda asked: handle_row(self._cancel(asked)),
            ("POST", "/v5/order/cancel-all"): self._cancel_all,
            ("POST", "/v5/order/create-batch"): lambda asked: self._each(asked, self._place),
            ("POST", "/v5/order/amend-batch"): lambda asked: self._each(asked, self._amend),
            ("POST", "/v5/order/cancel-batch"): lambda asked: self._each(asked, self._cancel),
            ("GET", "/v5/order/realtime"): self._realtime,
            ("GET", "/v5/order/history"): self._history,
            ("GET", "/v5/execution/list"): self._executions,
        }

    def _place(self, parameters: Parameters) -> Order:
        desk = self._desk
        request = order_request(parameters, lambda: f"auto-{desk.next_order_id}")
        try:
            return desk.place(request, self._market.now_ms)
        except Refused as refused:
            raise rejected(refused) from None

    def _amend(self, parameters: Parameters) -> Order:
        order = self._found(parameters)
        it = parameters.listing().instrument
        price = price_in_ticks(parameters, it) if parameters.text("price") else order.price
        steps = quantity_in_steps(parameters, it) if parameters.text("qty") else order.steps
        try:
            self._desk.amend(order, price, steps, self._market.now_ms)
        except Refused as refused:
            raise rejected(refused) from None
        return order

    def _cancel(self, parameters: Parameters) -> Order:
        order = self._found(parameters)
        try:
            self._desk.cancel(order, self._market.now_ms)
        except Refused as refused:
            raise rejected(refused) from None
        return order

    def _cancel_all(self, parameters: Parameters) -> Row:
        parameters.linear()
        rows: list[Row] = []
        for listing in parameters.scoped():
            for order in self._desk.orders.open_of(listing.instrument.name):
                self._desk.cancel(order, self._market.now_ms)
                rows.append(handle_row(order))
        return {"list": rows, "success": "1"}

    def _each(self, parameters: Parameters, do: Callable[[Parameters], Order]) -> Answer:
        """Do each order of a batch by itself; all are answered, in their order."""
        parameters.linear()
        batch = parameters.listed("request")
        if len(batch) > _MOST_IN_BATCH:
            raise Rejected(10001, f"params error: at most {_MOST_IN_BATCH} orders")
        rows: list[Row] = []
        parts: list[Row] = []
        for given in batch:
            one = parameters.part(given)
            named: Row = {"category": LINEAR, "symbol": one.text("symbol")}
            try:
                order = do(one)
            except Rejected as refusal:
                rows.append(named | {"orderId": "", "orderLinkId": "", "createAt": ""})
                parts.append({"code": refusal.code, "msg": str(refusal)})
            else:
                rows.append(named | handle_row(order) | {"createAt": str(order.created_ms)})
                parts.append({"code": 0, "msg": "OK"})
        return Answer({"list": rows}, parts)

    def _realtime(self, parameters: Parameters) -> Row:
        """By id, an order of any status; without, the open ones, or those that were lately."""
        parameters.linear()
        symbols = {each.instrument.name for each in parameters.scoped()}
        orders = list(self._desk.orders.every())
        closed = [order for order in orders if not order.is_open][-_RECENTLY_CLOSED:]
        open_ = [order for order in orders if order.is_open]
        if _names_one(parameters):
            chosen = [order for order in (*closed, *open_) if _is_meant(parameters, order)]
        else:
            listed = self._desk.orders.listed(open_)
            chosen = closed if parameters.text("openOnly") == "1" else listed
        found = [order for order in reversed(chosen) if order.symbol in symbols]
        return self._page(parameters, found, 20, 50)

    def _history(self, parameters: Parameters) -> Row:
        """Orders that have ended, newest first."""
        parameters.linear()
        symbols = {each.instrument.name for each in parameters.chosen()}
        start, end = parameters.period()
        status = parameters.text("orderStatus")
        found = [
            order
            for order in self._desk.orders.every()
            if not order.is_open
            and order.symbol in symbols
            and order.created_ms >= start
            and (end is None or order.created_ms <= end)
            and status in ("", STATUS[order.status])
            and (not _names_one(parameters) or _is_meant(parameters, order))
        ]
        return self._page(parameters, found[::-1], 20, 50)

    def _executions(self, parameters: Parameters) -> Row:
        """Executions, newest first."""
        parameters.linear()
        symbols = {each.instrument.name for each in parameters.chosen()}
        start, end = parameters.period()
        if parameters.text("execType") not in ("", "Trade"):
            return listed(LINEAR, [])
        wanted = order_handle(parameters) if _names_one(parameters) else (None, None)
        found = [
            fill
            for fill in self._desk.orders.fills
            if fill.symbol in symbols
            and fill.at_ms >= start
            and (end is None or fill.at_ms <= end)
            and wanted[0] in (None, fill.order_id)
            and wanted[1] in (None, fill.client_id)
        ]
        page, cursor = _paged(parameters, found[::-1], 50, 100)
        rows: list[Row] = []
        for fill in page:
            it = self._market.listings[fill.symbol].instrument
            order = self._desk.orders.find(fill.symbol, fill.order_id, None)
            rows.append(execution_row(it, order, fill, fill.price * it.mark_units))
        return listed(LINEAR, rows, cursor)

    def _page(self, parameters: Parameters, found: list[Order], usual: int, most: int) -> Row:
        page, cursor = _paged(parameters, found, usual, most)
        listings = self._market.listings
        rows = [order_row(listings[order.symbol].instrument, order) for order in page]
        return listed(LINEAR, rows, cursor)

    def _found(self, parameters: Parameters) -> Order:
        parameters.linear()
        symbol = parameters.listing().instrument.name
        order = self._desk.orders.find(symbol, *order_handle(parameters))
        if order is None:
            raise Rejected(*_UNKNOWN)
        return order


def _paged(
    parameters: Parameters, found: Sequence[T], usual: int, most: int
) -> tuple[Sequence[T], str]:
    """Cut a page out; the cursor is the place of the next row."""
    first = parameters.whole("cursor") or 0
    end = first + parameters.limit(usual, most)
    return found[first:end], str(end) if end < len(found) else ""


def _names_one(parameters: Parameters) -> bool:
    return bool(parameters.text("orderId") or parameters.text("orderLinkId"))


def _is_meant(parameters: Parameters, order: Order) -> bool:
    order_id, link_id = order_handle(parameters)
    return order.client_id == link_id if order_id is None else order.order_id == order_id
