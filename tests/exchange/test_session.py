"""One supervised ccxt instance: any exchange, bounded questions, reachability told."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import ccxt
import ccxt.pro
import pytest
from aiohttp import web

from connector.config import BadConfig, ExchangeConfig
from connector.domain import MarketType, PriceSource
from connector.errors import ConnectorError, Denied, RateLimited, Transient
from connector.exchange import session as module
from connector.exchange.embedded import embedded_urls
from connector.exchange.faults import as_ours
from connector.exchange.session import Session
from connector.simulator.serving.faults import Failing
from tests.exchange.conftest import Trading

Start = Callable[..., Awaitable[Trading]]


async def test_every_exchange_of_ccxt_pro_can_be_a_session() -> None:
    sessions = [Session(ExchangeConfig(id=exchange_id)) for exchange_id in ccxt.pro.exchanges]

    assert all(session.ccxt.number is str for session in sessions)
    assert all(session.market_type in MarketType for session in sessions)
    await asyncio.gather(*(session.close() for session in sessions))


@pytest.mark.parametrize(
    ("exchange_id", "market", "served"),
    [
        ("binanceusdm", "auto", MarketType.SWAP),
        ("binance", "auto", MarketType.SPOT),
        ("okx", "auto", MarketType.SWAP),
        ("okx", "spot", MarketType.SPOT),
        ("coinone", "auto", MarketType.SPOT),
    ],
)
async def test_the_market_type_follows_the_exchange_or_the_config(
    exchange_id: str, market: Any, served: MarketType
) -> None:
    session = Session(ExchangeConfig(id=exchange_id, market=market))

    assert session.market_type is served
    await session.close()


def test_a_market_type_that_is_not_traded_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"exchange\.market 'swap' is not traded on coinone"):
        Session(ExchangeConfig(id="coinone", market="swap"))


async def test_configured_options_win_over_ours() -> None:
    config = ExchangeConfig.model_validate(
        {"id": "binanceusdm", "ccxt": {"options": {"watchTickers": {"name": "miniTicker"}}}}
    )
    session = Session(config)

    assert session.ccxt.options["watchTickers"]["name"] == "miniTicker"
    assert session.ccxt.options["watchTrades"]["name"] == "aggTrade"
    await session.close()


async def test_reachability_is_told_when_it_changes(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.05)
    monkeypatch.setattr(module, "ASK_RETRIES", 1)
    monkeypatch.setattr(module, "ABSENT_AFTER_S", 0.2)
    trade = await trading(symbols=["BTCUSDT"])
    urls = embedded_urls(trade.exchange.rest_url, trade.exchange.ws_url)
    session, told = Session(ExchangeConfig(), urls), asyncio.Queue[bool]()
    session.start(told.put_nowait)
    async with asyncio.timeout(5):
        assert await told.get() is True
        trade.exchange.refuse_connections = True
        assert await told.get() is False
        trade.exchange.refuse_connections = False
        assert await told.get() is True
    await session.close()


async def test_an_exchange_that_is_away_for_a_moment_stays_reachable(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.05)
    monkeypatch.setattr(module, "PROBE_AGAIN_S", 0.05)
    trade = await trading(symbols=["BTCUSDT"])
    session, told = trade.session, list[bool]()
    answered, failed = asyncio.Event(), asyncio.Event()
    real: Any = session.ccxt.fetch_time

    async def fetch_time() -> Any:
        try:
            found = await real()
        except Exception:
            failed.set()
            raise
        answered.set()
        return found

    monkeypatch.setattr(session.ccxt, "fetch_time", fetch_time)
    session.start(told.append)
    async with asyncio.timeout(5):
        await answered.wait()
        trade.exchange.refuse_connections = True
        await failed.wait()
        trade.exchange.refuse_connections = False
        answered.clear()
        await answered.wait()

    assert told == [True]


async def test_our_own_limit_does_not_make_the_exchange_unreachable(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.01)
    monkeypatch.setattr(module, "ABSENT_AFTER_S", 0.5)
    trade = await trading(symbols=["BTCUSDT"])
    session, told = trade.session, list[bool]()
    throttler = session.ccxt.throttler
    throttler.note(throttler.max_weight)
    full = throttler.weight
    session.start(told.append)

    async with asyncio.timeout(5):
        while throttler.weight < full + 60:
            await asyncio.sleep(0.01)

    with pytest.raises(RateLimited):
        await trade.market_data.price("BTC/USDT:USDT", PriceSource.TICKER)
    assert told == [True]


@pytest.mark.parametrize(("status", "headers"), [(418, 1), (429, 2), (503, 3), (418, 0)])
async def test_no_request_is_sent_before_a_pause_that_the_exchange_asks_for_is_over(
    trading: Start, monkeypatch: pytest.MonkeyPatch, status: int, headers: int
) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    session = trade.session
    trade.exchange.faults.plan(
        Failing(
            matches=lambda _: True,
            kind="status",
            stage="before",
            number=status,
            retry_after_s=headers,
            times=1,
        )
    )
    questions = (
        lambda: trade.market_data.price("BTC/USDT:USDT", PriceSource.TICKER),
        session.load_markets,
        session.open,
        session.ccxt.fapiPrivatePostListenKey,
    )
    with pytest.raises(Transient):
        await trade.market_data.price("BTC/USDT:USDT", PriceSource.TICKER)
    sent = session.ccxt.throttler.weight

    for question in questions:
        with pytest.raises(RateLimited, match="asked for a pause") as caught:
            await question()
        assert caught.value.retry_after is not None
        assert 0 < caught.value.retry_after.total_seconds() <= max(headers, 1)
    assert session.ccxt.throttler.weight == sent


async def test_bans_that_do_not_say_how_long_make_pauses_that_grow() -> None:
    session = Session(ExchangeConfig())
    ccxt_, pauses = session.ccxt, list[float]()

    for code in (418, 418, 418, 200, 418):
        with contextlib.suppress(ccxt.BaseError):
            ccxt_.handle_errors(code, "", "https://x", "GET", {}, "", None, {}, "")
        pauses.append(ccxt_.retry_after or 0)

    assert pauses == [1, 2, 4, 0, 1]
    await session.close()


class Flaky:
    """A question that fails as told, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors, self.asked = list(errors), 0

    async def __call__(self) -> str:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


