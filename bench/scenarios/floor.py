"""What a streamed message costs without any of us."""

from bench.commands import Listen
from bench.report import Result
from bench.run import Run, Scenario
from bench.stage import (
    LOAD_PER_SECOND,
    SETTLE_S,
    bare_server,
    clients,
    leave_when_quiet,
    listen,
    measured,
)


async def _measure(run: Run, result: Result) -> None:
    async with (
        bare_server(run.folder, LOAD_PER_SECOND) as (server, address),
        clients(run.folder) as child,
    ):
        await listen(child, Listen("floor", address, "prices", ["BTCUSDT"]))
        await measured(SETTLE_S, [])
        window = await measured(run.seconds(8), [server, child])
        await server.stop()
        heard = (await leave_when_quiet(child))[0].prices
    inside = [price for price in heard if window.from_ns <= price.at_ns < window.until_ns]
    run.floor_us = window.cpu_s[server.name] / max(1, len(inside)) * 1e6
    result.add("messages/s", f"{len(inside) / window.seconds:,.0f}", f"{LOAD_PER_SECOND:,.0f}")
    result.add("server, CPU us a message", f"{run.floor_us:.0f}", server_us=run.floor_us)
    client_us = window.cpu_s[child.name] / max(1, len(inside)) * 1e6
    result.add("client, CPU us a message", f"{client_us:.0f}", client_us=client_us)
    result.quantiles("write to client", [p.at_ns - p.stamp_ns for p in inside], key="latency")
    result.add("CPUs on other work, withheld by the host", window.disturbance)


SCENARIO = Scenario("floor", "a bare grpc.aio stream of constant messages, one client", _measure)
