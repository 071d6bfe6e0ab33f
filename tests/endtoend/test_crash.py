"""A connector that is stopped in a storm, and one that is killed and started again."""

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.type.decimal_pb2 import Decimal as Amount
from grpc_health.v1 import health_pb2, health_pb2_grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from connector.exchange.embedded import redirected
from connector.simulator import USUAL_KEY, USUAL_SECRET, ManualClock, Simulator, SimulatorConfig
from tests.endtoend.processes import READ_S, STOP_S, Run, end, running, start

CLASSES = {"binance": "binanceusdm", "bybit": "bybit"}
LONG_NAME = "needs translating, for it is long: №1"
STORM = [
    "drop:every=400ms",
    "flood:trades=200,every=100ms",
    "reorder:by=200ms",
    "slow:by=300ms",
    "poison:every=700ms",
]
CLIENTS = 20
ALONE = [("grpc.use_local_subchannel_pool", 1)]
"""A connection for each channel, as of processes of their own."""


@pytest.fixture
async def exchange(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    param: Any = getattr(request, "param", "binance")
    dialect, by_hand = param if isinstance(param, tuple) else (param, False)
    config = SimulatorConfig(dialect=dialect, symbols=("BTCUSDT", "ETHUSDT"))
    simulator = Simulator(config, clock=ManualClock() if by_hand else None)
    await simulator.start()
    yield simulator
    await simulator.stop()


def environment(exchange: Simulator, state: Path) -> dict[str, str]:
    name = CLASSES[exchange.config.dialect]
    urls = redirected(name, exchange.rest_url, exchange.ws_url)
    return {
        "EXCHANGE": name,
        "API_KEY": USUAL_KEY,
        "API_SECRET": USUAL_SECRET,
        "CONNECTOR_EXCHANGE__CCXT__URLS": json.dumps(urls),
        "CONNECTOR_STATE__PATH": str(state),
    }


def limit(name: str, quantity: str = "0.010") -> resources.PlaceOrderRequest:
    return resources.PlaceOrderRequest(
        symbol="BTCUSDT",
        side=types.ORDER_SIDE_BUY,
        type=types.ORDER_TYPE_LIMIT,
        quantity=Amount(value=quantity),
        price=Amount(value="90000.0"),
        client_order_id=name,
    )


def market(name: str) -> resources.PlaceOrderRequest:
    return resources.PlaceOrderRequest(
        symbol="BTCUSDT",
        side=types.ORDER_SIDE_BUY,
        type=types.ORDER_TYPE_MARKET,
        quantity=Amount(value="0.010"),
        client_order_id=name,
    )


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


async def test_sigterm_in_a_storm_is_quiet_soon_and_told(
    exchange: Simulator, tmp_path: Path
) -> None:
    """Twenty clients with every stream, prices without a pause, orders in the air, and faults."""
    symbols = ["BTCUSDT", "ETHUSDT"]
    async with (
        running("serve", "--port", "0", **environment(exchange, tmp_path / "state")) as run,
        AsyncExitStack() as stack,
    ):
        stubs = [
            cast("Any", ExchangeServiceStub(await stack.enter_async_context(channel)))
            for channel in (
                grpc.aio.insecure_channel(f"127.0.0.1:{run.ready['port']}", ALONE)
                for _ in range(CLIENTS)
            )
        ]
        streams = [
            call
            for stub in stubs
            for call in (
                stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=symbols)),
                stub.SubscribeKlines(rpc.SubscribeKlinesRequest(symbols=symbols, interval="1m")),
                stub.SubscribeOrders(rpc.SubscribeOrdersRequest()),
                stub.SubscribePositions(rpc.SubscribePositionsRequest()),
                stub.SubscribeAccount(rpc.SubscribeAccountRequest()),
            )
        ]
        reading = [asyncio.create_task(read_to_the_end(each)) for each in streams]
        async with asyncio.timeout(READ_S):
            await stubs[0].PlaceOrder(limit("first"))
            exchange.begin_fault("hang:requests=orders,when=after")
            for fault in STORM:
                exchange.begin_fault(fault)
            asked = [
                asyncio.create_task(ended(stub.PlaceOrder(limit(f"o{n}"))))
                for n, stub in enumerate(stubs)
            ]
            await exchange.until(lambda: len(exchange.orders_placed) > CLIENTS // 2)
        began = time.monotonic()
        run.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(READ_S):
            _, err = await run.process.communicate()
            took = time.monotonic() - began
            told = await asyncio.gather(*reading, *asked)

    assert run.process.returncode == 0
    assert took < STOP_S
    assert "Traceback" not in err.decode()
    assert "never retrieved" not in err.decode()
    wrong = [
        (number, code.name, details)
        for number, (code, details) in enumerate(told)
        if code is not grpc.StatusCode.UNAVAILABLE or not details
    ]
    assert wrong == [], f"{len(streams)} streams, then orders: {err.decode()[-2000:]}"


@asynccontextmanager
async def served(settings: dict[str, str]) -> AsyncGenerator[tuple[Run, Any]]:
    async with (
        running("serve", "--port", "0", **settings) as run,
        grpc.aio.insecure_channel(f"127.0.0.1:{run.ready['port']}") as channel,
        asyncio.timeout(READ_S),
    ):
        yield run, ExchangeServiceStub(channel)


async def read_to_the_end(call: Any) -> tuple[grpc.StatusCode, str]:
    try:
        async for _ in call:
            pass
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    return await call.code(), await call.details()


async def ended(call: Any) -> tuple[grpc.StatusCode, str]:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, ""


@pytest.mark.parametrize("exchange", ["binance", "bybit"], indirect=True)
async def test_after_a_kill_ids_are_the_same_and_what_ended_meanwhile_is_told(
    exchange: Simulator, tmp_path: Path
) -> None:
    exchange.pause()
    names = ["stays", LONG_NAME, "filled", "partly", "cancelled"]
    settings = environment(exchange, tmp_path / "state.sqlite3")
    async with served(settings) as (run, stub):
        call: Any = stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
        before = {name: await stub.PlaceOrder(limit(name)) for name in names}
        sent = {each.exchange_id: each for each in exchange.orders()}
        by_name = dict(zip(names, sent.values(), strict=True))
        exchange.fill("BTCUSDT", by_name["partly"].order_id, "0.004")
        told_before: list[Any] = []
        while not any(u.HasField("last_trade") for u in told_before):
            told_before.append(await call.read())
        await asyncio.sleep(0.2)  # what is noted is written after 50 ms
        os.kill(run.process.pid, signal.SIGKILL)
        await run.process.wait()

    exchange.fill("BTCUSDT", by_name["filled"].order_id)
    exchange.fill("BTCUSDT", by_name["partly"].order_id)
    exchange.cancel("BTCUSDT", by_name["cancelled"].order_id)

    async with served(settings) as (_, stub):
        listed = await stub.GetOpenOrders(rpc.GetOpenOrdersRequest(symbol="BTCUSDT"))
        assert {(o.order_id, o.client_order_id) for o in listed.orders} == {
            (before[name].order_id, name) for name in ("stays", LONG_NAME)
        }
        for name, order in before.items():
            request = rpc.GetOrderRequest(symbol="BTCUSDT", order_id=order.order_id)
            assert (await stub.GetOrder(request)).client_order_id == name
            request = rpc.GetOrderRequest(symbol="BTCUSDT", client_order_id=name)
            assert (await stub.GetOrder(request)).order_id == order.order_id
        again = await stub.PlaceOrder(limit("stays"))
        assert again.order_id == before["stays"].order_id

        call = stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
        last: dict[str, Any] = {}
        trades: list[str] = []
        over = (types.ORDER_STATUS_FILLED, types.ORDER_STATUS_CANCELED)
        while sum(u.status in over for u in last.values()) < 3:
            update = await call.read()
            last[update.client_order_id] = update
            trades += [update.last_trade.quantity.value] * update.HasField("last_trade")
        await stub.CancelOrder(
            rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=before[LONG_NAME].order_id)
        )
        while last.get(LONG_NAME) is None or last[LONG_NAME].status not in over:
            update = await call.read()
            last[update.client_order_id] = update
            trades += [update.last_trade.quantity.value] * update.HasField("last_trade")

    for name, status, executed in (
        ("filled", types.ORDER_STATUS_FILLED, "0.010"),
        ("partly", types.ORDER_STATUS_FILLED, "0.010"),
        ("cancelled", types.ORDER_STATUS_CANCELED, "0"),
        (LONG_NAME, types.ORDER_STATUS_CANCELED, "0"),
    ):
        assert (last[name].order_id, last[name].status) == (before[name].order_id, status)
        assert Decimal(last[name].executed_qty.value) == Decimal(executed)
    assert sorted(map(Decimal, trades)) == [Decimal("0.006"), Decimal("0.010")]
    assert set(exchange.orders_placed.values()) == {1}


