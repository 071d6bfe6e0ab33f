"""From nothing to serving, with the exchange inside."""

import statistics
import time

from bench.processes import CONNECTOR, START_S, running
from bench.report import Result
from bench.run import Run, Scenario
from bench.stage import Serving

STARTS = 3


async def _measure(run: Run, result: Result) -> None:
    seconds: list[float] = []
    cpu_s: list[float] = []
    rss: list[float] = []
    for _ in range(STARTS):
        began = time.monotonic()
        command = [CONNECTOR, "serve", "--exchange", "sim", "--port", "0"]
        async with running("connector", command, run.folder) as child:
            await child.line(Serving, START_S)
            seconds.append(time.monotonic() - began)
            cpu_s.append(child.cpu_s)
            rss.append(child.rss_mib)
    listed = ", ".join(f"{each:.2f}" for each in sorted(seconds))
    median = statistics.median(seconds)
    result.add("until serving, s", listed, "2", until_serving_s=median)
    result.add("CPU s until then, median", f"{statistics.median(cpu_s):.2f}")
    result.add(
        "resident MiB then, median",
        f"{statistics.median(rss):.0f}",
        "160",
        rss_mib=statistics.median(rss),
    )


SCENARIO = Scenario(
    "start", f"connector serve with the embedded exchange, {STARTS} times", _measure
)
