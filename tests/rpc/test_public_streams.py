"""The streaming half of the public contract, frame to client."""

import asyncio
import gc
import resource
from pathlib import Path
from typing import Any

import grpc
import orjson
import pytest
from opensqt.market_maker.v1 import exchange_pb2 as rpc

from tests.rpc.account import until
from tests.rpc.conftest import START_MS, Serve, Served, both_dialects, take

MINUTE_MS = 60_000


def _prices(served: Served, *symbols: str) -> Any:
    return served.stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=symbols))


async def _heard(served: Served, *symbols: str) -> Any:
    """Subscribe, and read what Bybit tells of its own accord: it begins with a snapshot."""
    call = _prices(served, *symbols)
    await served.until(lambda: len(served.upstream()) == len(symbols))
    if served.dialect == "bybit":
        await take(call, len(symbols))
    return call


@both_dialects
async def test_a_price_travels_digit_by_digit_in_the_askers_spelling(serve: Serve) -> None:
    served = await serve()
    spellings = ["BTC/USDT:USDT", "ETHUSDT"]
    call = await _heard(served, *spellings)

    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    served.exchange.trade("ETHUSDT", "3412.30", "0.5")
    prices = await take(call, 2)

    assert {(p.exchange, p.symbol, p.price.value) for p in prices} == {
        (served.dialect, "BTC/USDT:USDT", "97123.10"),
        (served.dialect, "ETHUSDT", "3412.30"),
    }
    assert all(price.timestamp.seconds * 1000 >= START_MS - 1000 for price in prices)
    call.cancel()


@both_dialects
async def test_two_spellings_of_one_market_are_both_answered(serve: Serve) -> None:
    served = await serve()
    call = _prices(served, "BTCUSDT", "BTC/USDT:USDT", "BTCUSDT")
    await served.until(lambda: bool(served.upstream()))

    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    prices = await take(call, 2)

    assert sorted(price.symbol for price in prices) == ["BTC/USDT:USDT", "BTCUSDT"]
    call.cancel()


@both_dialects
async def test_tiny_prices_keep_every_digit(serve: Serve) -> None:
    served = await serve({"symbols": 20})
    smallest: dict[int, tuple[str, str]] = {}
    for symbol in served.exchange.symbols:
        info = await served.stub.GetSymbolInfo(rpc.GetSymbolInfoRequest(symbol=symbol))
        smallest[info.price_precision] = (symbol, info.tick_size.value)
    symbol, tick = smallest[max(smallest)]
    assert len(tick) >= len("0.0000001")
    call = await _heard(served, symbol)

    served.exchange.trade(symbol, tick, "1000")

    assert (await take(call, 1))[0].price.value == tick
    call.cancel()


@both_dialects
async def test_every_update_arrives_when_every_update_was_asked_for(serve: Serve) -> None:
    served = await serve(feeds={"price": {"max_per_second": 0}})
    call = await _heard(served, "BTCUSDT")
    sent = [f"{97000 + n}.{n % 10}0" for n in range(300)]

    for price in sent:
        served.exchange.trade("BTCUSDT", price, "0.001")

    assert [price.price.value for price in await take(call, len(sent))] == sent
    call.cancel()


@both_dialects
async def test_a_burst_is_coalesced_and_its_newest_arrives(serve: Serve) -> None:
    served = await serve()
    call = await _heard(served, "BTCUSDT")
    sent = [f"{97000 + n}.00" for n in range(200)]

    for price in sent:
        served.exchange.trade("BTCUSDT", price, "0.001")
    seen: list[str] = []
    while not seen or seen[-1] != sent[-1]:
        seen += [price.price.value for price in await take(call, 1)]

    assert len(seen) <= 5
    assert seen == sorted(seen)
    call.cancel()


@both_dialects
async def test_a_newcomer_is_shown_the_last_price_first(serve: Serve) -> None:
    served = await serve()
    first = await _heard(served, "BTCUSDT")
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await take(first, 1)

    second = _prices(served, "BTCUSDT")

    assert (await take(second, 1))[0].price.value == "97123.10"
    assert served.exchange.subscriptions() == {served.topic("ticker"): 1}
    first.cancel()
    second.cancel()


@both_dialects
async def test_twenty_clients_share_one_subscription_and_leave_none(serve: Serve) -> None:
    served = await serve()
    calls = [_prices(served, *served.exchange.symbols) for _ in range(20)]
    await served.until(lambda: len(served.upstream()) == 3)
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    for call in calls:
        assert (await take(call, 1))[0].price.value == "97123.10"
    assert set(served.exchange.subscriptions().values()) == {1}

    for call in calls:
        call.cancel()

    await served.until(lambda: not served.upstream())
    await served.until(lambda: not served.connector.feeds.shared)
    assert served.connector.service.streams.open == 0


