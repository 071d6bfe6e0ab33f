"""The server around the service: health, reflection, readiness, limits, an orderly end."""

import asyncio
import gc
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from connector.app import Connector
from connector.config import BadConfig, Config
from connector.errors import Denied, InsufficientFunds, InvalidRequest, OrderNotFound, Transient
from connector.exchange import session
from connector.exchange.embedded import embedded_urls
from connector.grpc.server import OPTIONS, SERVICE_NAME
from connector.grpc.statuses import TABLE, status_of
from connector.simulator import Simulator, SimulatorConfig
from connector.simulator.serving.faults import Failing
from connector.wire import encode_decimal as decimal
from tests.rpc.conftest import Serve, Served, both_dialects, take

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def _health(channel: Any, name: str) -> int:
    stub = health_pb2_grpc.HealthStub(channel)
    return (await stub.Check(health_pb2.HealthCheckRequest(service=name))).status


async def _until_health(served: Served, wanted: int) -> None:
    async with asyncio.timeout(5):
        for name in ("", SERVICE_NAME):
            while await _health(served.channel, name) != wanted:
                await asyncio.sleep(0.01)


async def test_health_is_told_for_both_names(serve: Serve) -> None:
    served = await serve()

    await _until_health(served, SERVING)


async def test_reflection_lists_the_service(serve: Serve) -> None:
    served = await serve()
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(served.channel)  # pyright: ignore

    async def asked() -> Any:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async for answer in stub.ServerReflectionInfo(asked()):
        names = {service.name for service in answer.list_services_response.service}
        assert {SERVICE_NAME, "grpc.health.v1.Health"} <= names


async def test_while_the_exchange_is_away_name_and_type_answer_and_health_says_not_serving(
    no_task_left: None,
) -> None:
    nowhere = embedded_urls("http://127.0.0.1:1", "ws://127.0.0.1:1")
    config = Config.model_validate(
        {
            "exchange": {"id": "binanceusdm", "name": "mine", "ccxt": {"urls": nowhere}},
            "state": {"path": ":memory:"},
            "server": {"port": 0, "refusal_pause_ms": 10},
        }
    )
    async with (
        Connector(config) as connector,
        grpc.aio.insecure_channel(f"127.0.0.1:{connector.port}") as channel,
    ):
        stub = ExchangeServiceStub(channel)

        assert (await stub.GetName(rpc.GetNameRequest())).name == "mine"
        assert (await stub.GetType(rpc.GetTypeRequest())).type == 2
        assert await _health(channel, "") == NOT_SERVING
        assert await _health(channel, SERVICE_NAME) == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetSymbols(rpc.GetSymbolsRequest())
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "markets are not known yet" in (caught.value.details() or "")

        waiting: Any = stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=["BTCUSDT"]))
        read = asyncio.ensure_future(waiting.read())
        done, _ = await asyncio.wait({read}, timeout=0.05)
        assert not done
        waiting.cancel()
        await asyncio.wait({read})


async def test_stopping_ends_every_stream_with_a_reason(serve: Serve) -> None:
    served = await serve()
    calls: list[Any] = [
        served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=["BTCUSDT"])),
        served.stub.SubscribeKlines(rpc.SubscribeKlinesRequest(symbols=["BTCUSDT"], interval="1m")),
        served.stub.SubscribeFundingRate(rpc.SubscribeFundingRateRequest(symbol="BTCUSDT")),
    ]
    await served.until(lambda: len(served.upstream()) == 3)

    async with asyncio.timeout(5):
        await served.connector.server.stop()
        for call in calls:
            assert await call.code() is grpc.StatusCode.UNAVAILABLE
            assert "the connector is shutting down" in await call.details()
    await served.until(lambda: not served.upstream())


async def test_a_port_that_is_taken_is_told(serve: Serve) -> None:
    served = await serve()
    config = served.connector.config
    taken = config.model_copy(
        update={"server": config.server.model_copy(update={"port": served.connector.port})}
    )

    with pytest.raises(BadConfig, match=r"can't listen on 127\.0\.0\.1:\d+: is the port taken"):
        async with Connector(taken):
            pass


