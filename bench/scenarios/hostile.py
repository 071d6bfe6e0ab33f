"""Clients that take more than their share: what they are told, and what others notice of it."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from bench.commands import (
    Attack,
    Attacked,
    Done,
    Listening,
    Pause,
    PriceJournal,
    Relent,
    SentPrices,
)
from bench.comparing import Comparison, compare_prices
from bench.processes import START_S, Child, running
from bench.programs import python
from bench.report import Result, quantile
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import (
    SETTLE_S,
    Stage,
    Window,
    clients,
    leave_when_quiet,
    listen,
    measured,
    staged,
)
from bench.ways import Load, subscribed

LOAD = Load(per_second=500, clients=2)
SECONDS = 3.0
TURNS = 2
"""Of the attack; before, between and after it is quiet."""
CALM_S = 0.5
"""Between an attack's end and what counts as quiet."""
LOOK_S = 0.1
MOST_MIB = 64.0
"""What one hostile client may hold of the connector's memory."""
LIMITS = {
    "connections": 300,
    "streams_per_client": 200,
    "calls_per_client": 200,
    "request_s": 1.0,
}
"""Lower than usual where else a limit would not be met within seconds."""
REFUSED = "8"
"""RESOURCE_EXHAUSTED, as it goes over the wire."""


@dataclass(frozen=True)
class Hostility:
    """A way of taking too much."""

    kind: str
    about: str
    per_second: float
    limits: tuple[str, ...] = ()
    """Each must be named to the client, with RESOURCE_EXHAUSTED."""
    says: tuple[str, ...] = ()
    """What else it must be told, by its beginning."""
    may_hear: tuple[str, ...] = field(default=())
    """What it may be told beside that, by its beginning."""


STREAMS = (
    Hostility("stops", "stops reading 50 symbols", 0),  # prices are coalesced, not refused
    Hostility("byte", "reads a byte a second of 50 symbols", 0),
    Hostility("streams", "opens 1,000 streams", 400, ("streams_per_client",)),
    Hostility("cancels", "subscribes to 50 symbols and cancels", 200),
    Hostility(
        "half",
        "calls and never sends its request",
        400,
        ("calls_per_client", "streams_per_client", "request_s"),
    ),
    Hostility("symbols", "asks for 5,000 symbols", 10, ("symbols_per_stream",)),
    Hostility("large", "sends messages of 4 MB", 2, ("request_bytes",)),
)
WIRE = (
    Hostility("connections", "opens 1,000 connections", 400, says=("connection closed",)),
    Hostility("metadata", "sends metadata of 1 MB", 2, says=("8 received metadata size",)),
    Hostility("slow", "sends 1 MB a byte a second", 400, ("calls_per_client", "request_s")),
    Hostility("unread", "leaves 1,000 answers unread", 400, ("calls_per_client",)),
    Hostility("watches", "watches health 1,000 times", 400, ("streams_per_client",)),
    Hostility("reflects", "asks for reflection in one stream", 100),
    Hostility("pipeline", "lets its x-pipeline hold 8 minutes", 0),
    Hostility("pings", "pings", 500, may_hear=("connection closed", "farewell")),
    Hostility("names", "calls what is no name", 100, says=("12 Method not found!",)),
)


async def _measure(run: Run, result: Result, ways: tuple[Hostility, ...]) -> None:
    for way in ways:
        await _beside(run, result, way)


async def _beside(run: Run, result: Result, way: Hostility) -> None:
    seconds = run.seconds(SECONDS)
    connector = {
        "server": {"port": 0, "limits": LIMITS},
        "feeds": {"price": {"max_per_second": 0, "heartbeat_s": 60}},
    }
    quiet: list[Window] = []
    hostile: list[Window] = []
    peaks: list[float] = []
    told: Counter[str] = Counter()
    tried = 0
    async with (
        staged(run.folder, LOAD.settings, connector) as stage,
        clients(run.folder) as child,
        _hostile(run) as attacker,
    ):
        symbols = await listed(stage)
        await listen(child, *LOAD.listens(stage.address, symbols))
        await subscribed(stage, len(symbols))
        await measured(SETTLE_S, [])
        children = [stage.connector, attacker]
        quiet.append(await measured(seconds, children))
        before = stage.connector.rss_mib
        for _ in range(TURNS):
            await attacker.ask(Attack(way.kind, stage.address, symbols, way.per_second), Done)
            window, peak = await asyncio.gather(measured(seconds, children), _peak(stage, seconds))
            hostile.append(window)
            peaks.append(peak)
            attacked = await attacker.ask(Relent(), Attacked)
            tried += attacked.tried
            told.update(attacked.told)
            await asyncio.sleep(CALM_S)
            quiet.append(await measured(seconds, children))
        await stage.exchange.ask(Pause(), Done)
        heard = await leave_when_quiet(child)
        sent = (await stage.exchange.ask(SentPrices(), PriceJournal)).prices
    all_of = Comparison()
    latencies: dict[str, list[int]] = {"quiet": [], "hostile": []}
    for one in heard:
        all_of.add(compare_prices(sent, one.prices, owed_since_ns=quiet[0].from_ns))
        for name, windows in (("quiet", quiet), ("hostile", hostile)):
            for window in windows:
                inside = compare_prices(
                    sent, one.prices, between_ns=(window.from_ns, window.until_ns)
                )
                latencies[name] += inside.latencies_ns
        if one.ended:
            result.faults.append(f"{way.about}: {one.client} ended: {one.ended}")
    _tell(result, way, latencies, max(peaks) - before, told, tried, hostile, quiet)
    for what, count in (("lost", all_of.lost), ("doubled or disordered", all_of.wrong)):
        if count:
            result.faults.append(f"{way.about}: others' prices {what}: {count:,}")


