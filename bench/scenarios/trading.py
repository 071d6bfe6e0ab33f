"""What the connector adds to an order and to an account, beyond gRPC and the exchange.

A few calls each in turn, so that all meet the same disturbances: a bare server's answer of the same
size, the exchange asked by bare aiohttp, the exchange asked by the connector's ccxt, a bare relay
(a bare server that asks the exchange by bare aiohttp before it answers), the connector.
What the connector adds is its median less those of the first two. The relay adds something too: the
first two are measured in tight loops, while a call through three processes meets each of them cold.
"""

import time

from bench.commands import Ask, Call, Latencies, Prepare, Prepared
from bench.report import Result, quantile
from bench.rest import listed
from bench.run import Run, Scenario
from bench.stage import bare_server, clients, direct, staged

A_ROUND = 6
MOST_CALLS = 180
"""ccxt keeps to 1,200 of weight a minute; an order weighs 4, an account 2."""
WARM_UP = 5
PERCENTS = (50, 99)


async def _measure(run: Run, result: Result) -> None:
    load = {"symbols": 10, "updates_per_second": 1}
    async with (
        staged(run.folder, load) as stage,
        bare_server(run.folder, 1) as (_, bare_address),
        bare_server(run.folder, 1, stage.rest_url) as (_, relay_address),
        clients(run.folder) as child,
        direct(stage, run.folder) as asker,
    ):
        symbol = (await listed(stage))[0]
        terms = await asker.ask(Prepare(symbol), Prepared)
        found: dict[str, list[int]] = {}

        async def one(key: str, way: Call | Ask, count: int = 1) -> None:
            way.count = count
            process = child if isinstance(way, Call) else asker
            found.setdefault(key, []).extend((await process.ask(way, Latencies)).ns)

        order = (symbol, 1, terms.price, terms.quantity)
        ways: dict[str, Call | Ask] = {
            "order_bare": Call(bare_address, "PlaceOrder", *order),
            "order_http": Ask("http", "order", symbol, 1),
            "order_relay": Call(relay_address, "PlaceOrder", *order),
            "order_ccxt": Ask("ccxt", "order", symbol, 1),
            "order": Call(stage.address, "PlaceOrder", *order),
            "account_bare": Call(bare_address, "GetAccount", *order),
            "account_http": Ask("http", "account", symbol, 1),
            "account_relay": Call(relay_address, "GetAccount", *order),
            "account_ccxt": Ask("ccxt", "account", symbol, 1),
            "account": Call(stage.address, "GetAccount", *order),
        }
        for key, way in ways.items():
            await one(key, way, WARM_UP)
        found.clear()
        until = time.monotonic() + run.seconds(12)
        while time.monotonic() < until and len(found.get("order", ())) < MOST_CALLS:
            for key, way in ways.items():
                await one(key, way, A_ROUND)
            await one("cancel", Ask("http", "cancel", symbol, 1))
    for method, key in (("PlaceOrder", "order"), ("GetAccount", "account")):
        result.quantiles(
            f"{method}: bare gRPC server", found[f"{key}_bare"], "", f"{key}_bare", PERCENTS
        )
        result.quantiles(
            f"{method}: exchange, bare aiohttp", found[f"{key}_http"], "", f"{key}_http", PERCENTS
        )
        result.quantiles(
            f"{method}: exchange, ccxt direct", found[f"{key}_ccxt"], "", f"{key}_ccxt", PERCENTS
        )
        result.quantiles(
            f"{method}: bare relay to the exchange",
            found[f"{key}_relay"],
            "",
            f"{key}_relay",
            PERCENTS,
        )
        result.quantiles(f"{method}: connector", found[key], "", key, PERCENTS)
        bare, http, ccxt, relay, ours = (
            quantile(found[each], 0.5) / 1e6
            for each in (f"{key}_bare", f"{key}_http", f"{key}_ccxt", f"{key}_relay", key)
        )
        added = ours - bare - http
        result.add(
            f"{method}: added beyond bare gRPC and exchange, p50, ms",
            f"{added:.2f}",
            "< 1",
        )
        result.values[f"{key}_added_ms"] = added
        result.add(
            f"{method}: beyond the bare relay, p50, ms; times the relay",
            f"{ours - relay:.2f}; {ours / relay:.2f} x",
        )
        result.values[f"{key}_beyond_relay_ms"] = ours - relay
        result.ratios[f"{key} / relay"] = ours / relay
        result.add(
            f"{method}: of what is added: ccxt's own, ours, ms",
            f"{ccxt - http:.2f}, {ours - bare - ccxt:.2f}",
        )
        result.values[f"{key}_ccxt_ms"] = ccxt - http
        result.values[f"{key}_ours_ms"] = ours - bare - ccxt
    result.add("calls of each", f"{len(found['order']):,}")


SCENARIO = Scenario(
    "trading", "an order placed, an account asked for: what the connector adds", _measure
)
