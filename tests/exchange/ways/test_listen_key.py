"""Binance's listen key is asked for anew after each loss, whatever is answered."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt
import pytest

from connector.errors import Transient
from connector.exchange.faults import as_ours
from connector.simulator.config import USUAL_KEY, USUAL_SECRET
from tests.exchange.conftest import Trading


async def test_one_timer_renews_the_listen_key_however_often_it_was_lost(
    trading: Callable[..., Awaitable[Trading]],
) -> None:
    session = (await trading(symbols=1)).session
    exchange, forget = session.ccxt, session.way.forget_listen_key
    exchange.apiKey, exchange.secret = USUAL_KEY, USUAL_SECRET
    assert forget is not None
    for _ in range(3):
        forget(exchange)
        await exchange.authenticate()

    loop: Any = asyncio.get_running_loop()
    renewals = [
        timer
        for timer in loop._scheduled
        if not timer.cancelled() and exchange.keep_alive_listen_key in timer._args
    ]
    assert len(renewals) == 1


async def test_a_web_page_in_a_listen_keys_place_passes_by_itself(
    trading: Callable[..., Awaitable[Trading]],
) -> None:
    trade = await trading(symbols=1)
    exchange = trade.session.ccxt
    exchange.apiKey, exchange.secret = USUAL_KEY, USUAL_SECRET
    trade.exchange.begin_fault("garbage:for=5s")

    with pytest.raises(ccxt.AuthenticationError) as raised:
        await exchange.authenticate()

    assert type(as_ours(raised.value)) is Transient