async def test_a_read_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_RETRY_S", 0)
    session = Session(ExchangeConfig())
    two, three = Flaky(*[ccxt.NetworkError("gone")] * 2), Flaky(*[ccxt.NetworkError("gone")] * 3)

    assert await session.ask("x", two) == "answer"
    with pytest.raises(Transient, match="gone"):
        await session.ask("x", three)
    assert (two.asked, three.asked) == (3, 3)
    await session.close()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (ccxt.RateLimitExceeded("slow down"), RateLimited),
        (ccxt.AuthenticationError("who?"), Denied),
    ],
)
async def test_what_trying_again_cannot_mend_is_told_at_once(
    theirs: Exception, ours: type[ConnectorError]
) -> None:
    session, question = Session(ExchangeConfig()), Flaky(theirs)

    with pytest.raises(ours):
        await session.ask("x", question)
    assert question.asked == 1
    await session.close()


async def test_a_bug_climbs() -> None:
    session = Session(ExchangeConfig())

    with pytest.raises(ZeroDivisionError):
        await session.ask("x", Flaky(ZeroDivisionError()))
    await session.close()


async def test_a_question_without_an_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASK_TIMEOUT_S", 0.02)
    session = Session(ExchangeConfig())

    with pytest.raises(Transient, match="no answer within"):
        await session.ask("x", asyncio.Event().wait)
    await session.close()


def test_a_signed_address_never_reaches_an_errors_text() -> None:
    error = ccxt.RequestTimeout("GET https://x/fapi/v1/order?signature=abc&apiKey=def timed out")

    assert str(as_ours(error)) == "GET https://x/fapi/v1/order timed out"


