"""An exchange and a connector as processes, and clients beside them."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec

from bench.commands import (
    Counts,
    Done,
    Heard,
    HeardBy,
    Leave,
    Listen,
    Listening,
    Received,
    Subscriptions,
)
from bench.processes import CONNECTOR, START_S, Child, ChildFailed, machine_s, running
from bench.programs import python
from connector.simulator.config import USUAL_KEY, USUAL_SECRET

Server = Literal["connector", "plain"]
Toml = str | int | float | bool | Mapping[str, "Toml"]

LOAD_SYMBOLS = 50
LOAD_PER_SECOND = 2_000.0
FIRST_MESSAGE_S = 15.0
LOOK_S = 0.1
QUIET_S = 1.5
"""Nothing more came for so long: nothing is under way, even on a machine that stalls."""
QUIET_AT_MOST_S = 8.0
"""Before a quiet symbol is repeated."""
SETTLE_S = 1.5
"""After the first messages, before anything is measured."""


class Serving(msgspec.Struct):
    """What `connector serve` prints when it is ready; other keys are passed over."""

    port: int


class Window(msgspec.Struct):
    """A stretch of time, and the CPU seconds that each process had in it."""

    from_ns: int
    until_ns: int
    cpu_s: dict[str, float]
    others_s: float
    """CPU seconds that went to processes not among these."""
    withheld_s: float
    """CPU seconds that a virtual machine's host gave to others."""

    @property
    def disturbance(self) -> str:
        """How many CPUs were busy with something else, and how many the host withheld."""
        others, withheld = max(0.0, self.others_s) / self.seconds, self.withheld_s / self.seconds
        return f"{others:.2f}, {withheld:.2f}"

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.until_ns - self.from_ns) / 1e9


class Stage:
    """The processes of one scenario."""

    def __init__(self, exchange: Child, rest_url: str, connector: Child, address: str) -> None:
        self.exchange, self.connector = exchange, connector
        self.rest_url, self.address = rest_url, address

    async def subscriptions(self) -> dict[str, int]:
        """Count the websockets on each of the exchange's streams."""
        return (await self.exchange.ask(Subscriptions(), Counts)).by_name

    async def seconds_until_unsubscribed(self, at_most_s: float = 30.0) -> float | None:
        """Wait until the exchange has no subscription; None if that takes too long."""
        began = time.monotonic()
        while await self.subscriptions():
            if time.monotonic() - began > at_most_s:
                return None
            await asyncio.sleep(0.1)
        return time.monotonic() - began


@asynccontextmanager
async def exchange(
    folder: Path, settings: Mapping[str, int | float]
) -> AsyncGenerator[tuple[Child, str]]:
    """Start an exchange with SimulatorConfig's values; gives it and its REST address."""
    command = python("exchange", json.dumps(settings))
    async with running("exchange", command, folder) as simulator:
        port = (await simulator.line(Listening, START_S)).port
        yield simulator, f"http://127.0.0.1:{port}"


@asynccontextmanager
async def served(
    folder: Path,
    simulator: Child,
    rest_url: str,
    settings: Mapping[str, Toml] = {},
    kind: Server = "connector",
) -> AsyncGenerator[Stage]:
    """Start a connector, or the plain way's server, before an exchange."""
    if kind == "plain":
        command = [sys.executable, "-m", "bench.plain", json.dumps(_urls(rest_url))]
    else:
        config = folder / f"connector of {rest_url.rpartition(':')[2]}.toml"
        state = config.with_suffix(".sqlite3")
        config.write_text(_toml({**_pointed_at(rest_url, state), **settings}))
        command = [CONNECTOR, "serve", "--config", str(config), "--log-level", "info"]
    async with running(kind, command, folder) as server:
        serving = await server.line(Serving, START_S)
        yield Stage(simulator, rest_url, server, f"127.0.0.1:{serving.port}")


@asynccontextmanager
async def staged(
    folder: Path, settings: Mapping[str, int | float], connector: Mapping[str, Toml] = {}
) -> AsyncGenerator[Stage]:
    """Start an exchange, and a connector before it."""
    async with (
        exchange(folder, settings) as (simulator, rest_url),
        served(folder, simulator, rest_url, connector) as stage,
    ):
        yield stage


