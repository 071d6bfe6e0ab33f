"""Who may call what: keys, roles, rates, TLS, the read-only mode, and the line of each order."""

import asyncio
import hmac
import re
import shutil
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from google.type.decimal_pb2 import Decimal
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

import connector.keys
from connector.config import BadConfig, ServerConfig
from connector.errors import RateLimited
from connector.grpc.guard import Caller, Guard
from connector.keys import BadKeys, KeyRing, Role, add_key, digest_of, read_keys
from tests.rpc.conftest import Serve, Served, take

OPENSSL = shutil.which("openssl")
GUIDE = Path(__file__).parents[2] / "docs" / "security.md"
ORDER = resources.PlaceOrderRequest(
    symbol="BTCUSDT",
    side=types.ORDER_SIDE_BUY,
    type=types.ORDER_TYPE_LIMIT,
    quantity=Decimal(value="0.002"),
    price=Decimal(value="60000"),
    client_order_id="mine",
)
TRADING: list[tuple[str, Any]] = [
    ("PlaceOrder", ORDER),
    ("BatchPlaceOrders", rpc.BatchPlaceOrdersRequest(orders=[ORDER])),
    ("CancelOrder", rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=1)),
    ("BatchCancelOrders", rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=[1])),
    ("CancelAllOrders", rpc.CancelAllOrdersRequest(symbol="BTCUSDT")),
]


