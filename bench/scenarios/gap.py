"""Four seconds without websockets: what became of orders meanwhile is told, once, and how soon."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager

import grpc
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from bench.commands import Accept, Counts, Cut, Done, Fill, PrivateSockets
from bench.report import Result
from bench.run import Run, Scenario
from bench.stage import Stage, staged

SYMBOL = "BTCUSDT"
GAP_S = 4.0
EARLIER = 200
"""Orders before the gap, half of them filled."""
BATCH = 5
AT_MOST_S = 2.0
HEARD_S = 20.0
"""For what is to be told."""
REPEATS_S = 6.0
"""What was asked again 5 s after a gap may not be told again."""
PAUSE_S = 0.05
"""Between batches: 300 orders are allowed in 10 s."""


class Ears:
    """The order stream of one client."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, tuple[str, int]]] = []

    async def listen(self, stub: ExchangeServiceStub) -> None:
        """Note each update, until cancelled."""
        async for update in stub.SubscribeOrders(rpc.SubscribeOrdersRequest()):
            self.heard.append((time.monotonic(), (update.client_order_id, update.status)))

    async def until(self, told: tuple[str, int]) -> float | None:
        """Wait for an update, and tell when it came; None when it didn't."""
        until = time.monotonic() + HEARD_S
        while time.monotonic() < until:
            for at, each in self.heard:
                if each == told:
                    return at
            await asyncio.sleep(0.005)
        return None


def _order(client_order_id: str) -> resources.PlaceOrderRequest:
    return resources.PlaceOrderRequest(
        symbol=SYMBOL,
        side=types.ORDER_SIDE_BUY,
        type=types.ORDER_TYPE_LIMIT,
        quantity=Decimal(value="0.010"),
        price=Decimal(value="90000"),
        client_order_id=client_order_id,
    )


@asynccontextmanager
async def _client(stage: Stage) -> AsyncGenerator[tuple[ExchangeServiceStub, Ears]]:
    async with grpc.aio.insecure_channel(stage.address) as channel:
        stub = ExchangeServiceStub(channel)
        ears = Ears()
        listening = asyncio.create_task(ears.listen(stub))
        try:
            await _opened(stage)
            yield stub, ears
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _opened(stage: Stage) -> None:
    until = time.monotonic() + HEARD_S
    while not (await stage.exchange.ask(PrivateSockets(), Counts)).by_name["open"]:
        if time.monotonic() > until:
            raise TimeoutError
        await asyncio.sleep(0.01)


async def _measure(run: Run, result: Result) -> None:
    gaps = max(1, int(run.seconds(32) / (GAP_S + REPEATS_S)))
    earlier = [f"earlier{n}" for n in range(EARLIER)]
    delays: list[float] = []
    missing = repeated = 0
    still = {"symbols": 3, "updates_per_second": 0, "fill_ratio": 0}
    async with staged(run.folder, still) as stage, _client(stage) as (stub, ears):

        async def answered(call: Awaitable[object]) -> None:
            await asyncio.wait_for(call, HEARD_S)

        async def fill(name: str) -> None:
            await stage.exchange.ask(Fill(SYMBOL, name), Done)

        for first in range(0, EARLIER, BATCH):
            orders = [_order(name) for name in earlier[first : first + BATCH]]
            await answered(stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=orders)))
            await asyncio.sleep(PAUSE_S)
        for name in earlier[::2]:
            await fill(name)
        for n in range(gaps):
            filled = (f"filled{n}", types.ORDER_STATUS_FILLED)
            placed = (f"placed{n}", types.ORDER_STATUS_NEW)
            await answered(stub.PlaceOrder(_order(filled[0])))
            await ears.until((filled[0], types.ORDER_STATUS_NEW))
            await stage.exchange.ask(Cut(), Done)
            await answered(stub.PlaceOrder(_order(placed[0])))
            await fill(filled[0])
            await asyncio.sleep(GAP_S)
            accepted = time.monotonic()
            await stage.exchange.ask(Accept(), Done)
            for told in (filled, placed):
                at = await ears.until(told)
                missing += at is None
                delays.append((at or time.monotonic()) - accepted)
            await asyncio.sleep(REPEATS_S)
        updates = [each for _, each in ears.heard]
        repeated = len(updates) - len(set(updates))
    listed = ", ".join(f"{each:.2f}" for each in sorted(delays))
    result.add("gaps, orders before them", f"{gaps}, {EARLIER}")
    result.add("from accepting websockets to told, s", listed)
    result.add("the slowest, s", f"{max(delays):.2f}", f"< {AT_MOST_S:.0f}", slowest_s=max(delays))
    result.must_be("updates missing", missing)
    result.must_be("updates repeated", repeated)


SCENARIO = Scenario(
    "gap", f"{GAP_S:.0f} s without websockets, an order placed and one filled meanwhile", _measure
)
