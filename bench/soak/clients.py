"""Engines that come, listen, trade and go; each notes what was wrong."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import AsyncIterable

import grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.events_pb2 import OrderUpdate, PriceChange
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

CALL_S = 25.0
BETWEEN_ORDERS_S = 1.0


class Notes:
    """What all clients together saw."""

    def __init__(self) -> None:
        self.heard: Counter[str] = Counter()
        """Messages by stream."""
        self.answers: Counter[str] = Counter()
        """Answers by method and status."""
        self.wrong: list[str] = []
        """What may never be."""
        self.placed: dict[str, int] = {}
        """Order ids of what was placed, by client id."""
        self.numbers = itertools.count(1)
        """Of the clients, so that no two use the same client ids."""

    def note_wrong(self, what: str) -> None:
        """Note it; a thousand are enough."""
        if len(self.wrong) < 1_000:
            self.wrong.append(what)


class Visit:
    """One client, from its coming to its going."""

    def __init__(self, number: int, address: str, symbols: list[str], notes: Notes) -> None:
        self.number, self._address, self._symbols, self._notes = number, address, symbols, notes
        self._random = random.Random(number)

    async def stay(self, seconds: float) -> None:
        """Listen to everything and trade for so long, then leave without a word."""
        async with grpc.aio.insecure_channel(self._address) as channel:
            stub: ExchangeServiceStub = ExchangeServiceStub(channel)
            prices = rpc.SubscribePriceRequest(symbols=self._symbols)
            klines = rpc.SubscribeKlinesRequest(symbols=self._symbols[:10], interval="1m")
            await asyncio.wait(
                work := [
                    asyncio.ensure_future(each)
                    for each in (
                        self._prices(stub.SubscribePrice(prices)),
                        self._count("klines", stub.SubscribeKlines(klines)),
                        self._orders(stub.SubscribeOrders(rpc.SubscribeOrdersRequest())),
                        self._count(
                            "account", stub.SubscribeAccount(rpc.SubscribeAccountRequest())
                        ),
                        self._count(
                            "positions", stub.SubscribePositions(rpc.SubscribePositionsRequest())
                        ),
                        self._trade(stub),
                    )
                ],
                timeout=seconds,
            )
            for each in work:
                each.cancel()
            for ended in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(ended, Exception):
                    self._notes.note_wrong(f"a client failed: {ended!r}")

    async def _prices(self, stream: AsyncIterable[PriceChange]) -> None:
        newest: dict[str, int] = {}
        try:
            async for price in stream:
                self._notes.heard["prices"] += 1
                at_ms = price.timestamp.ToMilliseconds()
                if at_ms < newest.get(price.symbol, 0):
                    self._notes.note_wrong(f"{price.symbol} went back to {at_ms}")
                newest[price.symbol] = at_ms
        except grpc.aio.AioRpcError as error:
            self._ended("prices", error)

    async def _orders(self, stream: AsyncIterable[OrderUpdate]) -> None:
        executed: dict[int, float] = {}
        try:
            async for update in stream:
                self._notes.heard["orders"] += 1
                done = float(update.executed_qty.value or 0)
                if done < executed.get(update.order_id, 0):
                    self._notes.note_wrong(f"order {update.order_id} went back to {done}")
                executed[update.order_id] = done
        except grpc.aio.AioRpcError as error:
            self._ended("orders", error)

    async def _count(self, name: str, stream: AsyncIterable[object]) -> None:
        try:
            async for _ in stream:
                self._notes.heard[name] += 1
        except grpc.aio.AioRpcError as error:
            self._ended(name, error)

    def _ended(self, name: str, error: grpc.aio.AioRpcError) -> None:
        if error.code() is not grpc.StatusCode.CANCELLED:
            told = (error.details() or "")[:200]
            self._notes.note_wrong(f"a stream of {name} ended: {error.code().name} {told}")

    async def _trade(self, stub: ExchangeServiceStub) -> None:
        """Place orders at and off the price, and cancel what rests."""
        turn = 0
        while True:
            turn += 1
            await asyncio.sleep(BETWEEN_ORDERS_S * (0.5 + self._random.random()))
            symbol = self._random.choice(self._symbols[:3])
            name = f"soak-{self.number}-{turn}"
            told = await self._call(
                "GetLatestPrice", stub, rpc.GetLatestPriceRequest(symbol=symbol)
            )
            if not isinstance(told, rpc.GetLatestPriceResponse):
                continue
            buys = turn % 2 == 0
            order = resources.PlaceOrderRequest(
                symbol=symbol,
                side=types.ORDER_SIDE_BUY if buys else types.ORDER_SIDE_SELL,
                type=types.ORDER_TYPE_MARKET if turn % 3 else types.ORDER_TYPE_LIMIT,
                client_order_id=name,
            )
            order.quantity.value = "0.100"
            if order.type == types.ORDER_TYPE_LIMIT:
                away = 0.98 if buys else 1.02
                order.price.value = f"{float(told.price.value) * away:.1f}"
            placed = await self._call("PlaceOrder", stub, order)
            if not isinstance(placed, resources.Order):
                continue
            self._notes.placed[name] = placed.order_id
            if placed.status == types.ORDER_STATUS_NEW:
                cancel = rpc.CancelOrderRequest(symbol=symbol, order_id=placed.order_id)
                await self._call("CancelOrder", stub, cancel)

    async def _call(self, method: str, stub: ExchangeServiceStub, request: object) -> object:
        try:
            answer: object = await getattr(stub, method)(request, timeout=CALL_S)
        except grpc.aio.AioRpcError as error:
            head = (error.details() or "").partition(":")[0]
            self._notes.answers[f"{method} {error.code().name} {head}"] += 1
            if error.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
                self._notes.note_wrong(f"{method}: {error.details()}")
            return None
        self._notes.answers[f"{method} OK"] += 1
        return answer
