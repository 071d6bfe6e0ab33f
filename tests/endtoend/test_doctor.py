"""`connector doctor` and `connector health`: what they find, and their status."""

import asyncio
import hmac
import json
import re
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from connector.exchange.embedded import redirected
from connector.simulator.config import USUAL_KEY, USUAL_SECRET
from tests.endtoend.connectors import Stub, on_terminal, serving
from tests.endtoend.processes import READ_S, STOP_S, Ended, end, ended, running, start

CHECKS = [
    "config", "port", "clients", "state", "exchange",
    "symbols", "latency", "clock", "key", "positions",
]  # fmt: skip


def findings(run: Ended) -> dict[str, list[str]]:
    """Give state, finding and remedy by check."""
    return {line.split("\t")[0]: line.split("\t")[1:] for line in run.out.splitlines()}


def as_real(simulated: dict[str, Any]) -> dict[str, str]:
    """Give the environment of an exchange that is met as any other would be."""
    urls = redirected("binanceusdm", simulated["rest"], simulated["websocket"])
    return {"EXCHANGE": "binanceusdm", "CONNECTOR_EXCHANGE__CCXT__URLS": json.dumps(urls)}


async def test_all_is_well_with_the_embedded_exchange() -> None:
    run = await ended("doctor", "BTCUSDT", "ETH/USDT:USDT", PORT="0")

    found = findings(run)
    assert (run.status, run.err) == (0, "")
    assert list(found) == CHECKS
    assert {state for state, *_ in found.values()} == {"ok"}
    assert found["symbols"][1] == "20 served, BTCUSDT, ETH/USDT:USDT among them"
    assert "median of 10 answers" in found["latency"][1]
    assert found["key"][1] == "may read (1 asset held), may trade, may not withdraw"


async def test_each_line_that_is_wrong_has_its_remedy(tmp_path: Path) -> None:
    damaged = tmp_path / "state.sqlite3"
    damaged.write_text("no database at all, but long enough to be taken for one" * 20)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with running("simulate", "--port", "0", "--symbols", "BTCUSDT") as simulator:
            run = await ended(
                "doctor", "BTCUSD", PORT=port, API_KEY="WRONG-KEY", API_SECRET="WRONG-SECRET",
                CONNECTOR_STATE__PATH=str(damaged), **as_real(simulator.ready),
            )  # fmt: skip

    found = findings(run)
    assert (run.status, run.err) == (1, "")
    assert list(found) == CHECKS
    failed = {check for check, (state, *_) in found.items() if state == "FAILURE"}
    assert failed == {"port", "state", "symbols", "key", "positions"}
    assert all(found[check][2] for check in failed)
    assert found["state"][1] == f"{damaged}: file is not a database"
    assert "WRONG-" not in run.out
    assert "BTCUSDT" in found["symbols"][1]


async def test_hedge_mode_fails_and_a_key_bound_to_nothing_is_warned_of() -> None:
    async with running("simulate", "--port", "0", "--symbols", "BTCUSDT") as simulator:
        await _switch_to_hedge_mode(simulator.ready["rest"])
        keys = {"API_KEY": USUAL_KEY, "API_SECRET": USUAL_SECRET, "PORT": "0"}
        keys["CONNECTOR_STATE__PATH"] = ":memory:"
        run = await ended("doctor", **keys, **as_real(simulator.ready))

    found = findings(run)
    assert run.status == 1
    assert found["positions"][:2] == ["FAILURE", "the account is in hedge mode"]
    assert "one-way" in found["positions"][2]
    assert found["key"][0] == "warning"
    assert found["key"][1].endswith("may trade, may not withdraw; it is bound to no address")
    assert found["state"][0] == "warning"


async def _switch_to_hedge_mode(rest: str) -> None:
    asked = f"dualSidePosition=true&timestamp={time.time_ns() // 1_000_000}"
    signature = hmac.new(USUAL_SECRET.encode(), asked.encode(), "sha256").hexdigest()
    address = f"{rest}/fapi/v1/positionSide/dual?{asked}&signature={signature}"
    async with (
        ClientSession() as http,
        http.post(address, headers={"X-MBX-APIKEY": USUAL_KEY}) as answer,
    ):
        assert answer.status == 200


