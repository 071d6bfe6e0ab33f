"""Clients of the connector that have its proto and nothing else of it."""

import asyncio
import gc
import itertools
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import grpc
import msgspec
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1.events_pb2 import OrderUpdate, PriceChange
from opensqt.market_maker.v1.exchange_pb2 import (
    GetAccountRequest,
    GetLatestPriceRequest,
    GetNameRequest,
    SubscribeKlinesRequest,
    SubscribeOrdersRequest,
    SubscribePriceRequest,
)
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub
from opensqt.market_maker.v1.resources_pb2 import Candle, PlaceOrderRequest
from opensqt.market_maker.v1.types_pb2 import (
    ORDER_SIDE_BUY,
    ORDER_TYPE_LIMIT,
    TIME_IN_FORCE_GTC,
)

from bench.commands import (
    BarAt,
    Call,
    Counts,
    Cycle,
    Cycled,
    Done,
    Heard,
    HeardBy,
    Knock,
    Knocked,
    Lag,
    Latencies,
    Leave,
    Listen,
    Listening,
    OrderAt,
    PriceAt,
    Received,
    ToClients,
    plain_text,
)
from bench.programs.answering import answer_commands, run, tell

INTERVAL = "1m"
FIRST_MESSAGE_S = 5.0
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1),)
"""Without this, channels of one process to one address share a connection."""
_order_ids = itertools.count(time.time_ns())


class Client:
    """One stream, and what came on it."""

    def __init__(self, asked: Listen) -> None:
        self.prices: list[tuple[int, PriceChange]] = []
        self.bars: list[tuple[int, Candle]] = []
        self.orders: list[tuple[int, OrderUpdate]] = []
        self._asked = asked
        self._ended = ""
        self._task = asyncio.create_task(self._listen())

    @property
    def count(self) -> int:
        """How many messages came."""
        return len(self.prices) + len(self.bars) + len(self.orders)

    async def leave(self) -> HeardBy:
        """Cancel the stream and tell what came."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return HeardBy(
            client=self._asked.client,
            prices=[_price(at_ns, message) for at_ns, message in self.prices],
            bars=[_bar(at_ns, message) for at_ns, message in self.bars],
            ended=self._ended,
            orders=[_order_at(at_ns, message) for at_ns, message in self.orders],
        )

    async def _listen(self) -> None:
        asked = self._asked
        try:
            async with _connection(asked.address) as stub:
                if asked.feed == "prices":
                    note_price = self.prices.append
                    request = SubscribePriceRequest(symbols=asked.symbols)
                    async for price in stub.SubscribePrice(request):
                        note_price((time.time_ns(), price))
                elif asked.feed == "orders":
                    note_order = self.orders.append
                    async for update in stub.SubscribeOrders(SubscribeOrdersRequest()):
                        note_order((time.time_ns(), update))
                else:
                    note_bar = self.bars.append
                    bars = SubscribeKlinesRequest(symbols=asked.symbols, interval=INTERVAL)
                    async for bar in stub.SubscribeKlines(bars):
                        note_bar((time.time_ns(), bar))
                self._ended = "ended without a status"
        except grpc.aio.AioRpcError as error:
            self._ended = f"{error.code().name}: {error.details()}"


class Knocking:
    """Calls at even times, so that a server that answers nobody for a while meets many of them."""

    def __init__(self) -> None:
        self._calls: set[asyncio.Task[None]] = set()
        self._told, self._connected = Latencies([]), asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self, asked: Knock) -> None:
        """Return when a first call has been answered."""
        self._task = asyncio.create_task(self._knock(asked))
        await self._connected.wait()

    async def end(self) -> Latencies:
        """Wait for what was begun."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self._told

    async def _knock(self, asked: Knock) -> None:
        async with _connection(asked.address) as stub:
            await stub.GetName(GetNameRequest())
            self._connected.set()
            due_ns = time.time_ns()
            try:
                while True:
                    due_ns += round(asked.every_s * 1e9)
                    await asyncio.sleep((due_ns - time.time_ns()) / 1e9)
                    call = asyncio.create_task(self._once(stub, due_ns))
                    self._calls.add(call)
                    call.add_done_callback(self._calls.discard)
            finally:
                await asyncio.gather(*self._calls)

    async def _once(self, stub: ExchangeServiceStub, due_ns: int) -> None:
        await stub.GetName(GetNameRequest())
        self._told.ns.append(time.time_ns() - due_ns)
        self._told.began_ns.append(due_ns)


