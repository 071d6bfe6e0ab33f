"""The exchange's side without a server, and the server without an exchange's traffic."""

from bench.commands import Lag, Latencies
from bench.report import Result, quantile
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import SETTLE_S, leave_when_quiet, listen, measured, staged
from bench.ways import Load, playing, stream, subscribed

LOAD = Load(per_second=2_000)
IDLE = {"symbols": 50, "total_frames_per_second": 500.0}


async def _measure(run: Run, result: Result) -> None:
    socket = await stream(run, "socket", LOAD)
    ingest = await stream(run, "ingest", LOAD)
    result.beside(
        "ingest alone, CPU us a frame",
        "ingest us",
        ingest.us,
        floor=socket.us,
        target="25",
        digits=1,
    )
    result.beside(
        "ingest alone, p99 write to value, ms",
        "ingest p99",
        ingest.ms(0.99),
        floor=socket.ms(0.99),
        digits=2,
        checked=False,
    )
    result.must_be("ingest alone: lost", ingest.told.lost)
    async with playing(run, "ingest", LOAD) as (stage, child):
        symbols = await listed(stage)
        await listen(child, *LOAD.listens(stage.address, symbols))
        await subscribed(stage, len(symbols))
        await measured(SETTLE_S, [])
        await child.ask(Lag(), Latencies)
        await measured(run.seconds(4), [])
        lags = (await child.ask(Lag(), Latencies)).ns
        await leave_when_quiet(child)
    result.add(
        "its event loop late, p99 and most, ms",
        f"{quantile(lags, 0.99) / 1e6:.1f}, {quantile(lags, 1) / 1e6:.1f}",
        "20",
        lag_p99_ns=quantile(lags, 0.99),
    )
    async with staged(run.folder, IDLE) as stage:
        await measured(SETTLE_S, [])
        window = await measured(run.seconds(8), [stage.connector])
        left = await stage.subscriptions()
    idle = window.cpu_s[stage.connector.name] / window.seconds * 100
    result.add("nobody subscribed: percent of a core", f"{idle:.1f}", "0", idle_core=idle)
    result.must_be("nobody subscribed: streams at the exchange", len(left))


SCENARIO = Scenario(
    "alone",
    "ingest at 2,000/s without a server; a server with nobody subscribed",
    _measure,
    limit_s=180,
)