async def test_without_a_key_it_warns_and_without_the_exchange_the_rest_is_skipped() -> None:
    async with running("simulate", "--port", "0", "--symbols", "BTCUSDT") as simulator:
        environment = as_real(simulator.ready)
        keyless = findings(await ended("doctor", PORT="0", **environment))
    run = await ended("doctor", PORT="0", **environment)

    assert keyless["key"][:2] == ["warning", "there is none: public data alone, no orders"]
    assert keyless["positions"][0] == "skipped"
    gone = findings(run)
    assert run.status == 1
    assert gone["exchange"][0] == "FAILURE"
    assert "network" in gone["exchange"][2]
    assert [gone[check][0] for check in CHECKS[CHECKS.index("symbols") :]] == ["skipped"] * 5


@pytest.mark.parametrize(
    ("environment", "check", "says"),
    [
        ({"PORT": "70000"}, "config", "server.port"),
        ({"CONFIG_FILE": "absent.toml"}, "config", "there is no such file"),
        ({"EXCHANGE": "nasdaq", "PORT": "0"}, "exchange", "exchange.id 'nasdaq' is unknown"),
        ({"CONNECTOR_SERVER__HOST": "192.0.2.1"}, "port", "192.0.2.1:50051: "),
        (
            {"CONNECTOR_STATE__PATH": "pyproject.toml/state", "PORT": "0"},
            "state",
            "can't be written",
        ),
    ],
)
async def test_a_wrong_setting_is_a_finding_with_status_1(
    environment: dict[str, str], check: str, says: str
) -> None:
    run = await ended("doctor", **environment)

    found = findings(run)
    assert (run.status, run.err) == (1, "")
    assert found[check][0] == "FAILURE"
    assert says in found[check][1]
    assert found[check][2]


async def test_at_80_columns_the_table_is_whole_and_progress_leaves_nothing_behind() -> None:
    async with on_terminal("doctor") as terminal:
        assert await terminal.status() == 0
        await terminal.shows("one net position a symbol")

    text = re.sub(r"\x1b\[[?\d;]*[A-Za-z]|\r", "", terminal.text)
    table = text[text.index(" check ") :].splitlines()
    assert [line.split()[0] for line in table[2 : 2 + len(CHECKS)]] == CHECKS
    assert all(len(line) <= 80 and "…" not in line for line in table)


async def test_ctrl_c_ends_the_doctor_quietly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        environment = as_real({"rest": f"http://{host}", "websocket": f"ws://{host}"})
        process = await start("doctor", PORT="0", **environment)
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(READ_S):
                connection, _ = await loop.sock_accept(silent)
                assert await loop.sock_recv(connection, 1), "it asks, and waits for the answer"
            process.send_signal(signal.SIGINT)
            out, err = await asyncio.wait_for(process.communicate(), STOP_S)
            connection.close()
        finally:
            await end(process)

    assert (process.returncode, out, err) == (130, b"", b"")


async def test_health_is_one_line_and_a_status() -> None:
    async with running("serve", "--port", "0") as run:
        address = f"127.0.0.1:{run.ready['port']}"
        serves = await ended("health", "--address", address)
        by_config = await ended("health", PORT=str(run.ready["port"]))
        beside = await ended("doctor", PORT=str(run.ready["port"]))
    gone = await ended("health", "--address", address)

    assert (serves.status, serves.out, serves.err) == (0, f"{address}: SERVING\n", "")
    assert (by_config.status, by_config.out) == (0, serves.out)
    assert findings(beside)["port"][:2] == [
        "warning", f"{address}: a connector runs there, SERVING",
    ]  # fmt: skip
    assert (gone.status, gone.out) == (1, "")
    assert gone.err == f"connector: {address}: failed to connect: Connection refused\n"


async def test_health_of_a_connector_whose_exchange_is_away_is_not_serving() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = "http://127.0.0.1:1"
    environment = as_real({"rest": away, "websocket": "ws://127.0.0.1:1"})
    process = await start("serve", "--port", str(port), **environment)
    try:
        assert process.stderr is not None
        async with asyncio.timeout(READ_S):
            while b"no answer of the exchange" not in (line := await process.stderr.readline()):
                assert line
        run = await ended("health", "--address", f"127.0.0.1:{port}")
    finally:
        await end(process)

    assert (run.status, run.out) == (1, f"127.0.0.1:{port}: NOT_SERVING\n")


async def test_health_of_a_server_that_has_none_or_stays_silent_is_told() -> None:
    async with serving(Stub()) as address:
        unknown = await ended("health", "--address", address)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        nothing = await ended("health", "--address", address, "--timeout", "0.3")

    assert (unknown.status, unknown.out) == (1, "")
    assert (nothing.status, nothing.out) == (1, "")
    assert nothing.err == f"connector: {address}: no answer within 0.3 s\n"
