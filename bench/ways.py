"""The same work done in several ways, each by processes of its own, one after the other.

ours     the connector
plain    watch loops and a queue (bench/plain.py)
floor    a bare grpc.aio stream of constant messages at the same rate; no exchange behind it
socket   a bare websocket to the exchange, and orjson; no gRPC before it
ingest   the connector with nobody at its server
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import msgspec

from bench.commands import (
    Burst,
    Bursts,
    Done,
    HeardBy,
    Listen,
    Listening,
    Pause,
    PriceJournal,
    SentPrices,
)
from bench.comparing import Comparison, compare_prices
from bench.processes import START_S, Child, ChildFailed, running
from bench.programs import python
from bench.report import quantile
from bench.rest import listed
from bench.run import Run
from bench.stage import (
    SETTLE_S,
    Server,
    Stage,
    Toml,
    Window,
    bare_server,
    clients,
    exchange,
    leave_when_quiet,
    listen,
    measured,
    served,
)

Way = Literal["ours", "plain", "floor", "socket", "ingest"]

SECONDS = 8.0
SUBSCRIBE_S = 60.0
"""The plain way subscribes 500 symbols one after the other."""
WARM_UPDATES = 2.0
"""A second and symbol, before bursts: each symbol has a ticker to send over again."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What the exchange sends, and who listens."""

    per_second: float
    symbols: int = 50
    clients: int = 1
    each: int = 50
    """Symbols of each client."""
    burst: int = 0
    """Frames of one symbol in one piece; 0: evenly spread over symbols and time."""
    max_per_second: float = 0
    """The connector's, of a symbol; 0: every update is wanted."""

    @property
    def settings(self) -> dict[str, int | float]:
        """The embedded exchange's."""
        if self.burst:
            paced = {"updates_per_second": WARM_UPDATES, "unread_bytes": 1 << 30}
        else:
            paced = {"total_frames_per_second": self.per_second}
        return {"symbols": self.symbols, **paced}

    @property
    def bursts(self) -> Bursts:
        """What is asked of it for a second."""
        return Bursts(round(self.per_second / self.burst), self.burst, self.burst / self.per_second)

    def listens(self, address: str, symbols: list[str]) -> list[Listen]:
        """Give each client's stream."""
        return [
            Listen(f"client {n}", address, "prices", _slice(symbols, n * self.each, self.each))
            for n in range(self.clients)
        ]


class Measured(msgspec.Struct):
    """Of one way under one load."""

    us: float
    """CPU microseconds of the server for a message that arrived."""
    core: float
    """Its share of a core, percent."""
    latencies_ns: list[int]
    """From the exchange's write to the client's receipt; from the floor's own write."""
    told: Comparison
    rate: float
    """Messages a second that arrived, all clients."""
    rss_mib: float
    ended: list[str]

    def ms(self, share: float) -> float:
        """Give a quantile of the latencies in milliseconds."""
        return quantile(self.latencies_ns, share) / 1e6 if self.latencies_ns else float("nan")

    @property
    def lost_percent(self) -> float:
        """Of what was sent after the first message of its symbol."""
        return 100 * self.told.lost / max(1, self.told.sent)


@asynccontextmanager
async def playing(run: Run, way: Way, load: Load) -> AsyncGenerator[tuple[Stage, Child]]:
    """Start what a way needs; gives the stage, whose server is measured, and the listener."""
    feeds: dict[str, Toml] = {
        "feeds": {"price": {"max_per_second": load.max_per_second, "heartbeat_s": 60}}
    }
    async with exchange(run.folder, load.settings) as (simulator, rest_url):
        if way in ("ours", "plain"):
            kind: Server = "connector" if way == "ours" else "plain"
            async with (
                served(run.folder, simulator, rest_url, feeds, kind) as stage,
                clients(run.folder) as child,
            ):
                yield stage, child
            return
        program = "sockets" if way == "socket" else "ingest"
        command = python(program, rest_url, str(load.max_per_second))
        async with running(program, command, run.folder) as child:
            await child.line(Listening, START_S)
            yield Stage(simulator, rest_url, child, rest_url), child


