"""A line for each order that a client placed or cancelled: who, what, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import structlog
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

if TYPE_CHECKING:
    from connector.grpc.guard import Caller

LOGGER = "connector.audit"
"""Its lines are written whatever log.level is (connector/logs.py)."""

log = structlog.get_logger(LOGGER)

Facts = dict[str, object]

MOST_REFUSED = 500
"""Of a batch that was refused as a whole each order has its line, up to so many; a request of
256 kB may name as many orders, and their lines would hold everybody up."""


def audit(
    caller: Caller, peer: str, method: str, request: object, response: object, status: str
) -> None:
    """Write the lines of one trading call; `response` is None unless status is OK."""
    for facts in _orders(request, response):
        log.info(
            "order",
            who=caller.name,
            peer=peer,
            method=method,
            **{"outcome": status, **facts},
        )


def _orders(request: object, response: object) -> Iterator[Facts]:
    match request:
        case None:
            yield {"asked": "not read"}
        case (
            rpc.BatchPlaceOrdersRequest(orders=many) | rpc.BatchCancelOrdersRequest(order_ids=many)
        ) if response is None and len(many) > MOST_REFUSED:
            yield {"orders": len(many)}
        case resources.PlaceOrderRequest():
            yield {**_asked(request), **_placed(response)}
        case rpc.BatchPlaceOrdersRequest():
            yield from _batch(request, response)
        case rpc.CancelOrderRequest():
            yield {"symbol": request.symbol, "order_id": request.order_id}
        case rpc.BatchCancelOrdersRequest():
            failed = response.errors if isinstance(response, rpc.BatchCancelOrdersResponse) else ()
            refused = _by_index(failed)
            for index, order_id in enumerate(request.order_ids):
                facts: Facts = {"symbol": request.symbol, "order_id": order_id}
                yield {**facts, **refused.get(index, {})}
        case rpc.CancelAllOrdersRequest():
            yield {"symbol": request.symbol, "order_id": "all"}
        case _:
            return


def _batch(request: rpc.BatchPlaceOrdersRequest, response: object) -> Iterator[Facts]:
    told = response if isinstance(response, rpc.BatchPlaceOrdersResponse) else None
    refused = _by_index(told.errors if told else ())
    placed = iter(told.orders if told else ())
    for index, each in enumerate(request.orders):
        if told is None:
            yield _asked(each)
        elif index in refused:
            yield {**_asked(each), **refused[index]}
        else:
            yield {**_asked(each), **_placed(next(placed, None))}


def _asked(order: resources.PlaceOrderRequest) -> Facts:
    return {
        "symbol": order.symbol,
        "side": types.OrderSide.Name(order.side) if order.side in types.OrderSide.values() else "?",
        "type": types.OrderType.Name(order.type) if order.type in types.OrderType.values() else "?",
        "quantity": order.quantity.value,
        "price": order.price.value,
        "client_order_id": order.client_order_id,
    }


def _placed(response: object) -> Facts:
    if not isinstance(response, resources.Order):
        return {}
    return {
        "order_id": response.order_id,
        "client_order_id": response.client_order_id,
        "state": types.OrderStatus.Name(response.status),
        "executed_qty": response.executed_qty.value,
    }


def _by_index(errors: Sequence[rpc.BatchOrderError]) -> dict[int, Facts]:
    return {each.index: {"outcome": each.error_message[:200]} for each in errors}
