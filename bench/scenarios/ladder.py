"""Prices at rising rates, evenly spread: ours, the plain way, and both floors."""

from bench.report import Result
from bench.run import Run, Scenario
from bench.ways import Load, stream

RATES = (250, 500, 1_000, 2_000)
QUICK_RATES = (500, 2_000)
TARGETS = {500: {"us": "90"}, 2_000: {"lost": "0", "p99": "3"}}


async def _measure(run: Run, result: Result) -> None:
    for rate in QUICK_RATES if run.quick else RATES:
        load = Load(per_second=rate)
        target = TARGETS.get(rate, {})
        floor = await stream(run, "floor", load)
        ours = await stream(run, "ours", load)
        plain = await stream(run, "plain", load)
        at = f"{rate:,}/s"
        result.beside(
            f"{at}: CPU us a price delivered",
            f"us at {rate}",
            ours.us,
            plain=plain.us,
            floor=floor.us,
            target=target.get("us", ""),
        )
        result.beside(
            f"{at}: percent of a core",
            f"core at {rate}",
            ours.core,
            plain=plain.core,
            floor=floor.core,
            digits=1,
            checked=False,
        )
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            result.beside(
                f"{at}: {name} write to receipt, ms",
                f"{name} at {rate}",
                ours.ms(share),
                plain=plain.ms(share),
                floor=floor.ms(share),
                target=target.get(name, ""),
                digits=2,
                checked=name == "p50",
            )
        result.beside(
            f"{at}: lost, percent",
            f"lost at {rate}",
            ours.lost_percent,
            plain=plain.lost_percent,
            target=target.get("lost", ""),
            digits=1,
            checked=False,
        )
        result.must_be(f"{at}: doubled, disordered, never sent", ours.told.wrong)
        if ours.told.lost:
            result.faults.append(f"{at}: {ours.told.lost:,} of {ours.told.sent:,} lost")
        result.faults.extend(ours.ended)
        result.beside(
            f"{at}: resident MiB",
            f"rss at {rate}",
            ours.rss_mib,
            plain=plain.rss_mib,
            target="160",
            checked=False,
        )
        run.floor_us = floor.us


SCENARIO = Scenario(
    "ladder", "50 symbols, every update, one client: at rising rates, evenly", _measure, limit_s=300
)