@both_dialects
async def test_one_clients_leaving_is_not_noticed_by_another(serve: Serve) -> None:
    served = await serve(feeds={"price": {"max_per_second": 0}})
    staying, leaving = await _heard(served, "BTCUSDT"), _prices(served, "BTCUSDT")
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await take(staying, 1)
    await take(leaving, 1)
    leaving.cancel()
    await served.until(lambda: served.connector.service.streams.open == 1)
    served.exchange.trade("BTCUSDT", "97123.20", "0.5")

    assert (await take(staying, 1))[0].price.value == "97123.20"
    staying.cancel()


@both_dialects
async def test_a_stream_outlives_an_outage_of_the_exchange(serve: Serve) -> None:
    served = await serve(feeds={"price": {"max_per_second": 0}})
    call = await _heard(served, "BTCUSDT")
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await take(call, 1)

    served.exchange.refuse_connections = True
    await served.exchange.drop_sockets()
    await served.until(lambda: not served.upstream())
    served.exchange.refuse_connections = False
    await served.until(lambda: bool(served.upstream()))
    served.exchange.trade("BTCUSDT", "97123.30", "0.5")

    await until(call, lambda price: price.price.value == "97123.30")
    call.cancel()


@both_dialects
async def test_fifty_bars_that_close_at_once_are_fifty_closed_candles(serve: Serve) -> None:
    served = await serve({"symbols": 50, "updates_per_second": 1})
    symbols = served.exchange.symbols
    request = rpc.SubscribeKlinesRequest(symbols=symbols, interval="1m")
    call: Any = served.stub.SubscribeKlines(request)
    await served.until(lambda: len(served.upstream()) == 50)

    closed: dict[str, list[int]] = {symbol: [] for symbol in symbols}
    newest: dict[str, int] = dict.fromkeys(symbols, 0)
    for _ in range(4):
        served.exchange.advance(45)
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while any(len(bars) < 3 for bars in closed.values()):
            candle = await call.read()
            assert candle is not grpc.aio.EOF
            assert candle.timestamp >= newest[candle.symbol]
            newest[candle.symbol] = candle.timestamp
            if candle.is_closed:
                closed[candle.symbol].append(candle.timestamp)
            else:
                assert candle.timestamp not in closed[candle.symbol]
    call.cancel()

    first_ms = START_MS // MINUTE_MS * MINUTE_MS
    assert {tuple(bars) for bars in closed.values()} == {
        (first_ms, first_ms + MINUTE_MS, first_ms + 2 * MINUTE_MS)
    }


@both_dialects
async def test_bars_that_closed_during_an_outage_are_sent_in_order(serve: Serve) -> None:
    served = await serve({"symbols": ["BTCUSDT"], "updates_per_second": 1})
    request = rpc.SubscribeKlinesRequest(symbols=["BTCUSDT"], interval="1m")
    call: Any = served.stub.SubscribeKlines(request)
    await served.until(lambda: bool(served.upstream()))
    served.exchange.advance(3)
    await take(call, 1)

    served.exchange.refuse_connections = True
    await served.exchange.drop_sockets()
    served.exchange.advance(200)
    served.exchange.refuse_connections = False
    await served.until(lambda: bool(served.upstream()))
    served.exchange.advance(3)
    closed: list[Any] = []
    async with asyncio.timeout(5):
        while not closed or closed[-1].timestamp < START_MS + 2 * MINUTE_MS:
            candle = await call.read()
            assert candle is not grpc.aio.EOF
            if candle.is_closed:
                closed.append(candle)
    call.cancel()

    asked = await served.stub.GetHistoricalKlines(
        rpc.GetHistoricalKlinesRequest(symbol="BTCUSDT", interval="1m", limit=5)
    )
    first_ms = START_MS // MINUTE_MS * MINUTE_MS
    assert [c.timestamp for c in closed] == [first_ms + n * MINUTE_MS for n in range(len(closed))]
    assert len(closed) >= 3
    told = {c.timestamp: c for c in asked.candles}
    assert all(candle == told[candle.timestamp] for candle in closed if candle.timestamp in told)


@both_dialects
async def test_funding_is_streamed_and_repeated(serve: Serve) -> None:
    served = await serve(feeds={"funding": {"heartbeat_s": 0.05}})
    call = served.stub.SubscribeFundingRate(rpc.SubscribeFundingRateRequest(symbol="BTCUSDT"))
    if served.dialect == "binance":  # Bybit's is asked for
        await served.until(lambda: bool(served.upstream()))

    served.exchange.advance(1)
    updates = await take(call, 3)

    assert {(u.exchange, u.symbol) for u in updates} == {(served.dialect, "BTCUSDT")}
    assert all(u.next_funding_time > START_MS for u in updates)
    assert not updates[0].HasField("predicted_rate")
    call.cancel()


