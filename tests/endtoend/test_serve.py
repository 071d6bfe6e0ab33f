"""`connector serve` as a process: what an operator starts, what an engine reads."""

import asyncio
import json
import signal
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from tests.endtoend.processes import DIALECT, READ_S, STOP_S, both_dialects, ended, running
from tests.monitoring.scraping import get, scrape


@pytest.fixture
def fast(tmp_path: Path) -> str:
    """Give a config whose 1m bar lasts half a second."""
    file = tmp_path / "fast.toml"
    file.write_text("[simulator]\nsymbols = 5\nspeed = 120\nupdates_per_second = 20\n")
    return str(file)


@both_dialects
async def test_prices_closed_bars_and_funding_reach_a_client_with_only_the_proto(
    fast: str, dialect: str
) -> None:
    embedded = {DIALECT: dialect}
    async with running("serve", "--port", "0", "--config", fast, **embedded) as run:
        assert run.ready["event"] == "serving"
        async with (
            grpc.aio.insecure_channel(f"127.0.0.1:{run.ready['port']}") as channel,
            asyncio.timeout(READ_S),
        ):
            stub = ExchangeServiceStub(channel)
            symbols = list((await stub.GetSymbols(rpc.GetSymbolsRequest())).symbols)

            prices: Any = stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=symbols))
            seen: set[str] = set()
            while seen != set(symbols):
                price = await prices.read()
                assert price.exchange == dialect
                assert Decimal(price.price.value) > 0
                seen.add(price.symbol)

            bars: Any = stub.SubscribeKlines(
                rpc.SubscribeKlinesRequest(symbols=["BTCUSDT"], interval="1m")
            )
            closed: list[int] = []
            while len(closed) < 3:
                candle = await bars.read()
                assert candle.timestamp not in closed
                closed += [candle.timestamp] * candle.is_closed
            assert [late - early for early, late in pairwise(closed)] == [60_000, 60_000]

            funding: Any = stub.SubscribeFundingRate(
                rpc.SubscribeFundingRateRequest(symbol="BTCUSDT")
            )
            assert (await funding.read()).next_funding_time > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_quietly_and_soon(fast: str, number: signal.Signals) -> None:
    async with (
        running("serve", "--port", "0", "--config", fast) as run,
        grpc.aio.insecure_channel(f"127.0.0.1:{run.ready['port']}") as channel,
    ):
        call: Any = ExchangeServiceStub(channel).SubscribePrice(
            rpc.SubscribePriceRequest(symbols=["BTCUSDT", "ETHUSDT"])
        )
        await asyncio.wait_for(call.read(), READ_S)
        run.process.send_signal(number)
        async with asyncio.timeout(STOP_S):
            _, err = await run.process.communicate()
            with pytest.raises(grpc.aio.AioRpcError) as told:
                await _read_on(call)

    assert told.value.code() is grpc.StatusCode.UNAVAILABLE
    assert run.process.returncode == 0
    for line in err.decode().splitlines():
        assert json.loads(line)["level"] == "info", line


async def _read_on(call: Any) -> None:
    """Read to the status, which follows behind what was not read."""
    while True:
        await call.read()


ELSEWHERE = {
    "binance": """
[exchange]
id = "binanceusdm"
[exchange.ccxt.urls.api]
fapiPublic = "{rest}/fapi/v1"
fapiPublicV2 = "{rest}/fapi/v2"
[exchange.ccxt.urls.api.ws]
linear = "{websocket}/ws"
""",
    "bybit": """
[exchange]
id = "bybit"
[exchange.ccxt.urls.api]
public = "{rest}"
[exchange.ccxt.urls.api.ws.public]
linear = "{websocket}/v5/public/linear"
""",
}


@both_dialects
async def test_the_exchange_alone_serves_another_process(tmp_path: Path, dialect: str) -> None:
    simulate = ("simulate", "--port", "0", "--symbols", "BTCUSDT,ETHUSDT", "--dialect", dialect)
    async with running(*simulate) as exchange:
        rest, websocket = exchange.ready["rest"], exchange.ready["websocket"]
        config = tmp_path / "elsewhere.toml"
        config.write_text(ELSEWHERE[dialect].format(rest=rest, websocket=websocket))
        async with (
            running("serve", "--port", "0", "--config", str(config)) as run,
            grpc.aio.insecure_channel(f"127.0.0.1:{run.ready['port']}") as channel,
        ):
            stub = ExchangeServiceStub(channel)
            call: Any = stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=["ETHUSDT"]))
            price = await asyncio.wait_for(call.read(), READ_S)

    assert (price.exchange, price.symbol) == (dialect, "ETHUSDT")


async def test_prometheus_reads_it_and_a_port_that_is_taken_refuses_to_start(fast: str) -> None:
    async with running(
        "serve", "--port", "0", "--config", fast, CONNECTOR_METRICS__PORT="0"
    ) as run:
        port = run.ready["metrics_port"]
        scraped = await scrape(port)
        assert scraped.of("process_resident_memory_bytes") > 0
        assert await get(port, "/readyz") == (200, "ready\n")

        too = {"CONNECTOR_METRICS__PORT": str(port)}
        taken = await ended("serve", "--port", "0", "--config", fast, **too)
    assert taken.status == 2
    assert f"metrics: can't listen on 127.0.0.1:{port}" in taken.err
