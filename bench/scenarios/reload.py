"""What do streams wait for while 4,000 markets are loaded anew? In this process, by its loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
from aiohttp import web

from bench.report import Result, quantile
from bench.run import Run, Scenario
from connector.config import ExchangeConfig
from connector.exchange.embedded import embedded_urls
from connector.exchange.session import Session
from connector.simulator import Simulator, SimulatorConfig

LISTED, TIMES = 50, 80
LOOK_S = 0.001


async def _measure(run: Run, result: Result) -> None:
    async with aiohttp.ClientSession() as http:
        simulator = Simulator(SimulatorConfig(symbols=LISTED, updates_per_second=0))
        await simulator.start()
        async with http.get(f"{simulator.rest_url}/fapi/v1/exchangeInfo") as answer:
            listing = _multiplied(await answer.read())
        await simulator.stop()

    async def answered(_: web.Request) -> web.Response:
        return web.Response(body=listing, content_type="application/json")

    app = web.Application()
    app.router.add_get("/fapi/v1/exchangeInfo", answered)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    session = Session(ExchangeConfig(id="binanceusdm"), embedded_urls(url, url))
    exchange = session.ccxt
    try:
        await session.load_markets()
        ours_s, ours = await _lags(session.load_markets)
        theirs_s, theirs = await _lags(lambda: exchange.load_markets(True))
    finally:
        await session.close()
        await runner.cleanup()
    result.add("markets", f"{len(exchange.markets):,} of {len(listing) / 1e6:.1f} MB")
    result.add(
        "loading them anew, s",
        f"{ours_s:.2f}, ccxt in the loop {theirs_s:.2f}",
        reload_s=ours_s,
        ccxt_reload_s=theirs_s,
    )
    for name, share in (("p99", 0.99), ("most", 1.0)):
        ms, theirs_ms = quantile(ours, share) / 1e6, quantile(theirs, share) / 1e6
        result.add(
            f"the loop late meanwhile, {name}, ms",
            f"{ms:.1f}, ccxt in the loop {theirs_ms:.1f}",
            "20" if share == 1 else "",
            **{f"reload_lag_{name}_ms": ms, f"ccxt_reload_lag_{name}_ms": theirs_ms},
        )


def _multiplied(listing: bytes) -> bytes:
    """List each market so many times, each time by another base asset."""
    told = orjson.loads(listing)
    told["symbols"] = [
        {**m, "baseAsset": base, "symbol": base + m["quoteAsset"], "pair": base + m["quoteAsset"]}
        for n in range(TIMES)
        for m in told["symbols"]
        for base in [m["baseAsset"] + (str(n) if n else "")]
    ]
    return orjson.dumps(told)


async def _lags(load: Callable[[], Awaitable[object]]) -> tuple[float, list[int]]:
    """Load; give the seconds it took, and how late a timer of 1 ms ran each time, in ns."""
    lags: list[int] = []
    began, loading = time.perf_counter(), asyncio.ensure_future(load())
    while not loading.done():
        due = time.perf_counter() + LOOK_S
        await asyncio.sleep(LOOK_S)
        lags.append(max(0, round((time.perf_counter() - due) * 1e9)))
    await loading
    return time.perf_counter() - began, lags


SCENARIO = Scenario(
    "reload", "4,000 markets loaded anew: how late the event loop runs meanwhile", _measure
)
