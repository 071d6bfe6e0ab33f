"""The websocket protocol: addresses, requests, answers, order."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import aiohttp
import pytest

from tests.simulator.on_loopback import START_MS, WITHIN, Exchange, line

MINUTE_MS = 60_000
FIRST_BOUNDARY_MS = START_MS - START_MS % MINUTE_MS + MINUTE_MS


async def test_a_subscription_is_acknowledged_listed_and_ended(exchange: Exchange) -> None:
    async with line(exchange) as ws:
        assert await ws.ask("SUBSCRIBE", "btcusdt@ticker", request_id=7) == {
            "result": None,
            "id": 7,
        }
        assert await ws.ask("SUBSCRIBE", "btcusdt@ticker", "ethusdt@trade") == {
            "result": None,
            "id": 1,
        }
        listed = await ws.ask("LIST_SUBSCRIPTIONS", request_id="mine")
        assert listed == {"result": ["btcusdt@ticker", "ethusdt@trade"], "id": "mine"}
        assert exchange.subscriptions() == {"btcusdt@ticker": 1, "ethusdt@trade": 1}
        await ws.ask("UNSUBSCRIBE", "btcusdt@ticker", "ethusdt@kline_1m")
        assert exchange.subscriptions() == {"ethusdt@trade": 1}
    await exchange.until_nobody_listens()


@pytest.mark.parametrize(
    "name",
    [
        "btcusdt",
        "btcusdt@nothing",
        "btcusdt@kline_7m",
        "btcusdt@kline_1s",
        "BTCUSDT@ticker",
        "@ticker",
        "!nothing@arr",
        "",
        5,
    ],
)
async def test_a_name_that_is_no_stream_is_refused(exchange: Exchange, name: object) -> None:
    async with line(exchange) as ws:
        answer = await ws.ask("SUBSCRIBE", "btcusdt@ticker", name, request_id=3)
        assert answer == {
            "error": {"code": 2, "msg": "Invalid request: invalid stream"},
            "id": 3,
        }
        assert exchange.subscriptions() == {}


async def test_a_symbol_that_is_not_listed_is_subscribed_and_stays_silent(
    exchange: Exchange,
) -> None:
    async with line(exchange) as ws:
        assert (await ws.ask("SUBSCRIBE", "nopeusdt@kline_1m"))["result"] is None
        exchange.advance(120)
        assert await ws.hear_until(answer_to=2) == []


@pytest.mark.parametrize(
    ("message", "code", "begins"),
    [
        ("{", 3, "Invalid JSON"),
        ([], 2, "Invalid request"),
        ({"id": 1}, 2, "Invalid request: missing field `method`"),
        ({"method": "SHOUT", "id": 1}, 2, "Invalid request: unknown variant `SHOUT`"),
        ({"method": "SUBSCRIBE", "id": 1}, 2, "Invalid request: missing field `params`"),
        ({"method": "SUBSCRIBE", "params": [], "id": {}}, 2, "Invalid request: request ID"),
        ({"method": "GET_PROPERTY", "params": ["x"], "id": 1}, 0, "Unknown property"),
        ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 1}, 1, "Invalid value"),
    ],
)
async def test_a_request_that_cannot_be_understood_is_answered_with_its_error(
    exchange: Exchange, message: object, code: int, begins: str
) -> None:
    async with line(exchange) as ws:
        answer = await ws.say(message)
    assert answer["error"]["code"] == code
    assert answer["error"]["msg"].startswith(begins)


async def test_a_websocket_takes_1024_streams_and_no_more(
    exchange: Exchange,
) -> None:
    names = [f"coin{number}usdt@ticker" for number in range(1024)]
    async with line(exchange) as ws:
        assert (await ws.ask("SUBSCRIBE", *names))["result"] is None
        assert (await ws.ask("SUBSCRIBE", "btcusdt@ticker"))["error"]["code"] == 2
        assert (await ws.ask("SUBSCRIBE", names[0]))["result"] is None
        assert len(exchange.subscriptions()) == 1024


@pytest.mark.parametrize(
    ("path", "wrapped"),
    [
        ("/ws/btcusdt@trade", False),
        ("/ws/btcusdt@trade/ethusdt@trade", False),
        ("/public/ws/btcusdt@trade", False),
        ("/stream?streams=btcusdt@trade/ethusdt@trade", True),
        ("/market/stream?streams=btcusdt@trade", True),
    ],
)
async def test_the_address_may_name_streams(exchange: Exchange, path: str, wrapped: bool) -> None:
    async with line(exchange, path) as ws:
        await exchange.until_subscribed("btcusdt@trade")
        exchange.trade("BTCUSDT", "97123.10", "0.5")
        frame = await ws.hear()
    assert frame.get("stream") == ("btcusdt@trade" if wrapped else None)
    assert (frame["data"] if wrapped else frame) == exchange.sent_on("btcusdt@trade")[0]


@pytest.mark.parametrize("path", ["/ws", "/ws/", "/ws/0", "/market/ws/0", "/public/ws/12"])
async def test_the_addresses_that_ccxt_makes_are_served(exchange: Exchange, path: str) -> None:
    async with line(exchange, path) as ws:
        assert await ws.ask("LIST_SUBSCRIPTIONS") == {"result": [], "id": 1}


async def test_orders_over_the_websocket_are_honestly_absent(exchange: Exchange) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
        async with line(exchange, "/ws-fapi/v1"):
            pass


async def test_the_wrapper_can_be_asked_for_afterwards(exchange: Exchange) -> None:
    async with line(exchange) as ws:
        await ws.ask("SUBSCRIBE", "btcusdt@trade")
        assert (await ws.ask("GET_PROPERTY", "combined"))["result"] is False
        await ws.ask("SET_PROPERTY", "combined", True)
        exchange.trade("BTCUSDT", "97123.10", "0.5")
        assert (await ws.hear())["stream"] == "btcusdt@trade"


async def test_each_kind_of_stream_sends_its_event(exchange: Exchange) -> None:
    events = {
        "btcusdt@ticker": "24hrTicker",
        "btcusdt@miniTicker": "24hrMiniTicker",
        "btcusdt@bookTicker": "bookTicker",
        "btcusdt@aggTrade": "aggTrade",
        "btcusdt@trade": "trade",
        "btcusdt@kline_1w": "kline",
        "btcusdt@kline_1M": "kline",
        "btcusdt@markPrice": "markPriceUpdate",
        "btcusdt@markPrice@1s": "markPriceUpdate",
        "!bookTicker": "bookTicker",
        "!ticker@arr": "24hrTicker",
        "!miniTicker@arr": "24hrMiniTicker",
        "!markPrice@arr": "markPriceUpdate",
        "!markPrice@arr@1s": "markPriceUpdate",
    }
    async with line(exchange, "/stream") as ws:
        await ws.ask("SUBSCRIBE", *events)
        exchange.advance(3)
        heard = await ws.hear_until(answer_to=2)
    seen = {
        frame["stream"]: (data[0] if isinstance(data := frame["data"], list) else data)["e"]
        for frame in heard
    }
    assert seen == events
    assert sum(frame["stream"] == "btcusdt@markPrice@1s" for frame in heard) == 3
    assert sum(frame["stream"] == "btcusdt@markPrice" for frame in heard) == 1


async def test_what_arrives_is_what_was_sent_in_its_order_to_everyone(exchange: Exchange) -> None:
    streams = ["btcusdt@ticker", "ethusdt@ticker", "btcusdt@kline_1m"]
    async with line(exchange) as one, line(exchange) as other:
        await one.ask("SUBSCRIBE", *streams)
        await other.ask("SUBSCRIBE", *streams)
        assert set(exchange.subscriptions().values()) == {2}
        for _ in range(10):
            exchange.advance(10)
        sent = [text for _, text in exchange.sent]
        assert len(sent) == 100 * 15 + 2
        for each in (one, other):
            async with asyncio.timeout(WITHIN):
                assert [await each.hear_text() for _ in sent] == sent


async def test_a_bar_closes_once_at_the_boundary_before_the_next_begins(
    exchange: Exchange,
) -> None:
    async with line(exchange) as ws:
        await ws.ask("SUBSCRIBE", "btcusdt@kline_1m", "btcusdt@kline_3m", "ethusdt@kline_1m")
        exchange.advance(300)
    bars = exchange.sent_on("btcusdt@kline_1m")
    closing = [frame for frame in bars if frame["k"]["x"]]
    assert [frame["E"] for frame in closing] == [
        FIRST_BOUNDARY_MS + n * MINUTE_MS for n in range(len(closing))
    ]
    assert all(frame["k"]["T"] + 1 == frame["E"] for frame in closing)
    assert [frame["k"]["t"] for frame in bars] == sorted(frame["k"]["t"] for frame in bars)
    for before, after in pairwise(bars):
        assert before["k"]["x"] == (before["k"]["t"] != after["k"]["t"])
    others = [frame["E"] for frame in exchange.sent_on("ethusdt@kline_1m") if frame["k"]["x"]]
    assert others == [frame["E"] for frame in closing]
    threes = [frame["k"] for frame in exchange.sent_on("btcusdt@kline_3m") if frame["k"]["x"]]
    assert [bar["t"] % (3 * MINUTE_MS) for bar in threes] == [0] * len(threes) != []


async def test_a_minute_without_trades_closes_flat(exchange: Exchange) -> None:
    async with line(exchange) as ws:
        exchange.trade("BTCUSDT", "97000.00", "1.000")
        exchange.pause()
        await ws.ask("SUBSCRIBE", "btcusdt@kline_1m")
        exchange.advance(120)
        frames = exchange.sent_on("btcusdt@kline_1m")
    assert [frame["k"]["x"] for frame in frames] == [True, True]
    bar = frames[1]["k"]
    assert [bar[key] for key in "ohlc"] == ["97000.00"] * 4
    assert [bar[key] for key in ("v", "n", "f", "L")] == ["0.000", 0, -1, -1]


async def test_a_silent_client_is_pinged_and_cut_if_it_does_not_answer(
    exchanges: Callable[..., Awaitable[Exchange]],
) -> None:
    exchange = await exchanges(symbols=1, ping_seconds=0.1)
    async with (
        asyncio.timeout(WITHIN),
        aiohttp.ClientSession() as session,
        session.ws_connect(exchange.ws_url + "/ws", autoping=False) as websocket,
    ):
        first = await websocket.receive()
        assert first.type is aiohttp.WSMsgType.PING
        await websocket.pong(first.data)
        assert (await websocket.receive()).type is aiohttp.WSMsgType.PING
        assert exchange.connections == 1
        await exchange.until(lambda: exchange.connections == 0)


async def test_stopping_says_goodbye_and_frees_the_port(exchange: Exchange) -> None:
    async with line(exchange) as ws:
        await ws.ask("SUBSCRIBE", "btcusdt@ticker")
        url = exchange.rest_url
        stopping = asyncio.create_task(exchange.stop())
        async with asyncio.timeout(WITHIN):
            message = await ws.websocket.receive()
            await stopping
    assert message.type is aiohttp.WSMsgType.CLOSE
    assert message.data == 1001
    with pytest.raises(RuntimeError, match="not running"):
        _ = exchange.port
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url + "/fapi/v1/ping")
