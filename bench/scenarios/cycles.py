"""Streams opened and cancelled again and again: does anything stay behind?"""

import asyncio

from bench.commands import Cycle, Cycled
from bench.report import Result
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import clients, staged

SYMBOLS = 10
WARM_UP, CYCLES = 100, 1_000
LEAK = CYCLES // 100
"""More open files than that are the streams', not a question to the exchange under way."""
CLEAR_S = 2.0
"""Between the last cancellation and the count of what is left."""


async def _measure(run: Run, result: Result) -> None:
    load = {"symbols": SYMBOLS, "updates_per_second": 5}
    async with staged(run.folder, load) as stage, clients(run.folder) as child:
        symbols = await listed(stage)

        async def cycles(count: int) -> Cycled:
            return await child.ask(Cycle(stage.address, symbols, count), Cycled)

        failed = (await cycles(WARM_UP)).failed
        await asyncio.sleep(CLEAR_S)
        server = stage.connector
        before = (server.rss_mib, server.open_files, server.threads)
        cpu_s = server.cpu_s
        told = await cycles(CYCLES)
        cpu_s = server.cpu_s - cpu_s
        await asyncio.sleep(CLEAR_S)
        after = (server.rss_mib, server.open_files, server.threads)
        until_none = await stage.seconds_until_unsubscribed()
    result.must_be("cycles with a message", told.done, CYCLES)
    result.faults.extend(f"a cycle failed: {failure}" for failure in failed + told.failed)
    result.add("seconds for all", f"{told.seconds:.1f}", seconds=told.seconds)
    result.add("connector, CPU us a cycle", f"{cpu_s / CYCLES * 1e6:.0f}")
    grown = after[0] - before[0]
    result.add(
        "resident MiB before, after, grown",
        f"{before[0]:.1f}, {after[0]:.1f}, {grown:+.1f}",
        "< +5",
        rss_before_mib=before[0],
        rss_after_mib=after[0],
    )
    result.add("open files before, after", f"{before[1]}, {after[1]}", f"< +{LEAK}")
    result.add("threads before, after", f"{before[2]}, {after[2]}", "equal")
    if after[1] >= before[1] + LEAK:
        result.faults.append(f"open files: {before[1]} before, {after[1]} after")
    if until_none is None:
        result.faults.append("still subscribed 30 s after the last cycle")
    else:
        result.add("until no subscription upstream, s", f"{until_none:.1f}", "< 30")


SCENARIO = Scenario(
    "cycles", f"{CYCLES:,} times: subscribe, a message, cancel; half on new connections", _measure
)