class Keys:
    """A key file with one key of each role."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "keys.toml"
        self.read = add_key(self.path, "dashboard", Role.READ)
        self.trade = add_key(self.path, "engine", Role.TRADE)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def shown(key: str) -> tuple[tuple[str, str], ...]:
    return (("x-api-key", key),)


async def refusal(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value


async def symbols(served: Served, *metadata: tuple[str, str | bytes]) -> Any:
    return await served.stub.GetSymbols(rpc.GetSymbolsRequest(), metadata=metadata)


async def test_without_keys_everyone_on_the_machine_may_call(serve: Serve) -> None:
    served = await serve()

    assert (await symbols(served)).symbols
    assert (await served.stub.PlaceOrder(ORDER)).order_id > 0


async def test_a_key_is_shown_as_x_api_key_or_as_bearer(serve: Serve, keys: Keys) -> None:
    served = await serve(keys_file=str(keys.path))

    assert (await symbols(served, ("x-api-key", keys.read))).symbols
    assert (await symbols(served, ("authorization", f"Bearer {keys.read}"))).symbols
    assert (await symbols(served, ("authorization", f"bearer {keys.read}"))).symbols


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("x-api-key", "osq_wrong"),),
        (("x-api-key", ""),),
        (("authorization", "Bearer osq_wrong"),),
        (("authorization", "Basic b3NxOg=="),),
    ],
)
async def test_without_a_good_key_nothing_is_answered(
    serve: Serve, keys: Keys, metadata: tuple[tuple[str, str], ...]
) -> None:
    served = await serve(keys_file=str(keys.path))

    error = await refusal(symbols(served, *metadata))

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert str(error.details()).startswith("authentication failed: ")
    assert "osq_wrong" not in str(error.details())


async def test_a_digest_is_no_key(serve: Serve, keys: Keys) -> None:
    served = await serve(keys_file=str(keys.path))

    error = await refusal(symbols(served, *shown(digest_of(keys.trade))))

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_name_type_and_health_need_no_key_and_reflection_does(
    serve: Serve, keys: Keys
) -> None:
    served = await serve(keys_file=str(keys.path))

    assert (await served.stub.GetName(rpc.GetNameRequest())).name == "binance"
    assert (await served.stub.GetType(rpc.GetTypeRequest())).type == types.EXCHANGE_TYPE_FUTURES
    health = health_pb2_grpc.HealthStub(served.channel)
    assert (await health.Check(health_pb2.HealthCheckRequest())).status
    reflection: Any = reflection_pb2_grpc.ServerReflectionStub(served.channel)  # pyright: ignore

    async def asked(metadata: tuple[tuple[str, str], ...]) -> Any:
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        call = reflection.ServerReflectionInfo(iter([request]), metadata=metadata)
        return await call.read()

    assert (await asked(shown(keys.read))).list_services_response.service
    error = await refusal(asked(()))
    assert error.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(("method", "request_"), TRADING)
async def test_a_key_to_read_may_not_trade(
    serve: Serve, keys: Keys, method: str, request_: Any
) -> None:
    served = await serve(keys_file=str(keys.path))

    error = await refusal(getattr(served.stub, method)(request_, metadata=shown(keys.read)))

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "dashboard may read, not trade" in str(error.details())
    assert served.exchange.orders_placed == {}
    account = await served.stub.GetAccount(rpc.GetAccountRequest(), metadata=shown(keys.read))
    assert account.total_wallet_balance.value


async def test_a_key_to_trade_may_both(serve: Serve, keys: Keys) -> None:
    served = await serve(keys_file=str(keys.path))

    placed = await served.stub.PlaceOrder(ORDER, metadata=shown(keys.trade))

    assert placed.order_id > 0
    assert (await symbols(served, *shown(keys.trade))).symbols


@pytest.mark.parametrize(("method", "request_"), TRADING)
async def test_in_read_only_mode_nobody_trades(serve: Serve, method: str, request_: Any) -> None:
    served = await serve(read_only=True)

    error = await refusal(getattr(served.stub, method)(request_))

    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == "order rejected: this connector is read-only"
    assert served.exchange.orders_placed == {}
    assert (await symbols(served)).symbols


async def test_keys_change_without_a_restart(
    serve: Serve, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector.keys, "LOOK_AGAIN_S", 0)
    served = await serve(keys_file=str(keys.path))
    added = add_key(keys.path, "second", Role.READ)
    assert (await symbols(served, *shown(added))).symbols

    keys.path.write_text("[[keys]]\nname =")
    assert (await symbols(served, *shown(added))).symbols, "a broken file leaves the keys before it"

    keys.path.unlink()
    renewed = add_key(keys.path, "engine", Role.TRADE)
    assert (await symbols(served, *shown(renewed))).symbols
    for old in (added, keys.trade, keys.read):
        assert (await refusal(symbols(served, *shown(old)))).code() is (
            grpc.StatusCode.UNAUTHENTICATED
        )


async def test_each_key_has_a_rate_of_its_own(serve: Serve, keys: Keys) -> None:
    served = await serve(keys_file=str(keys.path), calls_per_second=0.5)
    assert (await symbols(served, *shown(keys.read))).symbols

    error = await refusal(symbols(served, *shown(keys.read)))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(error.details()).startswith("rate limit exceeded: the key dashboard has 0.5 calls")
    status = Status.FromString(
        bytes(dict(error.trailing_metadata() or ())["grpc-status-details-bin"])  # pyright: ignore
    )
    retry = RetryInfo()
    assert status.details[0].Unpack(retry)
    assert 0 < retry.retry_delay.ToTimedelta().total_seconds() <= 2
    assert (await symbols(served, *shown(keys.trade))).symbols
    assert (await served.stub.GetName(rpc.GetNameRequest(), metadata=shown(keys.read))).name


def test_what_was_used_up_of_a_rate_comes_back_with_time() -> None:
    now = 0.0
    guard, engine = Guard(per_second=2, clock=lambda: now), Caller("engine", Role.TRADE)

    def allow(calls: int) -> None:
        for _ in range(calls):
            guard.allow(engine, "GetAccount")
        with pytest.raises(RateLimited) as limited:
            guard.allow(engine, "GetAccount")
        assert limited.value.retry_after == timedelta(seconds=0.5)

    allow(2)  # a burst of as many as a second has
    now = 0.5
    allow(1)
    now = 60.0
    allow(2)  # never more than that at once


def test_what_holds_where_nothing_is_set() -> None:
    server = ServerConfig()
    assert server.host == "127.0.0.1"
    assert server.calls_per_second == 100
    assert server.refusal_pause_ms == 1000
    assert (server.insecure, server.read_only) == (False, False)


async def test_a_refused_stream_waits(serve: Serve, keys: Keys) -> None:
    served = await serve(keys_file=str(keys.path), refusal_pause_ms=150)
    began = time.monotonic()

    call = served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=["BTCUSDT"]))
    error = await refusal(call.read())

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert time.monotonic() - began >= 0.15
    stream = served.stub.SubscribePrice(
        rpc.SubscribePriceRequest(symbols=["BTCUSDT"]), metadata=shown(keys.read)
    )
    assert (await take(stream, 1))[0].symbol == "BTCUSDT"


def test_every_key_is_compared_in_constant_time_and_none_is_kept(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    original = hmac.compare_digest

    def noted(one: str, other: str) -> bool:
        compared.append(one)
        return original(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    ring = KeyRing(keys.path)

    assert (found := ring.find(keys.read)) is not None
    assert (found.name, found.role) == ("dashboard", Role.READ)
    assert compared == [digest_of(keys.read), digest_of(keys.trade)], "the first match ends nothing"
    held = repr([getattr(ring, name) for name in vars(ring)]) + keys.path.read_text()
    assert keys.read not in held
    assert keys.trade not in held


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must hold [[keys]] entries"),
        ("keys = 1", "must hold [[keys]] entries"),
        ("[[keys]]\nname = ", "it is not TOML"),
        ('[[keys]]\nname = "a"\n', "entry 1: name, role and sha256"),
        ('[[keys]]\nname = "a b"\nrole = "read"\nsha256 = "0"', "name must be letters"),
        ('[[keys]]\nname = "a"\nrole = "root"\nsha256 = "0"', "role must be read or trade"),
        ('[[keys]]\nname = "a"\nrole = "read"\nsha256 = "0"', "64 hexadecimal digits"),
    ],
)
def test_a_key_file_that_is_none_says_why(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    with pytest.raises(BadKeys, match=re.escape(says)):
        read_keys(path)


def test_a_name_is_taken_once_and_the_file_is_its_owners_alone(keys: Keys) -> None:
    with pytest.raises(BadKeys, match="a key called engine already"):
        add_key(keys.path, "engine", Role.READ)
    with pytest.raises(BadKeys, match="is no name"):
        add_key(keys.path, "the engine", Role.READ)
    assert keys.path.stat().st_mode & 0o077 == 0


EXPOSED = {"host": "0.0.0.0"}
WITH_KEYS = {"keys_file": "keys.toml"}
WITH_TLS = {"tls": {"cert": "a.crt", "key": "a.key"}}
MUTUAL = {"tls": {"cert": "a.crt", "key": "a.key", "client_ca": "ca.crt"}}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
def test_on_loopback_nothing_is_asked_for(host: str) -> None:
    ServerConfig.model_validate({"host": host}).check_exposure()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "192.168.0.7", "connector", "10.0.0.1"])
def test_off_loopback_without_a_key_it_refuses_to_start(host: str) -> None:
    for also in ({}, WITH_TLS, {"insecure": True}):
        config = ServerConfig.model_validate({"host": host, **also})
        with pytest.raises(BadConfig, match=r"set server\.keys_file or server\.tls\.client_ca"):
            config.check_exposure()


def test_off_loopback_without_tls_it_refuses_unless_told() -> None:
    with pytest.raises(BadConfig, match=r"server\.tls\.cert and server\.tls\.key, or --insecure"):
        ServerConfig.model_validate({**EXPOSED, **WITH_KEYS}).check_exposure()
    for enough in ({"insecure": True}, WITH_TLS):
        ServerConfig.model_validate({**EXPOSED, **WITH_KEYS, **enough}).check_exposure()
    ServerConfig.model_validate({**EXPOSED, **MUTUAL}).check_exposure()


class Authority:
    """Certificates made by the commands of docs/security.md."""

    def __init__(self, folder: Path) -> None:
        (commands,) = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
        subprocess.run(
            ["sh", "-e", "-c", commands], cwd=folder, check=True, capture_output=True, timeout=60
        )
        self.folder = folder

    def file(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def settings(self, mutual: bool) -> dict[str, str]:
        files = {"cert": "connector.crt", "key": "connector.key"}
        files |= {"client_ca": "ca.crt"} if mutual else {}
        return {name: str(self.folder / file) for name, file in files.items()}

    def channel(self, port: int, *, client: bool = False) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(
            self.file("ca.crt"),
            self.file("engine.key") if client else None,
            self.file("engine.crt") if client else None,
        )
        return grpc.aio.secure_channel(f"localhost:{port}", credentials)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if OPENSSL is None:
        pytest.skip("there is no openssl here to make certificates with")
    return Authority(tmp_path_factory.mktemp("authority"))


async def name(channel: grpc.aio.Channel) -> str:
    async with channel, asyncio.timeout(5):
        stub = ExchangeServiceStub(channel)
        return (await stub.GetName(rpc.GetNameRequest(), timeout=3)).name


async def test_tls_shows_the_servers_certificate(serve: Serve, made: Authority) -> None:
    served = await serve(tls=made.settings(mutual=False))

    assert await name(made.channel(served.connector.port)) == "binance"
    plain = grpc.aio.insecure_channel(f"localhost:{served.connector.port}")
    assert (await refusal(name(plain))).code() is grpc.StatusCode.UNAVAILABLE


async def test_mutual_tls_lets_in_who_has_a_certificate(
    serve: Serve, made: Authority, audited: list[dict[str, Any]]
) -> None:
    served = await serve(tls=made.settings(mutual=True))
    port = served.connector.port

    assert (await refusal(name(made.channel(port)))).code() is grpc.StatusCode.UNAVAILABLE
    async with made.channel(port, client=True) as channel:
        placed = await ExchangeServiceStub(channel).PlaceOrder(ORDER, timeout=5)
    assert placed.order_id > 0
    await served.until(lambda: bool(audited))
    assert [line["who"] for line in audited] == ["certificate:engine"]


async def test_a_renewed_certificate_is_shown_without_a_restart(
    serve: Serve, made: Authority, tmp_path: Path
) -> None:
    folder = tmp_path / "renewed"
    shutil.copytree(made.folder, folder)
    files = {"cert": str(folder / "connector.crt"), "key": str(folder / "connector.key")}
    served = await serve(tls=files)
    assert await name(made.channel(served.connector.port)) == "binance"

    for file in folder.iterdir():
        file.unlink()
    other = Authority(folder)

    assert await name(other.channel(served.connector.port)) == "binance"
    old = await refusal(name(made.channel(served.connector.port)))
    assert old.code() is grpc.StatusCode.UNAVAILABLE
    (folder / "connector.crt").write_text("half a cert")
    assert await name(other.channel(served.connector.port)) == "binance", "those before hold"


async def test_certificates_that_are_none_are_told_at_start(serve: Serve, tmp_path: Path) -> None:
    absent = str(tmp_path / "absent.crt")
    with pytest.raises(BadConfig, match=r"server\.tls\.cert .*absent\.crt: No such file"):
        await serve(tls={"cert": absent, "key": absent})
    blank = tmp_path / "blank.crt"
    blank.write_text("hello")
    with pytest.raises(BadConfig, match=r"it is not PEM"):
        await serve(tls={"cert": str(blank), "key": str(blank)})


@pytest.mark.parametrize(
    ("tls", "says"),
    [
        ({"cert": "a"}, "cert and key go together"),
        ({"key": "a"}, "cert and key go together"),
        ({"client_ca": "a"}, "client_ca needs cert and key"),
    ],
)
def test_certificates_come_in_pairs(tls: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ServerConfig.model_validate({"tls": tls})


async def test_each_order_has_a_line_that_says_who_what_and_what_came_of_it(
    serve: Serve, keys: Keys, audited: list[dict[str, Any]]
) -> None:
    served = await serve(keys_file=str(keys.path))
    stub, trade = served.stub, shown(keys.trade)
    bad = resources.PlaceOrderRequest()
    bad.CopyFrom(ORDER)
    bad.client_order_id, bad.quantity.value = "bad", "0"

    placed = await stub.PlaceOrder(ORDER, metadata=trade)
    await refusal(stub.PlaceOrder(ORDER, metadata=shown(keys.read)))
    await stub.BatchPlaceOrders(rpc.BatchPlaceOrdersRequest(orders=[bad, ORDER]), metadata=trade)
    cancel = rpc.CancelOrderRequest(symbol="BTCUSDT", order_id=placed.order_id)
    await stub.CancelOrder(cancel, metadata=trade)
    await refusal(stub.CancelOrder(cancel, metadata=trade))
    await stub.BatchCancelOrders(
        rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=[7]), metadata=trade
    )
    await stub.CancelAllOrders(rpc.CancelAllOrdersRequest(symbol="BTCUSDT"), metadata=trade)

    await served.until(lambda: len(audited) >= 8)
    told = [
        (line["who"], line["method"], line.get("client_order_id"), str(line["outcome"])[:15])
        for line in audited
    ]
    assert told == [
        ("engine", "PlaceOrder", "mine", "OK"),
        ("dashboard", "PlaceOrder", "mine", "authentication "),
        ("engine", "BatchPlaceOrders", "bad", "invalid order: "),
        ("engine", "BatchPlaceOrders", "mine", "OK"),
        ("engine", "CancelOrder", None, "OK"),
        ("engine", "CancelOrder", None, "order not found"),
        ("engine", "BatchCancelOrders", None, "order not found"),
        ("engine", "CancelAllOrders", None, "OK"),
    ]
    assert audited[0]["order_id"] == placed.order_id
    assert audited[0]["quantity"] == "0.002"
    assert not [line for line in audited if keys.trade in str(line) or keys.read in str(line)]


async def test_a_huge_batch_that_is_refused_as_a_whole_has_one_line(
    serve: Serve, audited: list[dict[str, Any]]
) -> None:
    served = await serve()
    cancel = rpc.BatchCancelOrdersRequest(symbol="BTCUSDT", order_ids=range(1, 501))
    await served.stub.BatchCancelOrders(cancel)
    await served.until(lambda: len(audited) == 500)

    cancel.order_ids.extend(range(200_000))
    await refusal(served.stub.BatchCancelOrders(cancel))
    place = rpc.BatchPlaceOrdersRequest(orders=[ORDER] * 501)
    await refusal(served.stub.BatchPlaceOrders(place))

    await served.until(lambda: len(audited) >= 502)
    assert [line["orders"] for line in audited[500:]] == [200_500, 501]


async def test_an_order_whose_caller_left_before_the_answer_has_its_line(
    serve: Serve, audited: list[dict[str, Any]]
) -> None:
    served = await serve()
    served.exchange.fail_next(*served.path("place"), ("delay_after", 0.2))

    call = served.stub.PlaceOrder(ORDER)
    await served.until(lambda: "mine" in served.exchange.orders_placed)
    call.cancel()
    await served.until(lambda: bool(audited))

    assert [(line["client_order_id"], line["outcome"]) for line in audited] == [
        ("mine", "the caller left before the answer")
    ]


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every line of the audit, in order."""
    lines: list[dict[str, Any]] = []

    class Noted:
        def info(self, event: str, **facts: Any) -> None:
            assert event == "order"
            lines.append(facts)

    monkeypatch.setattr("connector.grpc.audit.log", Noted())
    return lines
