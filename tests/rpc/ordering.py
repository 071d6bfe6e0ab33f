"""What tests of orders send, and listen to."""

import asyncio
from typing import Any

from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from tests.rpc.conftest import Served

NEW, PARTLY = types.ORDER_STATUS_NEW, types.ORDER_STATUS_PARTIALLY_FILLED
FILLED, CANCELED = types.ORDER_STATUS_FILLED, types.ORDER_STATUS_CANCELED
EXPIRED = types.ORDER_STATUS_EXPIRED


async def orders_of(served: Served) -> Any:
    """Subscribe, and wait until the exchange's private socket is open."""
    call = served.stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
    await served.until_private_topics()
    return call


def limit(client_order_id: str, **fields: Any) -> resources.PlaceOrderRequest:
    usual: dict[str, Any] = {
        "symbol": "BTCUSDT",
        "side": types.ORDER_SIDE_BUY,
        "type": types.ORDER_TYPE_LIMIT,
        "quantity": {"value": "0.060"},
        "price": {"value": "90000.0"},
    }
    return resources.PlaceOrderRequest(client_order_id=client_order_id, **(usual | fields))


async def place(served: Served, client_order_id: str, **fields: Any) -> resources.Order:
    async with asyncio.timeout(10):
        return await served.stub.PlaceOrder(limit(client_order_id, **fields))
