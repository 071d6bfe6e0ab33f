"""Many clients of the same symbols: one subscription upstream, and none once they are gone."""

from bench.commands import Done, Listen, Pause, PriceJournal, SentPrices
from bench.comparing import compare_prices
from bench.report import Result
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import SETTLE_S, clients, leave_when_quiet, listen, measured, staged

CLIENTS = 20
SYMBOLS = 10
PER_SYMBOL = 10.0
"""100 messages a second for each client."""


async def _measure(run: Run, result: Result) -> None:
    load = {"symbols": SYMBOLS, "updates_per_second": PER_SYMBOL}
    feeds = {"feeds": {"price": {"max_per_second": 0, "heartbeat_s": 60}}}
    async with staged(run.folder, load, feeds) as stage, clients(run.folder) as child:
        symbols = await listed(stage)
        streams = [Listen(f"client {n}", stage.address, "prices", symbols) for n in range(CLIENTS)]
        await listen(child, *streams)
        await measured(SETTLE_S, [])
        while_on = await stage.subscriptions()
        window = await measured(run.seconds(8), [stage.exchange, stage.connector, child])
        await stage.exchange.ask(Pause(), Done)
        heard = await leave_when_quiet(child)
        until_none = await stage.seconds_until_unsubscribed()
        left = await stage.subscriptions()
        sent = (await stage.exchange.ask(SentPrices(), PriceJournal)).prices
    result.must_be("streams subscribed at the exchange", len(while_on), SYMBOLS)
    most = max(while_on.values(), default=0)
    result.must_be("websockets on one of them, at most", most, 1)
    each = [compare_prices(sent, one.prices, from_first=True) for one in heard]
    received = sum(told.received for told in each)
    inside = sum(
        window.from_ns <= price.at_ns < window.until_ns for one in heard for price in one.prices
    )
    rate = inside / window.seconds
    result.add("messages/s, all clients", f"{rate:,.0f}", f"{CLIENTS * SYMBOLS * PER_SYMBOL:,.0f}")
    result.add("messages received", f"{received:,}", received=received)
    result.must_be("lost", sum(told.lost for told in each))
    result.must_be("doubled", sum(told.doubled for told in each))
    result.must_be("disordered", sum(told.disordered for told in each))
    result.must_be("never sent", sum(told.strange for told in each))
    result.faults.extend(f"{one.client} ended: {one.ended}" for one in heard if one.ended)
    latencies = [ns for told in each for ns in told.latencies_ns]
    result.quantiles("frame to client", latencies, "1 / 2 / 3", "latency")
    us = window.cpu_s[stage.connector.name] / max(1, inside) * 1e6
    result.add("connector, CPU us a message", run.beside_floor(us), connector_us=us)
    result.add("CPUs on other work, withheld by the host", window.disturbance)
    if until_none is None:
        result.faults.append(f"still subscribed 30 s after the last client: {sorted(left)}")
    else:
        result.add(
            "last client gone until no subscription, s",
            f"{until_none:.1f}",
            "< 30",
            until_none_s=until_none,
        )


SCENARIO = Scenario(
    "fanout", f"{CLIENTS} clients of the same {SYMBOLS} symbols, no limit a symbol", _measure
)
