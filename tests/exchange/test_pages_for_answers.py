"""A web page in the place of an answer, with status 200, as a proxy sends it."""

from collections.abc import Awaitable, Callable

import ccxt
import pytest

from connector.errors import Transient
from connector.exchange.faults import as_ours
from connector.exchange.order_faults import is_outcome_unknown
from connector.simulator.config import USUAL_KEY, USUAL_SECRET
from tests.exchange.conftest import Trading

Start = Callable[..., Awaitable[Trading]]
BTC = "BTC/USDT:USDT"


async def _behind_a_page(trading: Start) -> Trading:
    trade = await trading(symbols=["BTCUSDT"])
    trade.session.ccxt.apiKey, trade.session.ccxt.secret = USUAL_KEY, USUAL_SECRET
    trade.exchange.begin_fault("garbage:for=60s")
    return trade


async def test_what_is_asked_passes_by_itself(trading: Start) -> None:
    session = (await _behind_a_page(trading)).session

    with pytest.raises(Transient, match="a page"):
        await session.ask("open orders", lambda: session.ccxt.fetch_open_orders(BTC))


async def test_a_listen_key_is_asked_for_again(trading: Start) -> None:
    exchange = (await _behind_a_page(trading)).session.ccxt

    with pytest.raises(ccxt.BaseError) as raised:
        await exchange.authenticate()

    hollow = ccxt.AuthenticationError("binanceusdm authenticate() received an empty listenKey")
    assert type(as_ours(raised.value)) is Transient
    assert type(as_ours(hollow)) is Transient


async def test_an_order_may_have_been_placed(trading: Start) -> None:
    exchange = (await _behind_a_page(trading)).session.ccxt

    with pytest.raises(ccxt.BaseError) as raised:
        await exchange.create_order(BTC, "limit", "buy", 0.1, 90_000)

    assert is_outcome_unknown(raised.value)
