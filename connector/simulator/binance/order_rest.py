"""The signed endpoints that place, change, cancel and look up orders."""

from collections.abc import Callable
from typing import cast

import orjson

from connector.simulator.binance.answers import Row
from connector.simulator.binance.order_answers import (
    answered_order,
    as_placed,
    own_trade,
    queried_order,
)
from connector.simulator.binance.order_parameters import (
    order_handle,
    order_request,
    price_in_ticks,
    quantity_in_steps,
)
from connector.simulator.binance.parameters import Parameters, Rejected, not_sent
from connector.simulator.binance.refusals import rejected
from connector.simulator.binance.words import SIDE
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.market import Market
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.order import Kind, Lifetime, Order
from connector.simulator.trading.refusal import Refused

Endpoint = Callable[[Parameters], object]

_MOST_PLACED = 5
_MOST_CANCELED = 10
_LATE = (Lifetime.UNTIL_CANCELED, Lifetime.UNTIL_DATE, Lifetime.POST_ONLY)


class OrderRest:
    """Answers by method and path."""

    def __init__(self, market: Market, desk: Desk) -> None:
        self._market = market
        self._desk = desk

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Give them."""
        return {
            ("POST", "/fapi/v1/order"): self._place,
            ("POST", "/fapi/v1/order/test"): self._try,
            ("GET", "/fapi/v1/order"): self._query,
            ("PUT", "/fapi/v1/order"): self._amend,
            ("DELETE", "/fapi/v1/order"): self._cancel,
            ("POST", "/fapi/v1/batchOrders"): lambda all_: self._each(all_, self._place),
            ("PUT", "/fapi/v1/batchOrders"): lambda all_: self._each(all_, self._amend),
            ("DELETE", "/fapi/v1/batchOrders"): self._cancel_each,
            ("DELETE", "/fapi/v1/allOpenOrders"): self._cancel_all,
            ("GET", "/fapi/v1/openOrder"): self._query_open,
            ("GET", "/fapi/v1/openOrders"): self._open_orders,
            ("GET", "/fapi/v1/allOrders"): self._all_orders,
            ("GET", "/fapi/v1/userTrades"): self._own_trades,
        }

    def _place(self, parameters: Parameters) -> Row:
        """Place one; only orders that never rest are answered as they ended."""
        desk = self._desk
        request = order_request(
            parameters,
            hedged=desk.account.hedged,
            make_client_id=lambda: f"auto_{desk.next_order_id}",
        )
        try:
            order = desk.place(request, self._market.now_ms)
        except Refused as refused:
            raise rejected(refused) from None
        it = self._instrument(order)
        row = answered_order(it, order)
        rests = order.kind is Kind.LIMIT and order.lifetime in _LATE
        acknowledged = (parameters.text("newOrderRespType") or "ACK") == "ACK"
        return as_placed(it, row) if rests or acknowledged else row

    def _try(self, parameters: Parameters) -> Row:
        order_request(parameters, hedged=self._desk.account.hedged, make_client_id=lambda: "test")
        return {}

    def _amend(self, parameters: Parameters) -> Row:
        order = self._found(parameters, -2013, "Order does not exist.")
        if parameters.mandatory("side") != SIDE[order.side]:
            raise Rejected(-1117, "Invalid side.")
        it = self._instrument(order)
        listing = parameters.listing()
        steps = quantity_in_steps(parameters, listing)
        price = price_in_ticks(parameters, it)
        try:
            self._desk.amend(order, price, steps, self._market.now_ms)
        except Refused as refused:
            raise rejected(refused) from None
        return answered_order(it, order)

    def _cancel(self, parameters: Parameters) -> Row:
        order = self._found(parameters, -2011, "Unknown order sent.")
        try:
            self._desk.cancel(order, self._market.now_ms)
        except Refused as refused:
            raise rejected(refused) from None
        return answered_order(self._instrument(order), order)

    def _cancel_all(self, parameters: Parameters) -> Row:
        for order in self._desk.orders.open_of(parameters.listing().instrument.name):
            self._desk.cancel(order, self._market.now_ms)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def _each(self, parameters: Parameters, do: Callable[[Parameters], Row]) -> list[Row]:
        """Do each order of a batch by itself; one that is refused is answered with its error."""
        batch = _json_list(parameters, "batchOrders")
        if not 1 <= len(batch) <= _MOST_PLACED:
            raise Rejected(-4082, "Invalid number of batch place orders.")
        rows: list[Row] = []
        for given in batch:
            if not isinstance(given, dict):
                raise Rejected(-1130, "Data sent for parameter 'batchOrders' is not valid.")
            texts = {name: _text(value) for name, value in cast("dict[str, object]", given).items()}
            rows.append(_one_of_batch(do, Parameters(texts, self._market.listings)))
        return rows

    def _cancel_each(self, parameters: Parameters) -> list[Row]:
        symbol = parameters.mandatory("symbol")
        handles: list[dict[str, str]] = []
        for listed, single in (
            ("orderIdList", "orderId"),
            ("origClientOrderIdList", "origClientOrderId"),
        ):
            for name in (listed, listed.lower()):
                if parameters.text(name) is not None and not handles:
                    given = _json_list(parameters, name)
                    handles = [{"symbol": symbol, single: _text(each)} for each in given]
        if not handles:
            raise not_sent("orderIdList")
        if len(handles) > _MOST_CANCELED:
            raise Rejected(-1130, "Data sent for parameter 'orderIdList' is not valid.")
        parameters.listing()
        listings = self._market.listings
        return [_one_of_batch(self._cancel, Parameters(each, listings)) for each in handles]

    def _query(self, parameters: Parameters) -> Row:
        order = self._found(parameters, -2013, "Order does not exist.")
        return queried_order(self._instrument(order), order)

    def _query_open(self, parameters: Parameters) -> Row:
        order = self._found(parameters, -2013, "Order does not exist.")
        if not order.is_open:
            raise Rejected(-2013, "Order does not exist.")
        return queried_order(self._instrument(order), order)

    def _open_orders(self, parameters: Parameters) -> list[Row]:
        asked = parameters.listings()
        if asked is None:
            orders = self._desk.orders.every_open()
        else:
            orders = self._desk.orders.open_of(asked[0].instrument.name)
        listed = self._desk.orders.listed(orders)
        return [queried_order(self._instrument(order), order) for order in listed]

    def _all_orders(self, parameters: Parameters) -> list[Row]:
        """With an id: from there on; with a start: the first from there; else the last ones."""
        it = parameters.listing().instrument
        start, end = parameters.period()
        limit = parameters.limit(500, 1000)
        first = parameters.whole("orderId")
        found = [
            order
            for order in self._desk.orders.every()
            if order.symbol == it.name
            and (first is None or order.order_id >= first)
            and (start is None or order.created_ms >= start)
            and (end is None or order.created_ms <= end)
        ]
        forward = first is not None or start is not None
        chosen = found[:limit] if forward else found[-limit:]
        return [queried_order(it, order) for order in chosen]

    def _own_trades(self, parameters: Parameters) -> list[Row]:
        """With an id or a start: the first from there; else the last ones."""
        it = parameters.listing().instrument
        start, end = parameters.period()
        limit = parameters.limit(500, 1000)
        order_id, first = parameters.whole("orderId"), parameters.whole("fromId")
        found = [
            fill
            for fill in self._desk.orders.fills
            if fill.symbol == it.name
            and (order_id is None or fill.order_id == order_id)
            and (first is None or fill.trade_id >= first)
            and (start is None or fill.at_ms >= start)
            and (end is None or fill.at_ms <= end)
        ]
        forward = first is not None or start is not None
        return [own_trade(it, fill) for fill in (found[:limit] if forward else found[-limit:])]

    def _found(self, parameters: Parameters, code: int, message: str) -> Order:
        symbol = parameters.listing().instrument.name
        order = self._desk.orders.find(symbol, *order_handle(parameters))
        if order is None:
            raise Rejected(code, message)
        return order

    def _instrument(self, order: Order) -> Instrument:
        return self._desk.listings[order.symbol].instrument


def _one_of_batch(do: Callable[[Parameters], Row], parameters: Parameters) -> Row:
    try:
        return do(parameters)
    except Rejected as refusal:
        return {"code": refusal.code, "msg": str(refusal)}


def _json_list(parameters: Parameters, name: str) -> list[object]:
    try:
        given: object = orjson.loads(parameters.mandatory(name))
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, list):
        raise Rejected(-1130, f"Data sent for parameter '{name}' is not valid.")
    return cast("list[object]", given)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
