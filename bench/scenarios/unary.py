"""Calls answered once, beside a bare server in the same minutes."""

import time

import aiohttp

from bench.commands import Call, Latencies
from bench.report import Result, quantile
from bench.rest import listed, timed_ticker
from bench.run import Run, Scenario
from bench.stage import bare_server, clients, staged

A_ROUND = 40
PRICES_A_ROUND = 10
MOST_PRICES = 800


async def _measure(run: Run, result: Result) -> None:
    load = {"symbols": 10, "updates_per_second": 5}
    async with (
        staged(run.folder, load) as stage,
        bare_server(run.folder, 1) as (_, bare_address),
        clients(run.folder) as child,
        aiohttp.ClientSession(stage.rest_url) as session,
    ):
        symbol = (await listed(stage))[0]

        async def calls(call: Call) -> list[int]:
            return (await child.ask(call, Latencies)).ns

        asks = (
            Call(bare_address, "GetName", symbol, A_ROUND),
            Call(stage.address, "GetName", symbol, A_ROUND),
            Call(stage.address, "GetLatestPrice", symbol, PRICES_A_ROUND),
        )
        for ask in asks:
            await calls(ask)
        found: list[list[int]] = [[] for _ in asks]
        rest: list[int] = []
        until = time.monotonic() + run.seconds(10)
        # a minute's limit of requests is 1,200, as on the exchange that is simulated
        while (
            time.monotonic() < until and len(found[2]) < MOST_PRICES
        ):  # in turns, so that all meet the same disturbances
            for latencies, ask in zip(found, asks, strict=True):
                latencies += await calls(ask)
            rest += [await timed_ticker(session, symbol) for _ in range(PRICES_A_ROUND)]
    bare, name, price = found
    shown = (50, 99)
    result.quantiles("bare server, GetName", bare, key="bare", percents=shown)
    result.quantiles("GetName", name, "- / < 2", "name", shown)
    result.quantiles("GetLatestPrice", price, key="price", percents=shown)
    result.quantiles("bare HTTP client, ticker/24hr", rest, key="rest", percents=shown)
    ratio = quantile(name, 0.5) / quantile(bare, 0.5)
    result.add("GetName to bare server, medians", f"{ratio:.1f} x", name_ratio=ratio)
    result.ratios["GetName / bare"] = ratio
    beyond = (quantile(price, 0.5) - quantile(rest, 0.5)) / 1e6
    result.add("GetLatestPrice beyond the exchange's answer, medians, ms", f"{beyond:.2f}")
    result.add("calls", f"{len(bare):,} + {len(name):,} + {len(price):,}")


SCENARIO = Scenario("unary", "one call after the other, one client", _measure)