def test_an_answers_retry_after_is_told() -> None:
    error: Any = ccxt.DDoSProtection("418")
    error.retry_after = 7.0

    ours = as_ours(error)

    assert isinstance(ours, RateLimited)
    assert ours.retry_after == timedelta(seconds=7)


async def test_a_question_does_not_wait_for_the_one_before(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    throttler = trade.session.ccxt.throttler
    before = throttler.weight

    await asyncio.gather(
        *(trade.market_data.price("BTC/USDT:USDT", PriceSource.TICKER) for _ in range(100))
    )

    assert throttler.max_weight == 1200
    assert throttler.weight == before + 100


async def test_an_empty_listing_is_not_taken_for_the_markets(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    session: Any = trade.session
    known = session.symbols.all()

    async def nothing() -> list[Any]:
        return []

    session.ccxt.fetch_markets = nothing

    with pytest.raises(Transient, match="lists no active swap market"):
        await session.load_markets()
    assert session.symbols.all() == known
    assert session.ccxt.market("BTC/USDT:USDT")["id"] == "BTCUSDT"


async def test_an_unexpected_error_does_not_end_the_watch_over_the_exchange(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.02)
    trade = await trading(symbols=["BTCUSDT"])
    session: Any = trade.session
    told = asyncio.Queue[bool]()
    real, failures = session.ccxt.fetch_time, [ZeroDivisionError(), ccxt.OperationFailed("-1008")]

    async def fetch_time() -> Any:
        if told.qsize() or failures == []:
            return await real()
        raise failures.pop()

    session.ccxt.fetch_time = fetch_time
    session.start(told.put_nowait)
    async with asyncio.timeout(5):
        while not await told.get():
            pass


async def test_closing_does_not_wait_for_an_exchange_that_says_no_good_bye(
    monkeypatch: pytest.MonkeyPatch, no_task_left: None
) -> None:
    monkeypatch.setattr(module, "CLOSE_S", 0.05)

    over = asyncio.Event()

    async def deaf(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await over.wait()
        return socket

    app = web.Application()
    app.router.add_get("/ws", deaf)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    session = Session(ExchangeConfig())
    exchange = session.ccxt
    exchange.open()
    client = exchange.client(f"ws://127.0.0.1:{runner.addresses[0][1]}/ws")
    await client.connect(exchange.session)

    async with asyncio.timeout(3):
        await session.close()
    over.set()
    await runner.cleanup()


async def test_what_ccxt_emulates_may_be_asked_for_but_is_not_watched() -> None:
    session = Session(ExchangeConfig(id="bybit"))

    assert session.ccxt.has["fetchFundingRate"] == "emulated"
    assert session.offers("fetchFundingRate")
    await session.close()


async def test_a_used_up_limit_of_requests_is_told_with_when_to_come_back(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    monkeypatch.setattr(module, "ASK_TIMEOUT_S", 0.05)
    throttler = trade.session.ccxt.throttler
    throttler.window_s = 0.5
    throttler.note(1200)

    for _ in range(2):
        with pytest.raises(RateLimited, match="limit of requests is used up") as caught:
            await trade.market_data.price("BTC/USDT:USDT", PriceSource.TICKER)
        assert caught.value.retry_after is not None
        assert timedelta(0) < caught.value.retry_after <= timedelta(milliseconds=500)


def test_why_an_exchange_is_unreachable_is_told() -> None:
    error = ccxt.ExchangeNotAvailable("bybit GET https://x/v5/time?a=b")
    error.__cause__ = OSError("Name or service not known")

    assert str(as_ours(error)) == "bybit GET https://x/v5/time: Name or service not known"


async def test_an_exchange_that_tells_no_time_is_asked_for_a_price(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    session: Any = trade.session
    session.ccxt.has = {**session.ccxt.has, "fetchTime": False}
    await session.open()
    trade.exchange.refuse_connections = True

    with pytest.raises(Transient):
        await session.open()
