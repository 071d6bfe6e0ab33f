"""Every update wanted: is every one there, in order, how soon, and at what cost?"""

from bench.commands import Done, Listen, Pause, PriceJournal, SentPrices
from bench.comparing import compare_prices
from bench.report import Result
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import (
    LOAD_PER_SECOND,
    LOAD_SYMBOLS,
    SETTLE_S,
    clients,
    leave_when_quiet,
    listen,
    measured,
    staged,
)


async def _measure(run: Run, result: Result) -> None:
    load = {"symbols": LOAD_SYMBOLS, "total_frames_per_second": LOAD_PER_SECOND}
    feeds = {"feeds": {"price": {"max_per_second": 0, "heartbeat_s": 60}}}
    async with staged(run.folder, load, feeds) as stage, clients(run.folder) as child:
        symbols = await listed(stage)
        await listen(child, Listen("every", stage.address, "prices", symbols))
        await measured(SETTLE_S, [])
        children = [stage.exchange, stage.connector, child]
        window = await measured(run.seconds(12), children)
        await stage.exchange.ask(Pause(), Done)
        heard = (await leave_when_quiet(child))[0]
        sent = (await stage.exchange.ask(SentPrices(), PriceJournal)).prices
        rss = stage.connector.rss_mib
    told = compare_prices(sent, heard.prices, between_ns=(window.from_ns, window.until_ns))
    inside = sum(1 for price in heard.prices if window.from_ns <= price.at_ns < window.until_ns)
    result.add("messages/s", f"{inside / window.seconds:,.0f}", f"{LOAD_PER_SECOND:,.0f}")
    result.add(
        "frames sent, messages received",
        f"{told.sent:,}, {told.received:,}",
        sent=told.sent,
        received=told.received,
    )
    result.must_be("lost", told.lost)
    result.must_be("doubled", told.doubled)
    result.must_be("disordered", told.disordered)
    result.must_be("never sent", told.strange)
    if heard.ended:
        result.faults.append(f"the stream ended: {heard.ended}")
    result.quantiles("frame to client", told.latencies_ns, "1 / 2 / 3", "latency")
    us = window.cpu_s[stage.connector.name] / max(1, inside) * 1e6
    result.add("connector, CPU us a message", run.beside_floor(us), connector_us=us)
    for process in (stage.exchange, child):
        us = window.cpu_s[process.name] / max(1, inside) * 1e6
        result.add(f"{process.name}, CPU us a message", f"{us:.0f}")
    result.add("connector, resident MiB", f"{rss:.0f}", "< 500", rss_mib=rss)
    result.add("CPUs on other work, withheld by the host", window.disturbance)


SCENARIO = Scenario("every", "50 symbols, 2,000 frames/s, no limit a symbol, one client", _measure)
