"""50,000 frames as fast as the exchange can write them, where only the newest value counts."""

import msgspec

from bench.commands import (
    Burst,
    Bursts,
    Done,
    Knock,
    Knocked,
    Latencies,
    Pause,
    PriceJournal,
    SentPrices,
)
from bench.comparing import compare_prices
from bench.report import Result, quantile
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import SETTLE_S, clients, leave_when_quiet, listen, measured
from bench.ways import Load, Way, playing, subscribed

FRAMES, PIECE = 50_000, 50
LOAD = Load(per_second=50_000, burst=PIECE, max_per_second=20)
KNOCK_S = 0.02
"""Between two calls' beginnings, until the last value has come."""
QUIET_S, QUIET_AT_MOST_S = 4.0, 30.0
"""A server that digests a blast may be silent for longer than others."""


class Blasted(msgspec.Struct):
    """What a blast did to one way."""

    us: float
    """CPU microseconds a frame, those of calls meanwhile included."""
    behind_s: float
    """From the last frame's writing to the receipt of the last symbol's last value."""
    not_last: int
    """Symbols whose last value never came."""
    unary_ns: list[int]
    """Calls of GetName that were due meanwhile, from then to their answer."""


async def _blast(run: Run, way: Way, *, called: bool = False) -> Blasted:
    async with playing(run, way, LOAD) as (stage, child), clients(run.folder, "callers") as callers:
        symbols = await listed(stage)
        await listen(child, *LOAD.listens(stage.address, symbols))
        await subscribed(stage, len(symbols))
        await measured(SETTLE_S, [])
        await stage.exchange.ask(Pause(), Done)
        await measured(SETTLE_S / 3, [])
        if called:
            await callers.ask(Knock(stage.address, KNOCK_S), Done)
        before_s = stage.connector.cpu_s
        burst = await stage.exchange.ask(Bursts(FRAMES // PIECE, PIECE, 0), Burst)
        heard = (await leave_when_quiet(child, QUIET_S, QUIET_AT_MOST_S))[0].prices
        cpu_s = stage.connector.cpu_s - before_s
        calls = await callers.ask(Knocked(), Latencies) if called else Latencies([])
        sent = (await stage.exchange.ask(SentPrices(), PriceJournal)).prices
    told = compare_prices(sent, heard)
    ended_ns = max(price.at_ns for price in heard)
    during = [
        ns
        for ns, due_ns in zip(calls.ns, calls.began_ns, strict=True)
        if burst.from_ns <= due_ns < max(ended_ns, burst.until_ns)
    ]
    behind_s = (ended_ns - burst.until_ns) / 1e9
    return Blasted(cpu_s / FRAMES * 1e6, behind_s, told.not_last, during)


async def _measure(run: Run, result: Result) -> None:
    socket = await _blast(run, "socket")
    ours = await _blast(run, "ours")
    plain = await _blast(run, "plain")
    ingest = None if run.quick else await _blast(run, "ingest")
    ours_called = await _blast(run, "ours", called=True)
    plain_called = await _blast(run, "plain", called=True)
    result.beside(
        "CPU us a frame (floor: bare websocket and JSON)",
        "us",
        ours.us,
        plain=plain.us,
        floor=socket.us,
        target="6",
        digits=1,
    )
    if ingest is not None:
        result.add("the same without the server", f"{ingest.us:.1f}", ingest_us=ingest.us)
    result.beside(
        "behind after the last frame, s",
        "behind",
        ours.behind_s,
        plain=plain.behind_s,
        floor=socket.behind_s,
        target="0.4",
        digits=2,
        checked=False,
    )
    unary, plain_unary = ours_called.unary_ns, plain_called.unary_ns
    if unary and plain_unary:
        for name, share, target in (("p50", 0.5, ""), ("p99", 0.99, "20"), ("most", 1.0, "")):
            result.beside(
                f"GetName during another blast, {name}, ms",
                f"unary {name}",
                quantile(unary, share) / 1e6,
                plain=quantile(plain_unary, share) / 1e6,
                target=target,
                digits=1,
                checked=False,
            )
        result.add("calls during it", f"{len(unary)}, plain {len(plain_unary)}")
    result.add("plain way: symbols without their last value", f"{plain.not_last}")
    result.must_be("symbols without their last value, ours", ours.not_last)


SCENARIO = Scenario(
    "blast",
    f"{FRAMES:,} frames at once on 50 symbols, newest value wins, one client",
    _measure,
    limit_s=240,
)
