"""Resident memory with many symbols and clients."""

from bench.report import Result
from bench.run import Run, Scenario
from bench.ways import Load, stream

SMALL = Load(per_second=500)
LARGE = Load(per_second=500, symbols=500, clients=20, each=25)


async def _measure(run: Run, result: Result) -> None:
    for load, target in ((SMALL, "160"), (LARGE, "250")):
        ours = await stream(run, "ours", load)
        plain = await stream(run, "plain", load)
        result.beside(
            f"{load.symbols} symbols, {load.clients} client(s): resident MiB",
            f"rss {load.symbols}",
            ours.rss_mib,
            plain=plain.rss_mib,
            target=target,
        )
        result.must_be(f"{load.symbols} symbols: lost, ours", ours.told.lost)


SCENARIO = Scenario(
    "memory", "resident memory: 50 symbols, and 500 with 20 clients", _measure, limit_s=240
)
