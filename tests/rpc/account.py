"""What tests of the account do and wait for."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from google.type.decimal_pb2 import Decimal as Decimal_
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from tests.rpc.conftest import WITHIN_S, Served, take

BUY, SELL = types.ORDER_SIDE_BUY, types.ORDER_SIDE_SELL
Met = Callable[[Any], bool]


async def traded(served: Served, quantity: str, side: Any = BUY, symbol: str = "BTCUSDT") -> None:
    async with asyncio.timeout(10):
        order = await served.stub.PlaceOrder(
            resources.PlaceOrderRequest(
                symbol=symbol,
                side=side,
                type=types.ORDER_TYPE_MARKET,
                quantity=Decimal_(value=quantity),
            )
        )
    assert order.status == types.ORDER_STATUS_FILLED


async def account_of(served: Served) -> Any:
    call = served.stub.SubscribeAccount(rpc.SubscribeAccountRequest())
    await served.until(lambda: served.exchange.private_connections == 1)
    return call


async def positions_of(served: Served, symbol: str = "") -> Any:
    call = served.stub.SubscribePositions(rpc.SubscribePositionsRequest(symbol=symbol))
    await served.until(lambda: served.exchange.private_connections == 1)
    return call


async def until(call: Any, met: Met) -> Any:
    """Read, bounded, until a message is as wished."""
    async with asyncio.timeout(WITHIN_S):
        while not met(message := (await take(call, 1))[0]):
            pass
    return message


def sized(symbol: str, size: str) -> Met:
    return lambda p: p.symbol == symbol and Decimal(p.size.value) == Decimal(size)
