"""Secrets are planted everywhere, everything is provoked, and nothing that is shown holds one."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import aiohttp
import grpc
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from connector.exchange.embedded import redirected
from connector.keys import Role, add_key
from connector.simulator.config import USUAL_KEY, USUAL_SECRET
from tests.endtoend.processes import Ended, end, ended, running, start

MARK = "PLANTED"
ORDER = resources.PlaceOrderRequest(
    symbol="BTCUSDT",
    side=types.ORDER_SIDE_BUY,
    type=types.ORDER_TYPE_LIMIT,
    quantity=Decimal(value="0.002"),
    price=Decimal(value="60000"),
)


def found(text: str, secrets: dict[str, str]) -> list[str]:
    """Give the names of the secrets that a text holds."""
    return [name for name, secret in secrets.items() if secret in text]


def planted(folder: Path) -> tuple[dict[str, str], dict[str, str], Path]:
    """Give secrets by name, an environment that holds them, and the file of clients' keys."""
    keys = folder / "keys.toml"
    secrets = {
        "exchange key": f"{MARK}-exchange-key",
        "exchange secret": f"{MARK}-exchange-secret",
        "passphrase": f"{MARK}-passphrase",
        "proxy password": f"{MARK}-proxy-password",
        "option": f"{MARK}-option-secret",
        "client key": add_key(keys, "engine", Role.TRADE),
        "reader key": add_key(keys, "dashboard", Role.READ),
        "wrong key": f"{MARK}-wrong-client-key",
    }
    environment = {
        "API_KEY": secrets["exchange key"],
        "API_SECRET": secrets["exchange secret"],
        "PASSPHRASE": secrets["passphrase"],
        "LOG_LEVEL": "debug",
        "CONNECTOR_EXCHANGE__CCXT__OPTIONS": json.dumps({"brokerSecret": secrets["option"]}),
        "CONNECTOR_SERVER__KEYS_FILE": str(keys),
        "CONNECTOR_STATE__PATH": str(folder / "state.sqlite3"),
        "PORT": "0",
    }
    return secrets, environment, keys


async def provoke(address: str, secrets: dict[str, str]) -> str:
    """Call all kinds of things, good and bad, and give everything that came back."""
    heard: list[str] = []

    async def heed(call: Any) -> None:
        try:
            heard.append(str(await asyncio.wait_for(call, 10)))
        except grpc.aio.AioRpcError as error:
            trailing = [str(pair) for pair in error.trailing_metadata() or ()]
            heard.extend((repr(error), str(error.details()), *trailing))

    async with grpc.aio.insecure_channel(address) as channel:
        stub = ExchangeServiceStub(channel)
        bad = resources.PlaceOrderRequest(symbol="NOPE", client_order_id="x" * 4000)
        for key in ("client key", "reader key", "wrong key"):
            for header, value in (
                ("x-api-key", secrets[key]),
                ("authorization", f"Bearer {secrets[key]}"),
            ):
                shown = ((header, value),)
                await heed(stub.GetName(rpc.GetNameRequest(), metadata=shown))
                await heed(stub.GetAccount(rpc.GetAccountRequest(), metadata=shown))
                await heed(stub.PlaceOrder(ORDER, metadata=shown))
                await heed(stub.PlaceOrder(bad, metadata=shown))
                await heed(stub.GetSymbolInfo(rpc.GetSymbolInfoRequest(symbol="?"), metadata=shown))
                if key == "wrong key":
                    stream = stub.SubscribeOrders(rpc.SubscribeOrdersRequest(), metadata=shown)
                    await heed(stream.read())
    return "\n".join(heard)


def written(folder: Path) -> str:
    """Give what the state file and its companions hold, as text."""
    return "".join(file.read_bytes().decode("latin-1") for file in folder.glob("state.*"))


