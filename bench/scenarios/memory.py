"""Resident memory, and the cost of a price, with many symbols and clients."""

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
    result.ratios["rss 500 / plain 50"] = large.rss_mib / plain.rss_mib
    large_at = "500 symbols, 20 clients"
    result.add(f"{large_at}: CPU us a price delivered", f"{large.us:.0f}", us_500=large.us)
    p50, p99 = large.ms(0.5), large.ms(0.99)
    result.add(f"{large_at}: write to receipt p50, p99, ms", f"{p50:.2f}, {p99:.2f}", p99_500=p99)
    for name, ours in (("50 symbols", small), ("500 symbols", large)):
        result.must_be(f"{name}: lost", ours.told.lost)


SCENARIO = Scenario(
    "memory", "50 symbols, and 500 with 20 clients, each of 25", _measure, limit_s=240
)