async def stream(run: Run, way: Way, load: Load) -> Measured:
    """Let prices stream for a while, and tell what it cost and how long they took."""
    seconds = run.seconds(SECONDS)
    if way == "floor":
        return await _floor(run, load, seconds)
    async with playing(run, way, load) as (stage, child):
        symbols = await listed(stage)
        listens = load.listens(stage.address, symbols)
        await listen(child, *listens)
        await subscribed(stage, len({symbol for each in listens for symbol in each.symbols}))
        await measured(SETTLE_S, [])
        children, before_s = [stage.exchange, stage.connector], stage.connector.cpu_s
        if load.burst:
            await stage.exchange.ask(Pause(), Done)
            asked = load.bursts
            asked.count = round(asked.count * seconds)
            window, _ = await asyncio.gather(
                measured(seconds, children), stage.exchange.ask(asked, Burst)
            )
        else:
            window = await measured(seconds, children)
            await stage.exchange.ask(Pause(), Done)
        heard = await leave_when_quiet(child)
        drained_s = stage.connector.cpu_s - before_s
        sent = (await stage.exchange.ask(SentPrices(), PriceJournal)).prices
        rss = stage.connector.rss_mib
        name = stage.connector.name
    told = Comparison()
    inside = (window.from_ns, window.until_ns)
    for asked, one in zip(listens, heard, strict=True):
        mine = [price for price in sent if price.symbol in asked.symbols]
        told.add(compare_prices(mine, one.prices, owed_since_ns=window.from_ns, between_ns=inside))
    figures = _measured(window, name, heard, told, told.latencies_ns, rss)
    since = sum(price.at_ns >= window.from_ns for one in heard for price in one.prices)
    figures.us = drained_s / max(1, since) * 1e6  # a server that lags works on after the window
    return figures


async def subscribed(stage: Stage, count: int) -> None:
    """Wait until as many streams are subscribed at the exchange. Errors: ChildFailed."""
    until = time.monotonic() + SUBSCRIBE_S
    while (found := len(await stage.subscriptions())) < count:
        if time.monotonic() > until:
            raise ChildFailed(f"only {found} of {count} streams after {SUBSCRIBE_S:.0f} s")
        await asyncio.sleep(0.1)


async def _floor(run: Run, load: Load, seconds: float) -> Measured:
    per_client = load.per_second * load.each / load.symbols
    turns = max(1, load.symbols // load.each)  # a symbol's clients are written to in one turn
    async with (
        bare_server(run.folder, per_client, turns=turns) as (server, address),
        clients(run.folder) as child,
    ):
        streams = [
            Listen(f"floor {n}", address, "prices", ["BTCUSDT"]) for n in range(load.clients)
        ]
        await listen(child, *streams)
        await measured(SETTLE_S, [])
        window = await measured(seconds, [server, child])
        rss = server.rss_mib
        await server.stop()
        heard = await leave_when_quiet(child)
    for one in heard:
        one.ended = ""  # the server was stopped
    latencies = [
        price.at_ns - price.stamp_ns
        for one in heard
        for price in one.prices
        if window.from_ns <= price.at_ns < window.until_ns
    ]
    return _measured(window, server.name, heard, Comparison(), latencies, rss)


def _measured(
    window: Window,
    name: str,
    heard: list[HeardBy],
    told: Comparison,
    latencies_ns: list[int],
    rss_mib: float,
) -> Measured:
    inside = sum(
        window.from_ns <= price.at_ns < window.until_ns for one in heard for price in one.prices
    )
    cpu_s = window.cpu_s[name]
    return Measured(
        us=cpu_s / max(1, inside) * 1e6,
        core=cpu_s / window.seconds * 100,
        latencies_ns=latencies_ns,
        told=told,
        rate=inside / window.seconds,
        rss_mib=rss_mib,
        ended=[f"{one.client} ended: {one.ended}" for one in heard if one.ended],
    )


def _slice(symbols: list[str], begin: int, length: int) -> list[str]:
    return [symbols[(begin + n) % len(symbols)] for n in range(min(length, len(symbols)))]
