"""Answers with status 200 that ccxt stumbles over, each in a way of its own."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt
import pytest

from connector.errors import ConnectorError, Transient
from connector.exchange.faults import as_ours
from connector.exchange.order_faults import is_outcome_unknown, order_error
from connector.exchange.ways import way_of
from connector.simulator.chaos.registry import SPOILT
from connector.simulator.config import USUAL_KEY, USUAL_SECRET
from tests.exchange.conftest import Trading

Start = Callable[..., Awaitable[Trading]]
BTC = "BTC/USDT:USDT"


async def _stumbling(trading: Start, what: str) -> Trading:
    trade = await trading(symbols=["BTCUSDT"])
    trade.session.ccxt.apiKey, trade.session.ccxt.secret = USUAL_KEY, USUAL_SECRET
    await trade.session.ccxt.create_order(BTC, "limit", "buy", "0.1", "60000")
    trade.exchange.begin_fault(f"garbage:what={what},for=60s")
    return trade


@pytest.mark.parametrize("what", SPOILT)
async def test_a_question_ends_in_an_answer_or_an_error_of_ours(trading: Start, what: str) -> None:
    session = (await _stumbling(trading, what)).session
    ccxt = session.ccxt
    for question in (
        lambda: ccxt.fetch_open_orders(BTC),
        lambda: ccxt.fetch_my_trades(BTC),
        lambda: ccxt.fetch_tickers(),
        lambda: ccxt.fetch_ohlcv(BTC, "1m"),
        lambda: ccxt.fetch_balance(),
        lambda: ccxt.fetch_positions(),
        lambda: ccxt.fetch_markets(),
    ):
        with contextlib.suppress(ConnectorError):
            await session.ask("something", question)


async def test_what_ccxt_stumbles_over_passes_and_of_an_order_nobody_knows(trading: Start) -> None:
    exchange = (await _stumbling(trading, "cut")).session.ccxt

    with pytest.raises(AttributeError) as raised:
        await exchange.fetch_open_orders(BTC)

    assert type(as_ours(raised.value)) is Transient
    assert is_outcome_unknown(raised.value, "binanceusdm")


@pytest.mark.parametrize("answer", ["", {}, {"result": "", "retExtInfo": {}}])
async def test_of_bybits_cancellations_nobody_knows(answer: object) -> None:
    class Answering:
        async def request(self, *_: object) -> object:
            return answer

    exchange: Any = type("Bybit", (*way_of("bybit").overrides, Answering), {})()

    with pytest.raises(ccxt.BadResponse) as raised:
        await exchange.request("v5/order/cancel-batch")

    assert is_outcome_unknown(raised.value, "bybit")


@pytest.mark.parametrize("answer", ["", {}, {"result": {}}, {"result": {"list": {}}}])
@pytest.mark.parametrize("path", ["v5/order/realtime", "v5/order/history", "v5/execution/list"])
async def test_where_bybit_told_no_list_nothing_is_absent(path: str, answer: object) -> None:
    class Answering:
        async def request(self, *_: object) -> object:
            return answer

    exchange: Any = type("Bybit", (*way_of("bybit").overrides, Answering), {})()

    with pytest.raises(ccxt.BadResponse):
        await exchange.request(path)


async def test_a_bug_of_ours_climbs_also_where_ccxt_calls_it(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    trade.session.ccxt.throttler.max_weight = "ours"

    with pytest.raises(TypeError) as raised:
        await trade.session.ccxt.fetch_time()

    assert as_ours(raised.value) is None
    assert order_error(raised.value, "binanceusdm") is None


@pytest.mark.parametrize("name", ["bybit", "okx", "bitget", "gate"])
@pytest.mark.parametrize("answer", ["", '{"retCode":110001,"retM'])
async def test_text_is_no_answer_of_an_exchange_that_speaks_json(name: str, answer: str) -> None:
    class Answering:
        async def request(self, *_: object) -> object:
            return answer

    exchange: Any = type("Exchange", (*way_of(name).overrides, Answering), {})()

    with pytest.raises(ccxt.BadResponse) as raised:
        await exchange.request("cancel")

    assert is_outcome_unknown(raised.value, name)


@pytest.mark.parametrize("told", [{"retMsg": "1e400"}, {"retCode": [], "retMsg": "no such order"}])
def test_an_answer_of_bybits_without_a_code_is_no_refusal(told: dict[str, Any]) -> None:
    exchange: Any = type("Bybit", (*way_of("bybit").overrides, ccxt.bybit), {})()

    with pytest.raises(ccxt.BadResponse):
        exchange.handle_errors(200, "OK", "", "POST", {}, "", told, {}, "")


async def test_a_status_that_ccxt_does_not_list_is_no_success(trading: Start) -> None:
    exchange = (await trading(symbols=["BTCUSDT"])).session.ccxt

    with pytest.raises(ccxt.BadResponse) as raised:
        exchange.handle_http_status_code(412, "Precondition Failed", "", "DELETE", "{}")

    assert is_outcome_unknown(raised.value, "binanceusdm")
