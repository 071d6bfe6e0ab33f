"""`connector …` as a process of its own, without anything of this one's environment."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

START_S, STOP_S, READ_S = 20, 5, 15

both_dialects = pytest.mark.parametrize("dialect", ["binance", "bybit"], indirect=True)
"""Marks tests of what reaches a client, which holds whichever exchange is embedded.

Binance alone embeds what another protocol can't change: how commands look, ask and end, their
options, keys and secrets, wrong values, metrics, examples, plug-ins.
"""
DIALECT = "CONNECTOR_SIMULATOR__DIALECT"


@dataclass
class Run:
    """A started process and what it said when it was ready."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]


@dataclass
class Ended:
    """A process that is over."""

    status: int
    out: str
    err: str


async def start(*arguments: str, **environment: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error::ResourceWarning", "-m", "connector.cli", *arguments,
        stdout=pipe, stderr=pipe, env={**kept, "CONNECTOR_METRICS__PORT": "0", **environment},
    )  # fmt: skip


async def ended(*arguments: str, **environment: str) -> Ended:
    """Start it and wait until it ends by itself."""
    process = await start(*arguments, **environment)
    try:
        out, err = await asyncio.wait_for(process.communicate(), START_S)
    finally:
        await end(process)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def said(*command: object, cwd: Path, within_s: float, env: Mapping[str, str]) -> str:
    """Run any program to its end and give what it said. Errors: AssertionError with that."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=cwd,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), within_s)
    finally:
        await end(process)
    assert process.returncode == 0, out.decode()
    return out.decode()


@asynccontextmanager
async def running(*arguments: str, **environment: str) -> AsyncGenerator[Run]:
    """Start it, wait for its first line, and kill it if the block leaves it running."""
    process = await start(*arguments, **environment)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
        assert line, (await process.communicate())[1].decode()
        yield Run(process, json.loads(line))
    finally:
        await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()
