"""Someone who trades as the engine does, whatever fails: an order five times by one client id."""

import asyncio
import time
from typing import Any

import grpc
from google.type.decimal_pb2 import Decimal as Amount
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

SYMBOL = "BTCUSDT"
ATTEMPTS, AGAIN_S = 5, 0.2
RETRY_S = 2.0
"""Later, the exchange's minute is over in which a finished order answers for its client id."""
PAUSE_S = 0.06
CALL_S = 25.0
UNKNOWN = "order outcome unknown"
RESTS = "60000.0"
DEFECTS = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)


class Trader:
    """Buys at the market and at a limit that rests, and cancels; never sells.

    So position and commissions only grow, and each figure tells how new it is.
    """

    def __init__(self, stub: Any) -> None:
        self._stub = stub
        self._number = 0
        self._resting: list[Any] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._trading: asyncio.Task[None] | None = None
        self.answered: dict[str, tuple[float, float]] = {}
        """When each order that was placed was asked for first, and when it was answered."""
        self.refused: dict[str, str] = {}
        """The last word on each order that was never answered with OK."""
        self.defects: list[str] = []
        """What was answered with a status that no answer may have."""

    def start(self) -> None:
        self._trading = asyncio.create_task(self._trade())

    async def stop(self) -> None:
        """Ask for nothing more, and wait for every answer."""
        if self._trading is not None:
            self._trading.cancel()
            await asyncio.gather(self._trading, return_exceptions=True)
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=CALL_S + 5)
            assert not late, f"{len(late)} calls without an answer"

    async def abandon(self) -> None:
        """Leave everything as it is; after `stop` there is nothing to leave."""
        left = [*self._calls, *([self._trading] if self._trading is not None else [])]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def place_resting_and_cancel(self, count: int) -> None:
        """Make a past: so many orders that are over."""
        for _ in range(0, count, 20):
            await asyncio.gather(*(self._place(RESTS) for _ in range(20)))
            resting, self._resting = self._resting, []
            await asyncio.gather(*(self._cancel(order) for order in resting))

    async def _trade(self) -> None:
        turn = 0
        while True:
            turn += 1
            if turn % 4 == 0 and self._resting:
                self._begin(self._cancel(self._resting.pop(0)))
            else:
                self._begin(self._place("" if turn % 2 else RESTS))
            await asyncio.sleep(PAUSE_S)

    def _begin(self, call: Any) -> None:
        task = asyncio.create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _place(self, price: str) -> None:
        self._number += 1
        request = resources.PlaceOrderRequest(
            symbol=SYMBOL,
            side=types.ORDER_SIDE_BUY,
            type=types.ORDER_TYPE_LIMIT if price else types.ORDER_TYPE_MARKET,
            quantity=Amount(value="0.002"),
            price=Amount(value=price or "0"),
            client_order_id=f"chaos-{self._number}",
        )
        name, began = request.client_order_id, time.monotonic()
        for _ in range(ATTEMPTS):
            try:
                order = await self._stub.PlaceOrder(request, timeout=CALL_S)
            except grpc.aio.AioRpcError as error:
                self.refused[name] = error.details() or ""
                if error.code() in DEFECTS:
                    self.defects.append(str(error.details()))
                if time.monotonic() - began > RETRY_S:
                    return
                await asyncio.sleep(AGAIN_S)
                continue
            self.refused.pop(name, None)
            self.answered[name] = (began, time.monotonic())
            if price:
                self._resting.append(order)
            return

    async def _cancel(self, order: Any) -> None:
        request = rpc.CancelOrderRequest(symbol=SYMBOL, order_id=order.order_id)
        for _ in range(ATTEMPTS):
            try:
                await self._stub.CancelOrder(request, timeout=CALL_S)
                return
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.NOT_FOUND:
                    return
                await asyncio.sleep(AGAIN_S)