OPEN_ORDERS = {"binance": "/fapi/v1/openOrders", "bybit": "/v5/order/realtime"}


async def health(channel: grpc.aio.Channel) -> int:
    stub: Any = health_pb2_grpc.HealthStub(channel)
    answer = await stub.Check(health_pb2.HealthCheckRequest(), wait_for_ready=True)
    return answer.status


@pytest.mark.parametrize("exchange", ["binance", "bybit"], indirect=True)
async def test_it_does_not_serve_before_the_orders_of_before_are_known(
    exchange: Simulator, tmp_path: Path
) -> None:
    exchange.pause()
    settings = environment(exchange, tmp_path / "state.sqlite3")
    async with served(settings) as (run, stub):
        call: Any = stub.SubscribeOrders(rpc.SubscribeOrdersRequest())
        await stub.PlaceOrder(limit("stays"))
        await call.read()
        await asyncio.sleep(0.2)  # what is noted is written after 50 ms
        os.kill(run.process.pid, signal.SIGKILL)
        await run.process.wait()

    exchange.fail_next("GET", OPEN_ORDERS[exchange.config.dialect], "hang_before")
    port = free_port()
    process = await start("serve", "--port", str(port), **settings)
    try:
        async with (
            asyncio.timeout(READ_S),
            grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        ):
            await exchange.until(lambda: not exchange.faults.planned)
            assert await health(channel) == health_pb2.HealthCheckResponse.NOT_SERVING
            exchange.faults.release()
            assert process.stdout is not None
            assert json.loads(await process.stdout.readline())["event"] == "serving"
            while await health(channel) != health_pb2.HealthCheckResponse.SERVING:
                await asyncio.sleep(0.01)
    finally:
        await end(process)


