"""Faults that are asked for by text: what may be said, when they strike, what clients meet."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from connector.simulator import Simulator, SimulatorConfig
from connector.simulator.chaos.poison import BIG_BYTES, poisoned
from connector.simulator.chaos.registry import FAULTS, POISONS, as_markdown, listed, planned
from connector.simulator.chaos.strikes import STRIKES
from connector.simulator.serving.session import text_frame
from tests.simulator.on_loopback import (
    WITHIN,
    Exchange,
    Line,
    asked,
    ccxt_trader,
    done,
    got,
    line,
    said,
    user_data,
)

TICKER = "btcusdt@ticker"
CONTROL = "/control/faults"
PAPER = Path(__file__).parents[2] / "docs" / "chaos.md"

Start = Callable[..., Awaitable[Exchange]]


def test_every_fault_is_listed_documented_and_done() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert STRIKES.keys() == set(names)
    assert as_markdown() in PAPER.read_text()
    for fault in FAULTS:
        assert f"\n{fault.name}\n" in f"\n{listed()}"
        assert planned(fault.name, "binance").fault is fault
        for each in fault.parameters:
            assert not each.usual or each.read(each.usual) is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("explode", "'explode' is unknown; there are drop, close"),
        ("", "is unknown"),
        ("drop:often", "'often' is not one of sockets=…, refuse=…"),
        ("drop:every=30s,every=3s", "each once"),
        ("drop:every=30", "every must be a duration such as 500ms, 4s or 2m, got '30'"),
        ("drop:every=-3s", "a duration above 0"),
        ("drop:every=999999m", "a duration such as"),
        ("drop:sockets=0", "all, public, private or a number"),
        ("drop:times=3", "times needs every"),
        ("forget:symbols=btc", "all, or symbols such as BTCUSDT"),
        ("stall:every=2s,for=2s", "shorter than every"),
        ("drop:every=2s,refuse=4s", "shorter than every"),
        ("drop:for=4s", "'for=4s' is not one of"),
        ("close:code=1006", "1000, 1001, 1008 or 1012"),
        ("poison:what=arsenic", "cut, missing, types, empty, binary or big"),
        ("duplicate:share=2", "above 0 and at most 1"),
        ("status:code=200", "418, 429"),
        ("status:count=٣", "whole number"),
        ("cut:requests=some", "all, reads, orders or a path"),
    ],
)
def test_what_no_fault_is_says_what_is_allowed(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told.replace("(", r"\(")):
        planned(text, "binance")
    with pytest.raises(ValueError, match=told):
        SimulatorConfig(faults=(text,))


def test_a_fault_that_a_dialect_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no such thing in the dialect bybit"):
        SimulatorConfig(dialect="bybit", faults=("listen_key",))


async def subscribed(one: Line, stream: str = TICKER) -> None:
    await one.ask("SUBSCRIBE", stream)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1012])
async def test_a_close_has_its_code(exchange: Exchange, code: int) -> None:
    async with line(exchange) as one, asyncio.timeout(WITHIN):
        exchange.begin_fault(f"close:code={code}")
        message = await one.websocket.receive()
        assert (message.type, one.websocket.close_code) == (aiohttp.WSMsgType.CLOSE, code)
        await exchange.until(lambda: exchange.connections == 0)
    assert exchange.faults_begun == []


async def test_sockets_are_chosen_by_sort_or_number(exchange: Exchange) -> None:
    async with line(exchange) as one, line(exchange) as other, user_data(exchange) as own:
        async with asyncio.timeout(WITHIN):
            exchange.begin_fault("drop:sockets=1")
            await exchange.until(lambda: exchange.connections == 2)
            exchange.begin_fault("drop:sockets=private")
            exchange.begin_fault("drop:sockets=public")
            await exchange.until(lambda: exchange.connections == 0)
        assert {each.websocket.close_code for each in (one, other, own)} <= {None, 1006}


async def test_a_forgotten_symbol_is_silent_until_it_is_subscribed_anew(exchange: Exchange) -> None:
    async with line(exchange) as one, asyncio.timeout(WITHIN):
        for stream in (TICKER, "btcusdt@kline_1m", "ethusdt@ticker"):
            await subscribed(one, stream)
        exchange.begin_fault("forget:symbols=BTCUSDT")
        assert exchange.subscriptions() == {"ethusdt@ticker": 1}
        assert exchange.faults_begun == []
        await subscribed(one)
        assert exchange.subscriptions().keys() == {"ethusdt@ticker", TICKER}
        exchange.begin_fault("forget:sockets=private")
        assert len(exchange.subscriptions()) == 2
        exchange.begin_fault("forget")
        assert exchange.subscriptions() == {}


async def test_a_symbol_that_is_not_traded_cannot_be_forgotten(exchange: Exchange) -> None:
    with pytest.raises(ValueError, match="forget: NOSUCH isn't traded here"):
        exchange.begin_fault("forget:symbols=BTCUSDT+NOSUCH")


async def test_after_a_drop_new_sockets_are_refused_for_a_while(exchange: Exchange) -> None:
    exchange.begin_fault("drop:refuse=50ms")
    assert exchange.faults_begun == ["drop:refuse=50ms"]
    with pytest.raises(aiohttp.ClientError):
        async with line(exchange):
            pass
    assert await got(exchange, "/fapi/v1/ping") == {}
    await over(exchange)
    async with line(exchange):
        pass


async def over(exchange: Simulator) -> None:
    async with asyncio.timeout(WITHIN):
        while exchange.faults_begun:
            await asyncio.sleep(0.005)


async def test_it_strikes_so_often(exchange: Exchange) -> None:
    number = exchange.begin_fault("drop:after=10ms,every=20ms")
    for _ in range(3):
        async with line(exchange) as one, asyncio.timeout(WITHIN):
            assert (await one.websocket.receive()).type is not aiohttp.WSMsgType.TEXT
    exchange.end_fault(number)
    exchange.begin_fault("drop:every=1ms,times=3")
    await over(exchange)


@pytest.mark.parametrize(("fault", "lost"), [("stall", False), ("mute", True)])
async def test_a_silent_socket_answers_pings_and_is_late_or_loses(
    exchange: Exchange, fault: str, lost: bool
) -> None:
    async with line(exchange) as one, asyncio.timeout(WITHIN):
        await subscribed(one)
        number = exchange.begin_fault(f"{fault}:sockets=public")
        exchange.trade("BTCUSDT", "97001.00", "1")
        await one.websocket.ping(b"?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(one.hear_text(), 0.05)
        exchange.end_fault(number)
        exchange.trade("BTCUSDT", "97002.00", "1")
        closes = [(await one.hear())["c"] for _ in range(1 if lost else 2)]
        assert closes == (["97002.00"] if lost else ["97001.00", "97002.00"])


async def test_half_open_answers_no_ping_and_ends_with_a_reset(exchange: Exchange) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{exchange.ws_url}/ws", autoping=False) as ws,
        asyncio.timeout(WITHIN),
    ):
        await ws.ping(b"?")
        assert (await ws.receive()).type is aiohttp.WSMsgType.PONG
        number = exchange.begin_fault("half_open")
        await ws.ping(b"?")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ws.receive(), 0.05)
        async with line(exchange) as new:
            await subscribed(new)
        exchange.end_fault(number)
        await exchange.until(lambda: exchange.connections == 0)


def test_a_frame_that_another_fault_broke_has_nothing_to_break() -> None:
    cut = poisoned(text_frame(b'{"e":"24hrTicker","s":"BTCUSDT"}'), "cut")
    assert cut is not None
    assert poisoned(cut, "types") is None


@pytest.mark.parametrize("what", POISONS)
async def test_poison_comes_beside_the_true_frame(exchange: Exchange, what: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{exchange.ws_url}/ws/{TICKER}", max_msg_size=0) as ws,
        asyncio.timeout(WITHIN),
    ):
        await exchange.until_subscribed(TICKER)
        exchange.begin_fault(f"poison:what={what}")
        exchange.trade("BTCUSDT", "97001.00", "1")
        true, poison = await ws.receive(), await ws.receive()
        assert orjson.loads(true.data)["c"] == "97001.00"
        if what == "binary":
            assert poison.type is aiohttp.WSMsgType.BINARY
        elif what == "empty":
            assert poison.data == ""
        elif what == "cut":
            assert true.data.startswith(poison.data)
        else:
            broken = orjson.loads(poison.data)
            assert (broken["e"], broken["s"]) == ("24hrTicker", "BTCUSDT")
            assert {
                "missing": "c" not in broken,
                "types": broken.get("c") == {"not": "text"},
                "big": len(poison.data) > BIG_BYTES,
            }[what]
        exchange.trade("BTCUSDT", "97002.00", "1")
        assert orjson.loads((await ws.receive()).data)["c"] == "97002.00"


async def test_frames_are_doubled_gathered_late_and_overtaken(exchange: Exchange) -> None:
    async with line(exchange) as one, asyncio.timeout(WITHIN):
        await subscribed(one)

        async def heard(fault: str, count: int) -> list[str]:
            number = exchange.begin_fault(fault)
            for price in ("97001.00", "97002.00", "97003.00"):
                exchange.trade("BTCUSDT", price, "1")
            closes = [(await one.hear())["c"][4:5] for _ in range(count)]
            exchange.end_fault(number)
            return closes

        assert "".join(await heard("duplicate", 6)) == "112233"
        assert "".join(await heard("burst:gather=20ms", 3)) == "123"
        assert "".join(await heard("late:by=20ms", 3)) == "123"
        assert sorted(await heard("reorder:share=0.5,by=20ms", 3)) == ["1", "2", "3"]
        orders = {"".join(await heard("reorder:share=0.5,by=5ms", 3)) for _ in range(8)}
        assert orders - {"123"}
        exchange.begin_fault("late:by=9s")
        exchange.trade("BTCUSDT", "97005.00", "1")
        exchange.end_faults()
        assert (await one.hear())["c"] == "97005.00"


async def test_a_flood_trades_every_instrument(exchange: Exchange) -> None:
    async with line(exchange) as one, asyncio.timeout(WITHIN):
        await subscribed(one)
        exchange.begin_fault("flood:trades=200")
        assert len([await one.hear() for _ in range(200)]) == 200


@pytest.mark.parametrize(
    ("fault", "status", "header"),
    [
        ("status:code=429", 429, None),
        ("status:code=429,retry_after=7s", 429, "7"),
        ("status:code=418", 418, None),
        ("status:code=502", 502, None),
        ("garbage", 200, None),
        ("maintenance", 503, None),
    ],
)
async def test_requests_are_answered_with_what_was_asked_for(
    exchange: Exchange, fault: str, status: int, header: str | None
) -> None:
    number = exchange.begin_fault(fault)
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{exchange.rest_url}/fapi/v1/time") as answer:
            assert (answer.status, answer.headers.get("Retry-After")) == (status, header)
        exchange.end_fault(number)
        async with http.get(f"{exchange.rest_url}/fapi/v1/time") as answer:
            assert (await answer.json())["serverTime"] == exchange.now_ms


@pytest.mark.parametrize("fault", ["cut", "half_answer", "down"])
async def test_requests_without_a_whole_answer(exchange: Exchange, fault: str) -> None:
    number = exchange.begin_fault(fault)
    with pytest.raises(aiohttp.ClientError):
        async with asyncio.timeout(WITHIN):
            await got(exchange, "/fapi/v1/exchangeInfo")
    if exchange.faults_begun:
        exchange.end_fault(number)
    assert await got(exchange, "/fapi/v1/ping") == {}


async def test_what_hangs_is_cut_when_it_ends(exchange: Exchange) -> None:
    number = exchange.begin_fault("hang:when=after,count=1")
    asking = asyncio.create_task(said(exchange, "POST", "/fapi/v1/order", ""))
    async with asyncio.timeout(WITHIN):
        await exchange.until(lambda: not exchange.faults.planned)
        await got(exchange, "/fapi/v1/ping")
        assert not asking.done()
        exchange.end_fault(number)
        with pytest.raises(aiohttp.ClientError):
            await asking


async def test_only_the_requests_that_are_meant_fail_and_so_many(exchange: Exchange) -> None:
    wanted: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}
    exchange.begin_fault("status:requests=orders,when=after,count=1,code=503")
    assert await got(exchange, "/fapi/v1/ping") == {}
    async with ccxt_trader(exchange) as client:
        await client.load_markets()
        with pytest.raises(Exception, match="Unknown error"):
            await client.create_order("BTC/USDT:USDT", "market", "buy", "0.010")
    assert len(exchange.orders()) == 1
    assert (await done(exchange, "POST", "/fapi/v1/order", **wanted, quantity="0.010"))["orderId"]
    exchange.begin_fault("cut:requests=/fapi/v1/ping")
    assert await got(exchange, "/fapi/v1/time")
    with pytest.raises(aiohttp.ClientError):
        await got(exchange, "/fapi/v1/ping")


async def test_a_wrong_clock_is_told_and_checked_by(exchanges: Start) -> None:
    exchange = await exchanges(symbols=1, check_timestamps=True)
    number = exchange.begin_fault("skew:by=-3s")
    assert (await got(exchange, "/fapi/v1/time"))["serverTime"] == exchange.now_ms - 3000
    exchange.end_fault(number)
    assert (await got(exchange, "/fapi/v1/time"))["serverTime"] == exchange.now_ms


async def test_faults_from_the_start_and_both_dialects(exchanges: Start) -> None:
    for dialect, path in (("binance", "/fapi/v1/time"), ("bybit", "/v5/market/time")):
        exchange = await exchanges(symbols=1, dialect=dialect, faults=("status:code=500,count=1",))
        async with aiohttp.ClientSession(exchange.rest_url) as http:
            statuses = [(await http.get(path)).status for _ in range(2)]
        assert statuses == [500, 200]
        await exchange.stop()


async def test_the_control_begins_tells_and_ends(exchange: Exchange) -> None:
    async with aiohttp.ClientSession(exchange.rest_url) as http:

        async def told(method: str, path: str, **how: Any) -> tuple[int, Any]:
            async with http.request(method, path, **how) as answer:
                return answer.status, await answer.json()

        began = await told("POST", CONTROL, data='{"fault": "down"}')
        assert began == (201, {"number": 1, "fault": "down", "strikes": 1})
        assert await told("GET", CONTROL) == (200, [began[1]])
        assert await told("DELETE", f"{CONTROL}/1") == (200, {})
        assert (await told("DELETE", f"{CONTROL}/1"))[0] == 404
        await told("POST", CONTROL, json={"fault": "stall"})
        assert await told("DELETE", CONTROL) == (200, {})
        assert await told("GET", CONTROL) == (200, [])
        known = (await told("GET", f"{CONTROL}/known"))[1]
        assert [each["name"] for each in known] == [each.name for each in FAULTS]
        for wrong in ("", "{", "[]", '{"fault": 3}', '{"fault": "explode"}'):
            status, answer = await told("POST", CONTROL, data=wrong)
            assert status == 400
            assert answer["error"]
        assert (await told("PUT", CONTROL))[0] == 405
        assert (await told("GET", "/control"))[0] == 404
        page = {"Origin": "http://evil.example"}
        assert (await told("POST", CONTROL, json={"fault": "drop"}, headers=page))[0] == 403
    assert (await asked(exchange, "/fapi/v1/ping"))[0] == 200
