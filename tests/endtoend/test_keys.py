"""`connector keys`, and a connector that is open to others, as an operator meets them."""

import json
import signal
import tomllib
from pathlib import Path

from connector.keys import Role, add_key
from tests.endtoend.processes import ended, running


async def test_a_key_is_made_listed_and_taken(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    made = await ended("keys", "new", "engine", "--role", "trade", "--file", str(file))
    again = await ended("keys", "new", "engine", "--file", str(file))
    listed = await ended("keys", "list", "--file", str(file))

    key = made.out.strip()
    assert (made.status, made.err) == (0, "")
    assert key.startswith("osq_")
    assert key not in file.read_text()
    assert (again.status, again.out) == (1, "")
    assert "a key called engine already" in again.err
    assert listed.out == "engine\ttrade\n"
    assert len(tomllib.loads(file.read_text())["keys"]) == 1

    quiet = {"CONNECTOR_SERVER__KEYS_FILE": str(file), "LOG_LEVEL": "error"}
    async with running("serve", "--port", "0", **quiet) as run:
        address = f"127.0.0.1:{run.ready['port']}"
        refused = await ended("order", "list", "--address", address)
        answered = await ended("order", "list", "--address", address, CONNECTOR_API_KEY=key)
        health = await ended("health", "--address", address)
        order = ("order", "buy", "BTCUSDT", "0.01", "--address", address)
        await ended(*order, CONNECTOR_API_KEY=key)
        run.process.send_signal(signal.SIGTERM)
        _, told = await run.process.communicate()

    assert refused.status == 1
    assert "authentication failed" in refused.err
    assert answered.status == 0, answered.err
    assert health.status == 0
    lines = [json.loads(line) for line in told.decode().splitlines()]
    facts = [(line["logger"], line["who"], line["outcome"]) for line in lines]
    assert facts == [("connector.audit", "engine", "OK")], "audit lines whatever the level is"


async def test_off_loopback_it_refuses_to_start(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    add_key(file, "engine", Role.TRADE)
    keys = {"CONNECTOR_SERVER__KEYS_FILE": str(file)}
    open_to_all = ("serve", "--port", "0", "--host", "0.0.0.0")

    keyless = await ended(*open_to_all)
    plain = await ended(*open_to_all, **keys)
    absent = await ended("serve", "--port", "0", CONNECTOR_SERVER__KEYS_FILE="absent.toml")

    assert (keyless.status, plain.status, absent.status) == (2, 2, 2)
    assert "set server.keys_file or server.tls.client_ca" in keyless.err
    assert "or --insecure where something else encrypts" in plain.err
    assert "key file absent.toml: No such file" in absent.err
    async with running(*open_to_all, "--insecure", **keys) as run:
        assert run.ready["event"] == "serving"