async def test_an_exchange_that_nobody_knows_is_told() -> None:
    config = Config.model_validate({"exchange": {"id": "nasdaq"}, "server": {"port": 0}})

    with pytest.raises(BadConfig, match=r"exchange\.id 'nasdaq' is unknown; allowed: sim, or"):
        async with Connector(config):
            pass


async def test_a_client_that_closes_its_connection_is_let_go_of(serve: Serve) -> None:
    served = await serve()
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{served.connector.port}")
    call: Any = ExchangeServiceStub(channel).SubscribePrice(
        rpc.SubscribePriceRequest(symbols=["BTCUSDT"])
    )
    await served.until(lambda: bool(served.upstream()))
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await take(call, 1)

    await channel.close()

    await served.until(lambda: served.connector.service.streams.open == 0)
    await served.until(lambda: not served.upstream())


async def test_closing_while_the_exchange_is_away_leaves_nothing_behind(serve: Serve) -> None:
    served = await serve()
    call: Any = served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=["BTCUSDT"]))
    await served.until(lambda: bool(served.upstream()))
    served.exchange.refuse_connections = True
    await served.exchange.drop_sockets()

    await served.connector.__aexit__()
    served.exchange.refuse_connections = False

    assert await call.code() is grpc.StatusCode.UNAVAILABLE
    assert not served.connector.feeds.shared
    assert not served.connector.session.ccxt.clients
    assert served.exchange.connections == 0


async def test_a_call_that_is_given_up_does_not_disturb_another(serve: Serve) -> None:
    served = await serve()
    request = rpc.FetchExchangeInfoRequest(symbol="BTCUSDT")
    served.exchange.fail_next(*served.path("markets"), ("delay", 0.3))

    hasty: Any = served.stub.FetchExchangeInfo(request, timeout=0.05)
    patient: Any = served.stub.FetchExchangeInfo(request)

    assert await hasty.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    async with asyncio.timeout(5):
        assert await patient.code() is grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            Transient("404 not found: margin 51020"),
            "exchange unavailable: 404 Not found: Margin 51'020",
        ),
        (InsufficientFunds("margin is insufficient"), "insufficient funds: margin is insufficient"),
        (OrderNotFound("order not found"), "order not found: order not found"),
        (InvalidRequest("INVALID_SYMBOL"), "invalid request: Invalid_Symbol"),
    ],
)
def test_a_message_holds_no_piece_that_makes_the_engine_take_a_wrong_turn(
    error: Exception, message: str
) -> None:
    assert status_of(error)[1] == message


def test_every_error_has_a_status_that_the_engines_page_has() -> None:
    assert {code.name for _, code, _ in TABLE} == {
        "ALREADY_EXISTS",
        "FAILED_PRECONDITION",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "RESOURCE_EXHAUSTED",
        "UNAUTHENTICATED",
        "UNAVAILABLE",
        "UNIMPLEMENTED",
    }


def before_nothing(host: str) -> Config:
    nowhere = embedded_urls("http://127.0.0.1:1", "ws://127.0.0.1:1")
    return Config.model_validate(
        {
            "exchange": {"id": "binanceusdm", "ccxt": {"urls": nowhere}},
            "server": {"host": host, "port": 0},
            "state": {"path": ":memory:"},
        }
    )


@pytest.mark.parametrize("after_s", [0, 0.001, 0.01, 0.03])
async def test_it_ends_quietly_while_the_markets_are_asked_for(
    no_task_left: None, after_s: float
) -> None:
    async with Connector(before_nothing("127.0.0.1")):
        await asyncio.sleep(after_s)
    gc.collect()  # a question that nobody awaited would warn


async def test_an_ipv6_address_needs_no_brackets() -> None:
    async with (
        Connector(before_nothing("::1")) as connector,
        grpc.aio.insecure_channel(f"[::1]:{connector.port}") as channel,
    ):
        stub = ExchangeServiceStub(channel)
        assert (await stub.GetName(rpc.GetNameRequest())).name == "binance"


def with_credentials(simulator: Simulator, **instead: str) -> Config:
    return Config.model_validate(
        {
            "exchange": {
                "id": "binanceusdm",
                "api_key": simulator.config.api_key or "",
                "api_secret": simulator.config.api_secret or "",
                "ccxt": {"urls": embedded_urls(simulator.rest_url, simulator.ws_url)},
                **instead,
            },
            "server": {"port": 0},
            "state": {"path": ":memory:"},
        }
    )


