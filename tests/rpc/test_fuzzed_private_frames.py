"""Broken copies of the account's frames before the good ones: survived, and what follows is told.

`make test` breaks some dozens, always the same; `make fuzz COUNT=50000` others, so many.
"""

import asyncio
import os
import random
from typing import Any

import pytest
from aiohttp import WSMessage, WSMsgType
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from connector import metrics
from tests.exchange.lane.mutations import mutated
from tests.rpc.conftest import Serve, Served, both_dialects

COUNT = int(os.environ.get("COUNT", "0"))
USUAL = 200
A_FRAME = 10
"""Broken copies before each good frame."""
SEED = random.randrange(10**6) if COUNT else 1
PRIVATE = {"orders", "own trades", "balances", "positions"}


class Breaking:
    """Stands before ccxt on the account's websockets."""

    def __init__(self, served: Served) -> None:
        self._drawn = random.Random(SEED)
        self.broken = 0
        self.on = True
        clients: dict[str, Any] = served.connector.session.ccxt.clients
        for client in clients.values():
            if PRIVATE & {each.channel_name for each in client.listeners.values()}:
                client.handle_message = self._before(client.handle_message)

    def _before(self, handle: Any) -> Any:
        def handle_message(message: Any) -> None:
            if self.on and message.type is WSMsgType.TEXT:
                for _ in range(A_FRAME):
                    self.broken += 1
                    text = mutated(message.data, self._drawn)
                    handle(WSMessage(WSMsgType.TEXT, text, None))
            handle(message)

        return handle_message


async def _trade(served: Served, name: str, side: types.OrderSide.ValueType) -> None:
    request = resources.PlaceOrderRequest(symbol="BTCUSDT", client_order_id=name, side=side)
    request.type, request.quantity.value = types.ORDER_TYPE_MARKET, "0.010"
    await served.stub.PlaceOrder(request)


@both_dialects
@pytest.mark.timeout(0 if COUNT else 60)
async def test_broken_frames_of_the_account_are_survived_and_what_follows_is_told(
    serve: Serve,
) -> None:
    served = await serve({"fill_ratio": 0})
    served.connector.session.ccxt.enableRateLimit = False
    told: list[Any] = []
    streams = {
        "orders": served.stub.SubscribeOrders(rpc.SubscribeOrdersRequest()),
        "positions": served.stub.SubscribePositions(rpc.SubscribePositionsRequest()),
        "account": served.stub.SubscribeAccount(rpc.SubscribeAccountRequest()),
    }

    async def read(call: Any) -> None:
        async for message in call:
            told.append(message)

    reading = [asyncio.create_task(read(call)) for call in streams.values()]
    await served.until_private_topics()
    breaking, unread = Breaking(served), _unread()
    number = 0
    while breaking.broken < (COUNT or USUAL):
        side = types.ORDER_SIDE_SELL if number % 2 else types.ORDER_SIDE_BUY
        await _trade(served, f"k{number}", side)
        number += 1
    breaking.on = False
    await _trade(served, "good", types.ORDER_SIDE_BUY)

    def is_told() -> bool:
        mine = [each for each in told if getattr(each, "client_order_id", "") == "good"]
        return bool(mine) and mine[-1].status == types.ORDER_STATUS_FILLED

    await served.until(is_told)
    assert not any(task.done() for task in reading), [call.code() for call in streams.values()]
    assert _unread() - unread > breaking.broken / 20
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)


def _unread() -> float:
    counters = [metrics.POISON_FRAMES, metrics.MALFORMED]
    samples = [each for counter in counters for one in counter.collect() for each in one.samples]
    return sum(each.value for each in samples if each.name.endswith("_total"))