async def stopped(process: asyncio.subprocess.Process) -> Ended:
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def test_a_running_connector_shows_no_secret(tmp_path: Path) -> None:
    secrets, environment, _ = planted(tmp_path)
    secrets |= {"exchange key": USUAL_KEY, "exchange secret": USUAL_SECRET}
    environment |= {"API_KEY": USUAL_KEY, "API_SECRET": USUAL_SECRET}
    async with running("simulate", "--port", "0", "--symbols", "BTCUSDT,ETHUSDT") as simulator:
        urls = redirected("binanceusdm", simulator.ready["rest"], simulator.ready["websocket"])
        environment |= {
            "EXCHANGE": "binanceusdm",
            "CONNECTOR_EXCHANGE__CCXT__URLS": json.dumps(urls),
        }
        async with running("serve", **environment) as connector:
            address = f"127.0.0.1:{connector.ready['port']}"
            heard = await provoke(address, secrets)
            simulator.process.kill()  # the exchange goes away: resumptions, failures, retries
            await simulator.process.wait()
            heard += await provoke(address, secrets)
            async with aiohttp.ClientSession() as session:
                at = f"http://127.0.0.1:{connector.ready['metrics_port']}/metrics"
                told = await (await session.get(at)).text()
            run = await stopped(connector.process)

    assert "authentication failed" in heard, "what was provoked must have been refused"
    assert "exchange unavailable" in heard
    assert '"PlaceOrder"' in run.err, "the log must have been written"
    assert found(heard, secrets) == []
    assert found(run.out + run.err, secrets) == []
    assert 'status="UNAUTHENTICATED"' in told
    assert found(told, secrets) == []
    kept = written(tmp_path)
    assert kept
    assert found(kept, secrets) == []


async def test_credentials_that_the_exchange_refuses_are_not_shown(tmp_path: Path) -> None:
    secrets, environment, _ = planted(tmp_path)
    async with running("simulate", "--port", "0", "--symbols", "BTCUSDT") as simulator:
        urls = redirected("binanceusdm", simulator.ready["rest"], simulator.ready["websocket"])
        environment |= {
            "EXCHANGE": "binanceusdm",
            "CONNECTOR_EXCHANGE__CCXT__URLS": json.dumps(urls),
        }
        served = await ended("serve", **environment)
        examined = await ended("doctor", **environment)
        async with aiohttp.ClientSession() as session:
            status = (await session.get(simulator.ready["rest"] + "/fapi/v1/ping")).status

    assert status == 200, "the exchange was there"
    assert served.status == 1
    assert "credential validation failed" in served.err
    assert "FAILURE" in examined.out
    for run in (served, examined):
        assert found(run.out + run.err, secrets) == []


async def test_a_wrong_configuration_shows_no_secret(tmp_path: Path) -> None:
    secrets, environment, keys = planted(tmp_path)
    proxy = f"http://user:{secrets['proxy password']}@127.0.0.1:9"
    proxied = environment | {
        "EXCHANGE": "binanceusdm",
        "CONNECTOR_EXCHANGE__CCXT__PROXIES": json.dumps({"httpProxy": proxy, "wsProxy": proxy}),
    }
    shown = await ended("config", **proxied)
    assert shown.status == 0
    assert found(shown.out + shown.err, secrets) == []

    process = await start("serve", **proxied)
    assert process.stderr is not None
    try:
        line = await asyncio.wait_for(process.stderr.readuntil(b"no answer of the exchange"), 20)
        run = await stopped(process)
    finally:
        await end(process)
    assert found(line.decode() + run.out + run.err, secrets) == []

    file = tmp_path / "connector.toml"
    for text in (
        f'[exchange]\napi_secret = ["{secrets["exchange secret"]}"]\n',
        f'[exchange]\napi_secrets = "{secrets["exchange secret"]}"\n',
        f'[server]\nport = "{secrets["passphrase"]}"\n',
        f'[exchange.ccxt.proxies]\nhttpProxy = "ftp://user:{secrets["proxy password"]}@x"\n',
        f'[exchange]\nid = "sim\napi_secret = "{secrets["exchange secret"]}"\n',
    ):
        file.write_text(text)
        run = await ended("serve", "--config", str(file))
        assert run.status == 2, text
        assert found(run.out + run.err, secrets) == [], text

    keys.write_text(keys.read_text().replace("trade", secrets["client key"]))
    run = await ended("serve", **environment)
    assert run.status == 2
    assert "role must be read or trade" in run.err
    assert found(run.out + run.err, secrets) == []
