"""Many clients of some of the symbols each: one subscription upstream, however many ask."""

from bench.commands import Done, Heard, Leave, Pause
from bench.report import Result
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import listen
from bench.ways import Load, playing, stream

LOAD = Load(per_second=500, clients=20, each=10)


async def _measure(run: Run, result: Result) -> None:
    floor = await stream(run, "floor", LOAD)
    ours = await stream(run, "ours", LOAD)
    plain = await stream(run, "plain", LOAD)
    result.add("messages/s, all clients", f"{ours.rate:,.0f}", "2,000")
    result.beside(
        "percent of a core", "core", ours.core, plain=plain.core, floor=floor.core, target="45"
    )
    result.beside(
        "CPU us a price delivered",
        "us",
        ours.us,
        plain=plain.us,
        floor=floor.us,
        checked=False,
    )
    for name, share, target in (("p50", 0.5, ""), ("p99", 0.99, "3")):
        result.beside(
            f"{name} write to receipt, ms",
            name,
            ours.ms(share),
            plain=plain.ms(share),
            floor=floor.ms(share),
            target=target,
            digits=2,
            checked=name == "p50",
        )
    result.must_be("lost, ours", ours.told.lost)
    result.must_be("doubled, disordered, never sent, ours", ours.told.wrong)
    result.faults.extend(ours.ended)
    await _upstream(run, result)


async def _upstream(run: Run, result: Result) -> None:
    async with playing(run, "ours", LOAD) as (stage, child):
        symbols = await listed(stage)
        await listen(child, *LOAD.listens(stage.address, symbols))
        while_on = await stage.subscriptions()
        await stage.exchange.ask(Pause(), Done)
        await child.ask(Leave(), Heard)
        until_none = await stage.seconds_until_unsubscribed()
    result.must_be("streams subscribed at the exchange", len(while_on), LOAD.symbols)
    result.must_be("websockets on one of them, at most", max(while_on.values(), default=0), 1)
    if until_none is None:
        result.faults.append("still subscribed 30 s after the last client")
    else:
        result.add("last client gone until no subscription, s", f"{until_none:.1f}", "< 30")


SCENARIO = Scenario(
    "many",
    "20 clients of 10 of 50 symbols each, 500/s at the exchange, every update",
    _measure,
    limit_s=180,
)
