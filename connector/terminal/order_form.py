"""An order as it is written on the command line, and as it is shown before it is sent."""

import re
import uuid
from decimal import Decimal

from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.resources_pb2 import Order, PlaceOrderRequest

from connector.errors import InvalidRequest
from connector.terminal.words import enum_word, side_word, status_word, type_word

TIMES_IN_FORCE = {
    "gtc": types.TIME_IN_FORCE_GTC,
    "ioc": types.TIME_IN_FORCE_IOC,
    "fok": types.TIME_IN_FORCE_FOK,
}
SIDES = {"buy": types.ORDER_SIDE_BUY, "sell": types.ORDER_SIDE_SELL}
_NUMBER = re.compile(r"\d+(\.\d+)?|\.\d+", re.ASCII)


def order_request(
    *,
    side: str,
    symbol: str,
    quantity: str,
    limit: str | None,
    time_in_force: str | None,
    post_only: bool,
    reduce_only: bool,
    client_order_id: str,
) -> PlaceOrderRequest:
    """Give the request; a market order where there is no limit, and an id where there is none.

    Errors:  InvalidRequest that names the argument and what is allowed.
    """
    if limit is None and (post_only or time_in_force):
        option = "--post-only" if post_only else "--tif"
        raise InvalidRequest(f"{option} needs a --limit: a market order doesn't wait")
    if time_in_force and time_in_force.lower() not in TIMES_IN_FORCE:
        allowed = ", ".join(TIMES_IN_FORCE)
        raise InvalidRequest(f"--tif {time_in_force!r} is unknown; allowed: {allowed}")
    if post_only and time_in_force and time_in_force.lower() != "gtc":
        raise InvalidRequest(f"--post-only and --tif {time_in_force} exclude each other")
    request = PlaceOrderRequest(
        symbol=symbol,
        side=SIDES[side],
        type=types.ORDER_TYPE_MARKET if limit is None else types.ORDER_TYPE_LIMIT,
        time_in_force=TIMES_IN_FORCE[(time_in_force or "gtc").lower()],
        reduce_only=reduce_only,
        post_only=post_only,
        client_order_id=client_order_id or f"term{uuid.uuid4().hex[:20]}",
    )
    request.quantity.value = _positive("quantity", quantity)
    if limit is not None:
        request.price.value = _positive("--limit", limit)
    return request


def order_words(request: PlaceOrderRequest) -> str:
    """Give the order in words: `buy 0.01 BTCUSDT limit 90000 gtc, post-only`."""
    kind = type_word(request.type)
    if request.type == types.ORDER_TYPE_LIMIT:
        in_force = enum_word(types.TimeInForce.Name(request.time_in_force), "TIME_IN_FORCE_")
        kind += f" {request.price.value} {in_force}"
    flags = (("post-only", request.post_only), ("reduce-only", request.reduce_only))
    extras = "".join(f", {word}" for word, holds in flags if holds)
    return f"{side_word(request.side)} {request.quantity.value} {request.symbol} {kind}{extras}"


def state_words(order: Order) -> str:
    """Give an order that exists in words, with both its ids."""
    price = f" {order.price.value}" if order.type == types.ORDER_TYPE_LIMIT else ""
    return (
        f"{side_word(order.side)} {order.quantity.value} {order.symbol} "
        f"{type_word(order.type)}{price}, {status_word(order.status)}, "
        f"{order.executed_qty.value} filled; {ids(order)}"
    )


def ids(order: Order) -> str:
    """Give both ids of an order."""
    return f"order id {order.order_id}, client order id {order.client_order_id}"


def _positive(name: str, text: str) -> str:
    if not _NUMBER.fullmatch(text) or Decimal(text) == 0:
        raise InvalidRequest(f"{name} must be a number above 0 such as 0.01, got {text!r}")
    return text