@pytest.mark.parametrize("exchange", ["binance", "bybit"], indirect=True)
async def test_an_order_in_the_air_when_it_was_killed_is_not_placed_again(
    exchange: Simulator, tmp_path: Path
) -> None:
    exchange.pause()
    settings = environment(exchange, tmp_path / "state.sqlite3")
    path = {"binance": "/fapi/v1/order", "bybit": "/v5/order/create"}[exchange.config.dialect]
    async with served(settings) as (run, stub):
        exchange.fail_next("POST", path, "hang_after")
        lost = asyncio.create_task(ended(stub.PlaceOrder(market("once"))))
        await exchange.until(lambda: "once" in exchange.orders_placed)
        os.kill(run.process.pid, signal.SIGKILL)  # before its ids are written
        await run.process.wait()
        assert (await lost)[0] is grpc.StatusCode.UNAVAILABLE
    exchange.faults.release()

    async with served(settings) as (_, stub):
        again = await stub.PlaceOrder(market("once"))

    assert again.status == types.ORDER_STATUS_FILLED
    assert exchange.orders_placed == {"once": 1}


@pytest.mark.parametrize("exchange", [("binance", True), ("bybit", True)], indirect=True)
async def test_an_order_in_the_air_when_it_was_killed_answers_for_a_repetition_minutes_later(
    exchange: Simulator, tmp_path: Path
) -> None:
    """Exchanges take a finished order's id again: one that nobody was told of is not a past one."""
    settings = environment(exchange, tmp_path / "state.sqlite3")
    path = {"binance": "/fapi/v1/order", "bybit": "/v5/order/create"}[exchange.config.dialect]
    async with served(settings) as (run, stub):
        exchange.fail_next("POST", path, "hang_after")
        lost = asyncio.create_task(ended(stub.PlaceOrder(market("once"))))
        await exchange.until(lambda: "once" in exchange.orders_placed)
        os.kill(run.process.pid, signal.SIGKILL)
        await run.process.wait()
        await lost
    exchange.faults.release()
    async with served(settings):  # ends well: the next one doesn't start after a crash
        pass
    exchange.advance(600)

    async with served(settings) as (_, stub):
        again = await stub.PlaceOrder(market("once"))

    assert again.status == types.ORDER_STATUS_FILLED
    assert exchange.orders_placed == {"once": 1}
