"""Resident memory with many symbols and clients."""

from bench.report import Result
from bench.run import Run, Scenario
from bench.ways import Load, stream

SMALL = Load(per_second=500)
LARGE = Load(per_second=500, symbols=500, clients=20, each=25)


async def _measure(run: Run, result: Result) -> None:
    small, plain = await stream(run, "ours", SMALL), await stream(run, "plain", SMALL)
    large = await stream(run, "ours", LARGE)
    result.beside(
        "50 symbols, a client: resident MiB",
        "rss 50",
        small.rss_mib,
        plain=plain.rss_mib,
        target="160",
    )
    # the plain way needs longer than a client waits until 500 symbols are subscribed
    result.beside("500 symbols, 20 clients: resident MiB", "rss 500", large.rss_mib, target="250")
    for name, ours in (("50 symbols", small), ("500 symbols", large)):
        result.must_be(f"{name}: lost", ours.told.lost)


SCENARIO = Scenario(
    "memory", "resident memory: 50 symbols, and 500 with 20 clients", _measure, limit_s=240
)