@asynccontextmanager
async def clients(folder: Path, name: str = "clients") -> AsyncGenerator[Child]:
    """Start a process for clients."""
    async with running(name, python("clients"), folder) as child:
        await child.line(Listening, START_S)
        yield child


@asynccontextmanager
async def bare_server(
    folder: Path, per_second: float, *rest_url: str, turns: int = 1
) -> AsyncGenerator[tuple[Child, str]]:
    """Start a bare grpc.aio server; gives it and its address. With a REST address it asks there.

    Of its streams those that are `turns` apart are written to in the same turn.
    """
    command = python("bare", str(per_second), str(turns), *rest_url)
    async with running("bare server", command, folder) as child:
        port = (await child.line(Listening, START_S)).port
        yield child, f"127.0.0.1:{port}"


@asynccontextmanager
async def direct(stage: Stage, folder: Path) -> AsyncGenerator[Child]:
    """Start a process that asks the stage's exchange without the connector."""
    async with running("direct", python("direct", stage.rest_url), folder) as child:
        await child.line(Listening, START_S)
        yield child


async def listen(child: Child, *streams: Listen) -> None:
    """Open streams, and wait until each of them has had a message."""
    for stream in streams:
        await child.ask(stream, Done)
    names = {stream.client for stream in streams}
    until = time.monotonic() + FIRST_MESSAGE_S
    while silent := [
        name for name, n in (await _received(child)).items() if name in names and not n
    ]:
        if time.monotonic() > until:
            raise ChildFailed(f"no message within {FIRST_MESSAGE_S:.0f} s on: {silent}")
        await asyncio.sleep(0.05)


async def leave_when_quiet(
    child: Child, quiet_s: float = QUIET_S, at_most_s: float = QUIET_AT_MOST_S
) -> list[HeardBy]:
    """Wait until nothing more comes, then cancel the streams and take what they heard."""
    before, quiet_since = await _received(child), time.monotonic()
    until = quiet_since + at_most_s
    while (now := time.monotonic()) - quiet_since < quiet_s and now < until:
        await asyncio.sleep(LOOK_S)
        if (counts := await _received(child)) != before:
            before, quiet_since = counts, time.monotonic()
    return (await child.ask(Leave(), Heard)).by


async def measured(seconds: float, children: Sequence[Child]) -> Window:
    """Let time pass, and tell what CPU it took."""
    machine, before = machine_s(), [child.cpu_s for child in children]
    from_ns = time.time_ns()
    await asyncio.sleep(seconds)
    until_ns = time.time_ns()
    after, machine_then = [child.cpu_s for child in children], machine_s()
    cpu = {c.name: b - a for c, a, b in zip(children, before, after, strict=True)}
    busy_s, withheld_s = (b - a for a, b in zip(machine, machine_then, strict=True))
    return Window(from_ns, until_ns, cpu, busy_s - sum(cpu.values()), withheld_s)


async def _received(child: Child) -> dict[str, int]:
    return (await child.ask(Received(), Counts)).by_name


def _pointed_at(rest_url: str, state: Path) -> dict[str, Toml]:
    return {
        "exchange": {
            "id": "binanceusdm",
            "api_key": USUAL_KEY,
            "api_secret": USUAL_SECRET,
            "ccxt": {"urls": _urls(rest_url)},
        },
        "server": {"port": 0},
        "state": {"path": str(state)},
    }


def _urls(rest_url: str) -> dict[str, Toml]:
    from connector.exchange.embedded import embedded_urls  # ccxt's import takes a second

    return embedded_urls(rest_url, rest_url.replace("http", "ws", 1))


def _toml(value: Mapping[str, Toml]) -> str:
    return "\n".join(f"{json.dumps(key)} = {_toml_value(inner)}" for key, inner in value.items())


def _toml_value(value: Toml) -> str:
    if isinstance(value, Mapping):
        inner = (f"{json.dumps(key)} = {_toml_value(each)}" for key, each in value.items())
        return f"{{ {', '.join(inner)} }}"
    return json.dumps(value)
