"""What an operator gets to read for a wrong value: one line, and a status that scripts know."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from connector.config import Config, ServerConfig
from tests.endtoend.processes import START_S, end, ended, start


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("serve", "--config", "absent.toml"), "config file absent.toml: there is no such file"),
        (("serve", "--config", "tests"), "config file tests: it is a directory, not a file"),
        (("serve", "--exchange", "nasdaq", "--port", "0"), "exchange.id 'nasdaq' is unknown"),
        (("serve", "--port", "70000"), "server.port: Input should be less than or equal to 65535"),
        (("serve", "--port", "50a"), "Invalid value for '--port': Input should be a valid integer"),
        (("serve", "--host", ""), "server.host: must not be empty"),
        (("serve", "--prot", "1"), "No such option: --prot"),
        (("serve", "now"), "Got unexpected extra argument(s) (now)"),
        (("sevre",), "No such command 'sevre'. Did you mean 'serve'?"),
        (("watch", "price"), "Missing argument 'symbols'"),
        (("simulate", "--symbols", "501", "--port", "0"), "500"),
        (("config", "--config", "absent.toml"), "config file absent.toml"),
    ],
)
async def test_a_wrong_argument_is_one_line_and_status_2(
    arguments: tuple[str, ...], says: str
) -> None:
    run = await ended(*arguments)

    assert (run.status, run.out) == (2, "")
    assert run.err.startswith("connector: ")
    assert run.err.count("\n") == 1
    assert says in run.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[simulator]\nsymbols = 501\n", "simulator.symbols: symbols must be 1 to 500, got 501"),
        ('[simulator]\nsymbols = ["FOO"]\n', "simulator.symbols: symbol 'FOO' is not a name like"),
        ("[simulator]\nspeed = nan\n", "simulator.speed: speed must be 0.001 to 3600, got nan"),
        ('[exchange]\nid = "kucoinfutures"\nccxt = { sandbox = true }\n', "exchange.ccxt.sandbox"),
    ],
)
async def test_a_value_that_only_the_exchange_can_judge_is_one_line_too(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)

    run = await ended("serve", "--port", "0", "--config", str(file))

    assert (run.status, run.out) == (2, "")
    assert run.err.count("\n") == 1
    assert run.err.startswith(f"connector: {says}")


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("config",), ("pipelines",)])
async def test_a_lossy_stage_of_orders_refuses_the_start(command: tuple[str, ...]) -> None:
    run = await ended(*command, CONNECTOR_FEEDS__ORDERS__STAGES="coalesce(max_per_second=5)")

    assert (run.status, run.out) == (2, "")
    assert run.err == (
        "connector: feeds.orders.stages: pipeline, at character 1 ('coalesce(max_per_sec'): "
        "coalesce may drop or repeat items, and the orders stream loses and repeats nothing; "
        "allowed there: tap_log, delay\n"
    )


async def test_config_refuses_what_serve_would_of_the_embedded_exchange() -> None:
    run = await ended("config", CONNECTOR_SIMULATOR__SYMBOLS="501")

    assert (run.status, run.out) == (2, "")
    assert run.err == "connector: simulator.symbols: symbols must be 1 to 500, got 501\n"


async def test_an_unknown_variable_is_one_line_and_status_2() -> None:
    run = await ended("serve", CONNECTOR_SERVER__PROT="1")

    assert run.status == 2
    assert run.err.startswith("connector: unknown environment variable CONNECTOR_SERVER__PROT; ")
    assert run.err.count("\n") == 1


async def test_a_port_that_is_taken_is_told_in_one_line_and_not_by_the_library() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        run = await ended("serve", "--port", port)

    assert run.status == 2
    assert run.err.startswith(f"connector: can't listen on 127.0.0.1:{port}")
    assert run.err.count("\n") == 1


async def test_config_prints_every_key_that_holds_as_json_without_secrets(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[exchange.ccxt]\nproxies = { httpsProxy = "http://me:PASSWORD@proxy:3128" }\n'
        'options = { secret = "PASSWORD", ratio = nan, since = 2024-05-01 }\n'
    )

    run = await ended("config", "--config", str(file), API_KEY="PASSWORD", PORT="7")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    shown = json.loads(run.out, parse_constant=refuse)
    assert (run.status, run.err) == (0, "")
    assert "PASSWORD" not in run.out
    assert set(shown) == set(Config.model_fields)
    assert shown["server"] == ServerConfig(port=7).model_dump(mode="json")
    assert shown["exchange"]["name"] == "binance"
    assert shown["exchange"]["ccxt"]["proxies"] == {"httpsProxy": "http://**********@proxy:3128"}
    assert shown["exchange"]["ccxt"]["options"]["since"] == "2024-05-01"


async def test_a_password_in_an_address_that_fails_is_not_logged(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(
        '[exchange]\nid = "binanceusdm"\n[exchange.ccxt.urls.api]\n'
        'fapiPublic = "http://me:PASSWORD@127.0.0.1:1/fapi/v1"\n[log]\nformat = "json"\n'
    )
    process = await start("serve", "--port", "0", "--config", str(file))
    try:
        assert process.stderr is not None
        async with asyncio.timeout(START_S):
            while b"no answer of the exchange" not in (line := await process.stderr.readline()):
                assert line
    finally:
        await end(process)

    assert "http://**********@127.0.0.1:1/fapi/v1" in json.loads(line)["error"]
    assert b"PASSWORD" not in line


@pytest.mark.parametrize("arguments", [("--help",), ("serve", "--help"), ("watch", "-h")])
async def test_help_is_more_than_a_line(arguments: tuple[str, ...]) -> None:
    run = await ended(*arguments)

    assert (run.status, run.err) == (0, "")
    assert "Usage: connector" in run.out.replace("python -m connector.cli", "connector")
    assert "--help" in run.out


async def test_without_a_command_the_help_is_shown_and_the_status_is_2() -> None:
    run = await ended()

    assert (run.status, run.err) == (2, "")
    assert "serve" in run.out