async def _call(asked: Call) -> Latencies:
    latencies, began = list[int](), list[int]()
    name, price = GetNameRequest(), GetLatestPriceRequest(symbol=asked.symbol)
    order, account = _order(asked), GetAccountRequest()
    async with _connection(asked.address) as stub:
        await stub.GetName(name)  # connects
        for _ in range(asked.count):
            order.client_order_id = f"bench-{next(_order_ids)}"
            began.append(time.time_ns())
            began_ns = time.perf_counter_ns()
            match asked.method:
                case "GetName":
                    await stub.GetName(name)
                case "GetLatestPrice":
                    await stub.GetLatestPrice(price)
                case "PlaceOrder":
                    await stub.PlaceOrder(order)
                case "GetAccount":
                    await stub.GetAccount(account)
            latencies.append(time.perf_counter_ns() - began_ns)
    return Latencies(latencies, began)


def _order(asked: Call) -> PlaceOrderRequest:
    return PlaceOrderRequest(
        symbol=asked.symbol,
        side=ORDER_SIDE_BUY,
        type=ORDER_TYPE_LIMIT,
        time_in_force=TIME_IN_FORCE_GTC,
        quantity=Decimal(value=asked.quantity),
        price=Decimal(value=asked.price),
    )


async def _cycle(asked: Cycle) -> Cycled:
    gc.enable()  # a closed channel keeps its socket until it is collected
    began, failed, done = time.perf_counter(), list[str](), 0
    offsets = itertools.cycle(range(len(asked.symbols)))

    async def once(stub: ExchangeServiceStub) -> None:
        offset = next(offsets)
        symbols = (asked.symbols[offset:] + asked.symbols[:offset])[:3]
        call = stub.SubscribePrice(SubscribePriceRequest(symbols=symbols))
        try:
            async with asyncio.timeout(FIRST_MESSAGE_S):
                await anext(aiter(call))
        finally:
            call.cancel()

    async with _connection(asked.address) as shared:
        for number in range(asked.count):
            try:
                if number % 2:
                    async with _connection(asked.address) as own:
                        await once(own)
                else:
                    await once(shared)
                done += 1
            except (grpc.aio.AioRpcError, TimeoutError) as error:
                failed.append(repr(error)[:200])
    seconds = time.perf_counter() - began
    gc.collect()
    return Cycled(done, failed[:10], seconds)


@asynccontextmanager
async def _connection(address: str) -> AsyncGenerator[ExchangeServiceStub]:
    async with grpc.aio.insecure_channel(address, options=OWN_CONNECTION) as channel:
        yield ExchangeServiceStub(channel)


def _price(at_ns: int, message: PriceChange) -> PriceAt:
    told = message.timestamp
    stamp_ns = told.seconds * 1_000_000_000 + told.nanos
    return PriceAt(at_ns, message.symbol, stamp_ns, message.price.value)


def _order_at(at_ns: int, update: OrderUpdate) -> OrderAt:
    executed = plain_text(update.executed_qty.value)
    return OrderAt(at_ns, update.order_id, executed, update.last_trade.trade_id)


def _bar(at_ns: int, bar: Candle) -> BarAt:
    return BarAt(
        at_ns,
        bar.symbol,
        bar.timestamp,
        bar.is_closed,
        (bar.open.value, bar.high.value, bar.low.value, bar.close.value, bar.volume.value),
    )


async def _main() -> None:
    clients: list[Client] = []
    names: list[str] = []
    knocking = Knocking()

    async def answer(command: ToClients) -> msgspec.Struct:
        match command:
            case Listen():
                clients.append(Client(command))
                names.append(command.client)
                return Done()
            case Received():
                counts = (client.count for client in clients)
                return Counts(dict(zip(names, counts, strict=True)))
            case Leave():
                return Heard([await client.leave() for client in clients])
            case Call():
                return await _call(command)
            case Knock():
                await knocking.begin(command)
                return Done()
            case Knocked():
                return await knocking.end()
            case Cycle():
                return await _cycle(command)
            case Lag():
                raise ValueError("clients don't watch their loop")

    tell(Listening())
    await answer_commands(msgspec.json.Decoder(ToClients), answer)


if __name__ == "__main__":
    run(_main)
