"""The default rate of 20 a second: kept, and the newest always there?"""

from bench.commands import Done, Listen, Pause, PriceJournal, SentPrices
from bench.comparing import compare_prices, most_in_a_second
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
    async with staged(run.folder, load) as stage, clients(run.folder) as child:
        symbols = await listed(stage)
        await listen(child, Listen("default", stage.address, "prices", symbols))
        await measured(SETTLE_S, [])
        children = [stage.exchange, stage.connector, child]
        window = await measured(run.seconds(10), children)
        await stage.exchange.ask(Pause(), Done)
        heard = (await leave_when_quiet(child))[0]
        sent = (await stage.exchange.ask(SentPrices(), PriceJournal)).prices
    told = compare_prices(sent, heard.prices)
    inside = sum(1 for price in heard.prices if window.from_ns <= price.at_ns < window.until_ns)
    most = most_in_a_second(heard.prices)
    result.add("frames sent", f"{told.sent:,}", sent=told.sent)
    result.add("messages received", f"{told.received:,}", received=told.received)
    result.add(
        "messages a second and symbol, mean", f"{inside / window.seconds / len(symbols):.1f}"
    )
    # spaced at the connector, counted at the client: on the way one may catch the other up
    result.add("most in any second, one symbol", f"{most}", "20", most_in_a_second=most)
    result.must_be("symbols without their last price", told.not_last)
    result.must_be("doubled", told.doubled)
    result.must_be("disordered", told.disordered)
    result.must_be("never sent", told.strange)
    if heard.ended:
        result.faults.append(f"the stream ended: {heard.ended}")
    cpu_s = window.cpu_s[stage.connector.name]
    frame_us = cpu_s / max(1.0, LOAD_PER_SECOND * window.seconds) * 1e6
    result.add("connector, CPU us a frame", f"{frame_us:.0f}", frame_us=frame_us)
    us = cpu_s / max(1, inside) * 1e6
    result.add("connector, CPU us a message", run.beside_floor(us), connector_us=us)
    result.add("CPUs on other work, withheld by the host", window.disturbance)


SCENARIO = Scenario(
    "default", "50 symbols, 2,000 frames/s, 20 a second and symbol, one client", _measure
)
