"""Binance's listen key is asked for anew after each loss; its renewals must not pile up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

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
