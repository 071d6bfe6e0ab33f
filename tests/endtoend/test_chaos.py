"""Faults as a user asks for them: by flag, by configuration, over HTTP."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from connector.simulator.chaos.registry import FAULTS
from tests.endtoend.processes import READ_S, ended, running


async def test_the_flag_strikes_and_the_control_ends_it() -> None:
    arguments = ("simulate", "--port", "0", "--symbols", "1", "--fault", "status:code=502")
    async with (
        running(*arguments) as run,
        aiohttp.ClientSession() as http,
        asyncio.timeout(READ_S),
    ):
        time = f"{run.ready['rest']}/fapi/v1/time"
        assert (await http.get(time)).status == 502
        assert (await http.delete(run.ready["control"])).status == 200
        assert (await http.get(time)).status == 200


async def test_faults_lists_every_one() -> None:
    run = await ended("simulate", "--faults")
    assert (run.status, run.err) == (0, "")
    assert {fault.name for fault in FAULTS} <= set(run.out.split())


@pytest.mark.parametrize(
    ("arguments", "text", "says"),
    [
        (("simulate", "--port", "0", "--fault", "explode"), "", "fault 'explode' is unknown"),
        (("serve", "--port", "0"), 'faults = ["drop:often"]', "simulator.faults: fault drop"),
        (
            ("serve", "--port", "0"),
            'faults = ["listen_key"]\ndialect = "bybit"',
            "simulator: fault listen_key: there is no such thing in the dialect bybit",
        ),
    ],
)
async def test_a_fault_that_there_is_not_is_one_line(
    tmp_path: Path, arguments: tuple[str, ...], text: str, says: str
) -> None:
    if text:
        file = tmp_path / "wrong.toml"
        file.write_text(f"[simulator]\n{text}\n")
        arguments = (*arguments, "--config", str(file))
    run = await ended(*arguments)
    assert (run.status, run.out, run.err.count("\n")) == (2, "", 1)
    assert says in run.err
