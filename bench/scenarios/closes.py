"""Does each client get each closed bar once, all of each instant, before the next bar?"""

import asyncio
import time

from bench.commands import BarJournal, Heard, Leave, Listen, SentBars
from bench.comparing import compare_bars
from bench.report import Result
from bench.rest import answered_bars, listed
from bench.run import Run, Scenario
from bench.stage import LOAD_SYMBOLS, clients, listen, staged

SPEED = 20
BAR_S = 60 / SPEED
IN_TRANSIT_S = 2.5
"""The last closes that count have so long to come, even on a machine that stalls."""
INTERVAL = "1m"


async def _measure(run: Run, result: Result) -> None:
    load = {"symbols": LOAD_SYMBOLS, "speed": SPEED, "updates_per_second": 5}
    async with staged(run.folder, load) as stage, clients(run.folder) as child:
        symbols = await listed(stage)
        seconds = max(run.seconds(18), 2 * BAR_S)
        early = [Listen(name, stage.address, "bars", symbols) for name in ("first", "second")]
        await listen(child, *early)
        await asyncio.sleep(seconds / 3)
        await listen(child, Listen("late", stage.address, "bars", symbols))
        await asyncio.sleep(seconds * 2 / 3)
        until_ns = time.time_ns()
        await asyncio.sleep(IN_TRANSIT_S)
        heard = (await child.ask(Leave(), Heard)).by
        sent = (await stage.exchange.ask(SentBars(), BarJournal)).bars
        answered = await answered_bars(stage, symbols, INTERVAL)
    instants = {bar.open_ms for bar in sent}
    whole = sum(1 for at in instants if sum(1 for bar in sent if bar.open_ms == at) == len(symbols))
    result.add("bars closed by the exchange", f"{len(sent):,}", sent=len(sent))
    result.add("instants, of them with all symbols", f"{len(instants)}, {whole}")
    for one in heard:
        told = compare_bars(sent, one.bars, answered, until_ns)
        name = one.client
        result.add(
            f"{name} client: messages, closed bars",
            f"{len(one.bars):,}, {told.closed:,}",
        )
        result.values[f"{name}_closed"] = told.closed
        for what, found in (
            ("missing", told.missing),
            ("doubled", told.doubled),
            ("disordered", told.disordered),
            ("next bar before the close", told.unclosed),
            ("unlike the exchange's answer", told.unequal),
            ("instants with a symbol missing", told.incomplete_instants),
        ):
            result.must_be(f"{name} client: {what}", found)
        result.quantiles(f"{name} client: close to client", told.latencies_ns, key=name)
        if not told.closed:
            result.faults.append(f"{name} client: no closed bar at all")
        if one.ended:
            result.faults.append(f"{name} client: the stream ended: {one.ended}")


SCENARIO = Scenario(
    "closes", f"50 symbols, a 1m bar lasts {BAR_S:.0f} s, two clients and a late one", _measure
)
