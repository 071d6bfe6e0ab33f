"""What the exchange does wrong when it is told to, and what it does not put up with."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
import pytest

from connector.simulator import ManualClock, Simulator, SimulatorConfig
from tests.simulator.on_loopback import WITHIN, Exchange, asked, got, line


async def test_dropped_sockets_end_without_a_close_frame(exchange: Exchange) -> None:
    async with line(exchange) as one, line(exchange) as other:
        await one.ask("SUBSCRIBE", "btcusdt@ticker")
        await other.ask("SUBSCRIBE", "ethusdt@ticker")
        async with asyncio.timeout(WITHIN):
            await exchange.drop_sockets()
            assert exchange.connections == 0
            assert exchange.subscriptions() == {}
            assert (await one.websocket.receive()).type is not aiohttp.WSMsgType.TEXT
            assert one.websocket.close_code != 1000


async def test_refused_connections_end_without_an_answer_until_they_are_let_in(
    exchange: Exchange,
) -> None:
    async with line(exchange) as open_before:
        exchange.refuse_connections = True
        with pytest.raises(aiohttp.ClientError):
            await asked(exchange, "/fapi/v1/ping")
        with pytest.raises(aiohttp.ClientError):
            async with line(exchange):
                pass
        assert (await open_before.ask("LIST_SUBSCRIPTIONS"))["result"] == []
        exchange.refuse_connections = False
        assert await got(exchange, "/fapi/v1/ping") == {}


async def test_a_poison_frame_goes_out_as_it_stands(exchange: Exchange) -> None:
    async with line(exchange) as one, line(exchange) as other:
        await one.ask("SUBSCRIBE", "btcusdt@ticker")
        assert exchange.send_raw("btcusdt@ticker", '{"e":') == 1
        assert exchange.send_raw("ethusdt@ticker", "nobody") == 0
        assert exchange.send_raw(None, "everyone") == 2
        assert [await one.hear_text(), await one.hear_text()] == ['{"e":', "everyone"]
        assert await other.hear_text() == "everyone"


async def test_a_reader_that_leaves_too_much_unread_is_cut(
    exchanges: Callable[..., Awaitable[Exchange]],
) -> None:
    exchange = await exchanges(symbols=1, unread_bytes=16_384)
    async with line(exchange) as quick:
        exchange.send_raw(None, "x" * 10_000)
        assert len(await quick.hear_text()) == 10_000
        exchange.send_raw(None, "x" * 20_000)
        async with asyncio.timeout(WITHIN):
            await exchange.until(lambda: exchange.connections == 0)
    assert exchange.slow_readers_cut == 1


async def test_a_symbol_that_is_not_listed_and_a_price_off_the_tick_cannot_be_traded(
    exchange: Exchange,
) -> None:
    for symbol, price, quantity, told in (
        ("NOPEUSDT", "1", "1", "NOPEUSDT"),
        ("BTCUSDT", "97123.15", "1", "0.10"),
        ("BTCUSDT", "-1", "1", "0.10"),
        ("BTCUSDT", "nan", "1", "0.10"),
        ("BTCUSDT", "99999999.00", "1", "at most"),
        ("BTCUSDT", "97123.10", "0.0005", "0.001"),
        ("BTCUSDT", "97123.10", "much", "much"),
        ("BTCUSDT", "97123.10", "100000000", "at most"),
    ):
        with pytest.raises(ValueError, match=told):
            exchange.trade(symbol, price, quantity)


async def test_only_a_manual_clock_is_advanced_and_only_a_running_exchange_asked() -> None:
    simulator = Simulator(SimulatorConfig(symbols=1))
    with pytest.raises(RuntimeError, match="ManualClock"):
        simulator.advance(1)
    with pytest.raises(RuntimeError, match="not running"):
        simulator.subscriptions()
    await simulator.stop()
    with pytest.raises(ValueError, match="forward"):
        ManualClock().move(-1)


async def test_a_port_that_is_taken_is_an_error_and_leaves_nothing(exchange: Exchange) -> None:
    second = Simulator(SimulatorConfig(symbols=1, port=exchange.port))
    with pytest.raises(OSError, match="in use"):
        await second.start()


async def test_on_the_machines_clock_frames_come_by_themselves() -> None:
    sent: list[str] = []
    config = SimulatorConfig(symbols=3, speed=3600, total_frames_per_second=300)
    simulator = Simulator(config, on_frame=lambda _, text: sent.append(text))
    await simulator.start()
    try:
        async with line(simulator, "/ws/btcusdt@ticker/ethusdt@kline_1m") as ws:
            heard = [await ws.hear_text() for _ in range(40)]
    finally:
        await simulator.stop()
    assert heard == sent[:40]
    closing = [orjson.loads(text) for text in heard if '"x":true' in text]
    assert closing
    assert all(frame["E"] == frame["k"]["T"] + 1 for frame in closing)