@pytest.mark.parametrize(
    ("exchange", "credentials", "says"),
    [
        ({}, {"api_secret": "wrong"}, "-1022"),
        ({}, {"api_secret": ""}, 'requires "secret" credential'),
        ({}, {"api_key": ""}, 'requires "apiKey" credential'),
        ({}, {"api_key": "", "api_secret": "", "passphrase": "p"}, 'requires "apiKey" credential'),
        ({"hedged": True}, {}, "the account is in hedge mode"),
    ],
)
async def test_credentials_that_cannot_trade_refuse_to_start(
    no_task_left: None, exchange: dict[str, Any], credentials: dict[str, str], says: str
) -> None:
    simulator = Simulator(SimulatorConfig(symbols=1, **exchange))
    await simulator.start()
    config = with_credentials(simulator, **credentials)
    async with asyncio.timeout(10), Connector(config) as connector:
        with pytest.raises(Denied, match="credential validation failed: ") as caught:
            await connector.ready()
    await simulator.stop()

    assert says in str(caught.value)


async def test_health_follows_the_exchange_for_both_names(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PROBE_S", 0.05)
    monkeypatch.setattr(session, "ABSENT_AFTER_S", 0.3)
    served = await serve()
    await _until_health(served, SERVING)

    served.exchange.refuse_connections = True
    await _until_health(served, NOT_SERVING)

    served.exchange.refuse_connections = False
    await _until_health(served, SERVING)


@both_dialects
async def test_during_a_ban_every_caller_is_told_at_once_when_to_come_back(serve: Serve) -> None:
    served = await serve()
    banned = Failing(
        matches=lambda _: True, kind="status", stage="before", number=418, retry_after_s=30, times=1
    )
    served.exchange.faults.plan(banned)
    price = rpc.GetLatestPriceRequest(symbol="BTCUSDT")
    every = rpc.GetOpenOrdersRequest(symbol="BTCUSDT")
    order = resources.PlaceOrderRequest(
        symbol="BTCUSDT",
        side=types.ORDER_SIDE_BUY,
        type=types.ORDER_TYPE_LIMIT,
        quantity=decimal("0.01"),
        price=decimal("90000"),
    )
    stub = served.stub
    asked: list[tuple[Any, Any]] = [
        (stub.GetLatestPrice, price),
        (stub.GetLatestPrice, price),
        (stub.PlaceOrder, order),
        (stub.GetOpenOrders, every),
    ]

    for ask, request in asked:
        call = ask(request)
        async with asyncio.timeout(5):
            assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await call.details()).startswith("rate limit exceeded: ")
        told = dict(await call.trailing_metadata())["grpc-status-details-bin"]
        retry = RetryInfo()
        assert Status.FromString(told).details[0].Unpack(retry)
        assert 20 < retry.retry_delay.seconds <= 30
    assert not served.exchange.orders_placed


async def test_a_peer_that_died_without_a_word_is_noticed_by_keepalive(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = ("grpc.keepalive_time_ms", "grpc.keepalive_timeout_ms", "grpc.http2.ping_timeout_ms")
    sooner = [(name, value // 20 if name in times else value) for name, value in OPTIONS]
    monkeypatch.setattr("connector.grpc.server.OPTIONS", sooner)
    served, is_cut = await serve(), asyncio.Event()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65_536):
            if not is_cut.is_set():
                writer.write(some)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, onward = await asyncio.open_connection("127.0.0.1", served.connector.port)
        await asyncio.gather(carry(reader, onward), carry(back, writer))

    async with await asyncio.start_server(connect, "127.0.0.1", 0) as way:
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{way.sockets[0].getsockname()[1]}")
        call: Any = ExchangeServiceStub(channel).SubscribePrice(
            rpc.SubscribePriceRequest(symbols=["BTCUSDT"])
        )
        await served.until(lambda: bool(served.upstream()))
        served.exchange.trade("BTCUSDT", "97123.10", "0.5")
        await take(call, 1)
        is_cut.set()

        await served.until(lambda: served.connector.service.streams.open == 0)
        call.cancel()
        await channel.close()