@both_dialects
async def test_a_quiet_symbols_price_is_repeated(serve: Serve) -> None:
    served = await serve(feeds={"price": {"heartbeat_s": 0.05}})
    call = await _heard(served, "BTCUSDT")

    served.exchange.trade("BTCUSDT", "97123.10", "0.5")

    assert [price.price.value for price in await take(call, 3)] == ["97123.10"] * 3
    call.cancel()


@pytest.mark.parametrize(
    ("method", "request_", "says"),
    [
        ("SubscribePrice", rpc.SubscribePriceRequest(), "invalid request: symbols is empty"),
        (
            "SubscribePrice",
            rpc.SubscribePriceRequest(symbols=["BTCUSDT", "NOPE"]),
            "INVALID_SYMBOL: 'NOPE' is no symbol",
        ),
        (
            "SubscribeKlines",
            rpc.SubscribeKlinesRequest(symbols=["BTCUSDT"], interval=""),
            "invalid request: interval '' is not offered; allowed: ",
        ),
        ("SubscribeFundingRate", rpc.SubscribeFundingRateRequest(), "INVALID_SYMBOL: "),
    ],
)
async def test_a_refused_stream_says_why_after_its_pause(
    serve: Serve, method: str, request_: object, says: str
) -> None:
    served = await serve(refusal_pause_ms=80)
    began = asyncio.get_running_loop().time()
    call = getattr(served.stub, method)(request_)

    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (await call.details()).startswith(says)
    assert asyncio.get_running_loop().time() - began >= 0.08


async def test_a_thousand_subscriptions_leave_nothing_behind(serve: Serve) -> None:
    served = await serve(feeds={"linger_s": 0})
    holding = _prices(served, "ETHUSDT")
    await served.until(lambda: served.connector.service.streams.open == 1)
    before = len(asyncio.all_tasks())
    grown: list[int] = []

    for cycle in range(1000):
        call = _prices(served, "BTCUSDT")
        await served.until(lambda: served.connector.service.streams.open == 2)
        call.cancel()
        await served.until(lambda: served.connector.service.streams.open == 1)
        if cycle in (199, 999):
            gc.collect()
            grown.append(_resident_bytes())

    holding.cancel()
    assert grown[1] - grown[0] < 5 * 1024 * 1024
    await served.until(lambda: served.connector.service.streams.open == 0)
    await served.until(lambda: not served.connector.feeds.shared)
    await served.until(lambda: not served.upstream())
    await served.until(lambda: len(asyncio.all_tasks()) <= before + 2)


def _resident_bytes() -> int:
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def test_mark_prices_and_funding_of_one_symbol_share_their_stream(serve: Serve) -> None:
    served = await serve(feeds={"price": {"source": "mark"}})
    prices = _prices(served, "BTCUSDT")
    await served.until(lambda: bool(served.upstream()))
    fundings: Any = served.stub.SubscribeFundingRate(
        rpc.SubscribeFundingRateRequest(symbol="BTCUSDT")
    )
    await served.until(lambda: len(served.connector.feeds.shared) == 2)

    served.exchange.advance(1)
    await take(prices, 1)
    await take(fundings, 1)
    fundings.cancel()
    await served.until(lambda: len(served.connector.feeds.shared) == 1)
    served.exchange.advance(1)

    await take(prices, 1)
    assert set(served.exchange.subscriptions().values()) == {1}
    prices.cancel()


async def test_an_exchange_whose_clock_is_set_back_is_not_silent(serve: Serve) -> None:
    served = await serve(feeds={"price": {"max_per_second": 0}})
    call = await _heard(served, "BTCUSDT")
    served.exchange.trade("BTCUSDT", "97123.10", "0.5")
    await take(call, 1)
    ahead = {"e": "24hrTicker", "E": START_MS + 3_600_000, "s": "BTCUSDT", "c": "97000.00"}
    ahead["C"] = ahead["E"]
    served.exchange.send_raw(served.topic("ticker"), orjson.dumps(ahead).decode())
    await take(call, 1)

    for n in range(10):
        served.exchange.trade("BTCUSDT", f"97124.{n}0", "0.5")

    assert [p.price.value for p in await take(call, 2)] == ["97124.80", "97124.90"]
    call.cancel()


async def test_a_frame_of_a_far_future_changes_nothing(serve: Serve) -> None:
    served = await serve(feeds={"price": {"max_per_second": 0}})
    call = await _heard(served, "BTCUSDT")
    ahead = {"e": "24hrTicker", "E": START_MS + 365 * 86_400_000, "s": "BTCUSDT", "c": "1.00"}
    served.exchange.send_raw(served.topic("ticker"), orjson.dumps(ahead).decode())

    served.exchange.trade("BTCUSDT", "97123.10", "0.5")

    assert [p.price.value for p in await take(call, 1)] == ["97123.10"]
    call.cancel()
