"""Orders while four in ten of the answers about them are broken: none lost, none doubled.

`make test` places some, always the same; `make fuzz COUNT=50000` one in 25 of COUNT, others.
"""

import asyncio
import json
import os
import random
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import grpc
import pytest
from aiohttp import web
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from connector.simulator.serving.faults import Failing
from tests.exchange.lane.mutations import mutated
from tests.rpc.conftest import Serve, Served, both_dialects
from tests.rpc.test_fuzzed_calls import HEADS

COUNT = int(os.environ.get("COUNT", "0")) // 25
USUAL = 40
SEED = random.randrange(10**6) if COUNT else 1
TOGETHER = 8
SHARE = 0.4
CALL_S = 30.0
BTC = "BTCUSDT"
UNKNOWN = "order outcome unknown"
ABOUT_ORDERS = ("order", "trade", "execution")


class Trading:
    """Places, cancels and asks for orders; notes what isn't so at the exchange."""

    def __init__(self, served: Served) -> None:
        self._served, self._drawn = served, random.Random(SEED)
        self.wrong: list[str] = []
        self.broken = 0
        served.connector.session.ccxt.enableRateLimit = False
        served.exchange.faults.plan(Failing(matches=self._meant, kind="spoilt", spoil=self._spoil))

    def _meant(self, request: web.Request) -> bool:
        about_orders = any(word in request.path.lower() for word in ABOUT_ORDERS)
        return about_orders and self._drawn.random() < SHARE

    def _spoil(self, body: bytes) -> bytes:
        broken = mutated(body.decode(), self._drawn)
        if _refuses(broken) and not _refuses(body.decode()):
            return body  # as good as the exchange's own refusal
        self.broken += 1
        return broken.encode("utf-8", "surrogatepass")

    async def one(self, number: int) -> None:
        """Live one order's life."""
        name, stub = f"k{number}", self._served.stub
        request = resources.PlaceOrderRequest(symbol=BTC, client_order_id=name)
        request.side, request.quantity.value = types.ORDER_SIDE_BUY, "0.010"
        rests = number % 4 != 0
        request.type = types.ORDER_TYPE_LIMIT if rests else types.ORDER_TYPE_MARKET
        if rests:
            request.price.value, request.post_only = "90000", number % 4 == 1
        order, told = await self._call(stub.PlaceOrder, request)
        is_there = self._status(name) is not None
        if order is None:
            if is_there and not told.startswith(UNKNOWN):
                self.wrong.append(f"{name} was refused with {told!r}, and is there")
            return
        if not is_there or order.client_order_id != name:
            self.wrong.append(f"{name} was answered with {order}, is there: {is_there}")
        if not rests:
            return
        ask = rpc.CancelOrderRequest(symbol=BTC, order_id=order.order_id)
        cancelled, _ = await self._call(stub.CancelOrder, ask)
        if cancelled is not None and self._status(name) != "canceled":
            self.wrong.append(f"{name} was cancelled, and is {self._status(name)}")
        find = rpc.GetOrderRequest(symbol=BTC, client_order_id=name)
        _, told = await self._call(stub.GetOrder, find)
        if told.startswith("order not found"):
            self.wrong.append(f"{name} was not found")

    async def _call(
        self, method: Callable[..., Awaitable[Any]], request: object
    ) -> tuple[Any, str]:
        try:
            return await method(request, timeout=CALL_S), ""
        except grpc.aio.AioRpcError as error:
            told = error.details() or ""
            if (error.code(), told.partition(":")[0]) not in HEADS:
                self.wrong.append(f"{error.code().name} {told!r}")
            return None, told

    def _status(self, name: str) -> str | None:
        found = (o for o in self._served.exchange.orders() if o.client_order_id == name)
        return next((str(order.status) for order in found), None)


def _refuses(answer: str) -> bool:
    """Whether an answer has a code of Bybit's that is no success's."""
    try:
        told: Any = json.loads(answer)
    except (ValueError, RecursionError):
        return False
    code = told.get("retCode") if isinstance(told, dict) else None
    return isinstance(code, str | int) and code not in (0, "")


@both_dialects
@pytest.mark.timeout(0 if COUNT else 60)
async def test_broken_answers_lose_and_double_no_order(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    served = await serve({"fill_ratio": 0})
    trading, count = Trading(served), COUNT or USUAL
    for start in range(0, count, TOGETHER):
        await asyncio.gather(*(trading.one(start + at) for at in range(TOGETHER)))

    placed = served.exchange.orders_placed
    with capsys.disabled() if COUNT else nullcontext():
        print(f"{len(placed)} orders, {trading.broken} broken answers, seed {SEED}")
    assert trading.wrong == []
    assert {name: times for name, times in placed.items() if times > 1} == {}
    assert trading.broken > count / 2
