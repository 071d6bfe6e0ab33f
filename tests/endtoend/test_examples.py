"""The examples of each RPC, run as their reader would run them."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.endtoend.processes import running, said

ROOT = Path(__file__).parents[2]
WITHIN_S = 45


async def _said(*command: object, cwd: Path, **environment: str) -> str:
    return await said(*command, cwd=cwd, within_s=WITHIN_S, env={**os.environ, **environment})


async def test_the_python_examples_call_every_rpc() -> None:
    async with running("serve", "--port", "0", "--exchange", "sim") as run:
        address = f"127.0.0.1:{run.ready['port']}"
        told = await _said(sys.executable, "examples/every_call.py", address, cwd=ROOT)

    assert "ORDER_STATUS_FILLED at " in told
    assert "4 rest in the book" in told
    assert "example-market ORDER_STATUS_FILLED" in told
    assert "2 canceled, 0 not" in told
    assert "no order of BTCUSDT is open" in told
    assert "BTCUSDT 0.01" in told


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed")
async def test_the_go_examples_compile() -> None:
    offline = {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "GOPROXY": "off"}
    folder = ROOT / "conformance"
    if "not there" in await _modules(folder, offline):
        pytest.skip("the modules of conformance/go.mod are not on this machine")

    await _said("go", "vet", "./examples", cwd=folder, **offline)


async def _modules(folder: Path, environment: dict[str, str]) -> str:
    try:
        return await _said("go", "list", "-deps", "./examples", cwd=folder, **environment)
    except AssertionError:
        return "not there"
