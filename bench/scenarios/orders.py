"""Fills in bursts: does each update reach the client, in order, and how soon?"""

import asyncio

from bench.commands import (
    Ask,
    Done,
    FillAll,
    Latencies,
    Listen,
    OrderJournal,
    Prepare,
    Prepared,
    SentOrders,
)
from bench.processes import ChildFailed
from bench.report import Result
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import clients, direct, leave_when_quiet, listen, staged

BURSTS, ORDERS, PARTS = 5, 20, 6
"""An order's updates in a burst, its placing apart."""
HEARD_S = 0.5
"""Between bursts."""
ATTEMPTS = 20


async def _measure(run: Run, result: Result) -> None:
    load = {"symbols": 10, "updates_per_second": 1}
    async with (
        staged(run.folder, load) as stage,
        clients(run.folder) as child,
        direct(stage, run.folder) as asker,
    ):
        symbol = (await listed(stage))[0]
        await asker.ask(Prepare(symbol), Prepared)
        stream = Listen("orders", stage.address, "orders", [])
        hearing = asyncio.create_task(listen(child, stream))
        for _ in range(ATTEMPTS):  # the first that are heard; what was before counts as none
            await asker.ask(Ask("http", "order", symbol, 1), Latencies)
            await asyncio.wait({hearing}, timeout=HEARD_S)
            if hearing.done():
                break
        await hearing
        began = len((await stage.exchange.ask(SentOrders(), OrderJournal)).orders)
        for _ in range(BURSTS):
            await asker.ask(Ask("http", "order", symbol, ORDERS), Latencies)
            await stage.exchange.ask(FillAll(PARTS), Done)
            await asyncio.sleep(HEARD_S)
        heard = (await leave_when_quiet(child))[0]
        sent = (await stage.exchange.ask(SentOrders(), OrderJournal)).orders[began:]
    if heard.ended:
        raise ChildFailed(f"the stream of orders ended: {heard.ended}")
    came: dict[tuple[int, str, str], list[int]] = {}
    for update in heard.orders:
        came.setdefault((update.order_id, update.executed, update.trade_id), []).append(
            update.at_ns
        )
    keys = [(update.order_id, update.executed, update.trade_id) for update in sent]
    latencies = [
        came[key][0] - update.at_ns for key, update in zip(keys, sent, strict=True) if key in came
    ]
    result.add("updates sent", f"{len(sent):,}", sent=len(sent))
    result.must_be("lost", sum(key not in came for key in keys))
    result.must_be("doubled", sum(len(came.get(key, [])) > 1 for key in keys))
    result.quantiles("write to receipt", latencies, key="latency")


SCENARIO = Scenario(
    "orders",
    f"{BURSTS} bursts of {ORDERS * PARTS} fills of {ORDERS} orders in one piece",
    _measure,
)