def _tell(
    result: Result,
    way: Hostility,
    latencies: dict[str, list[int]],
    grown: float,
    told: Counter[str],
    tried: int,
    hostile: list[Window],
    quiet: list[Window],
) -> None:
    p50s, p99s = (
        [quantile(latencies[name], share) / 1e6 for name in ("quiet", "hostile")]
        for share in (0.5, 0.99)
    )
    ratio = p99s[1] / p99s[0]
    rate = f", {way.per_second:g}/s" if way.per_second else ""
    result.add(
        f"{way.about}{rate}: p50 ms, p99 ms, p99 to quiet's",
        f"{p50s[0]:.2f} to {p50s[1]:.2f}, {p99s[0]:.2f} to {p99s[1]:.2f}, {ratio:.2f} x",
        "2",
        **{f"{way.kind} p99 ratio": ratio, f"{way.kind} p99 quiet ms": p99s[0]},
    )
    connector = "connector"
    shares = [
        100 * sum(w.cpu_s[name] for w in windows) / sum(w.seconds for w in windows)
        for name, windows in ((connector, quiet), (connector, hostile), ("hostile", hostile))
    ]
    result.add(
        "  memory MiB; connector's CPU %, the client's",
        f"{grown:+.1f}; {shares[0]:.0f} to {shares[1]:.0f}, {shares[2]:.0f}",
        f"< +{MOST_MIB:.0f}",
        **{f"{way.kind} grown MiB": grown},
    )
    counts = ", ".join(f"{count} x {_short(end)}" for end, count in told.most_common(4))
    result.add(f"  of {tried:,} attempts was told", counts or "nothing")
    if grown > MOST_MIB:
        result.faults.append(f"{way.about}: memory grew by {grown:.0f} MiB")
    result.faults.extend(_wrongly_told(way, told))


def _wrongly_told(way: Hostility, told: Counter[str]) -> list[str]:
    named = {limit: f"server.limits.{limit}" for limit in way.limits}
    missing = [
        limit
        for limit, name in named.items()
        if not any(end.startswith(f"{REFUSED} ") and name in end for end in told)
    ]
    missing += [says for says in way.says if not any(end.startswith(says) for end in told)]
    strange = [
        end
        for end in told
        if not any(name in end for name in named.values())
        and not end.startswith((*way.says, *way.may_hear))
    ]
    return [
        *(f"{way.about}: never told of {each}" for each in missing),
        *(f"{way.about}: told {each}" for each in strange),
    ]


def _short(end: str) -> str:
    name = re.search(r"server\.limits\.(\w+)", end)
    return f"RESOURCE_EXHAUSTED {name[1]}" if name and end.startswith(REFUSED) else end[:60]


async def _peak(stage: Stage, seconds: float) -> float:
    most, loop = 0.0, asyncio.get_running_loop()
    until = loop.time() + seconds
    while loop.time() < until:
        most = max(most, stage.connector.rss_mib)
        await asyncio.sleep(LOOK_S)
    return most


@contextlib.asynccontextmanager
async def _hostile(run: Run) -> AsyncGenerator[Child]:
    async with running("hostile", python("hostile"), run.folder) as child:
        await child.line(Listening, START_S)
        yield child


async def _streams(run: Run, result: Result) -> None:
    await _measure(run, result, STREAMS)


async def _wire(run: Run, result: Result) -> None:
    await _measure(run, result, WIRE)


SCENARIO = Scenario(
    "hostile", "2 clients at 500/s, beside one that takes more than its share", _streams, 400
)
ON_THE_WIRE = Scenario(
    "flood", "the same beside one that floods connections, calls, health, names", _wire, 500
)
