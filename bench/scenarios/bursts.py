"""Fifty updates of one symbol in one piece, forty times a second."""

from bench.report import Result
from bench.run import Run, Scenario
from bench.ways import Load, stream

LOAD = Load(per_second=2_000, burst=50)


async def _measure(run: Run, result: Result) -> None:
    ours = await stream(run, "ours", LOAD)
    plain = await stream(run, "plain", LOAD)
    result.beside(
        "lost, percent",
        "lost",
        ours.lost_percent,
        plain=plain.lost_percent,
        target="0",
        digits=1,
        checked=False,
    )
    for name, share, target in (("p50", 0.5, ""), ("p99", 0.99, "10")):
        result.beside(
            f"{name} write to receipt, ms",
            name,
            ours.ms(share),
            plain=plain.ms(share),
            target=target,
            digits=2,
            checked=False,
        )
    result.beside("CPU us a price delivered", "us", ours.us, plain=plain.us)
    result.must_be("lost, ours", ours.told.lost)
    result.must_be("doubled, disordered, never sent, ours", ours.told.wrong)
    result.faults.extend(ours.ended)


SCENARIO = Scenario(
    "bursts",
    "2,000/s in bursts of 50 of one symbol, every update, one client",
    _measure,
    limit_s=120,
)
