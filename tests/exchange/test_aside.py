"""Markets are loaded anew beside the event loop, and change in one of its turns."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.exchange.conftest import Trading

Start = Callable[..., Awaitable[Trading]]

TOGETHER = ("markets", "markets_by_id", "currencies", "symbols")


async def test_the_loop_goes_on_while_ccxt_builds_its_markets(
    trading: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    session: Any = (await trading(symbols=["BTCUSDT", "ETHUSDT"])).session
    loop, kind = asyncio.get_running_loop(), type(session.ccxt)
    turns: list[bool] = []

    def waiting_for_the_loop(name: str) -> None:
        theirs = getattr(kind, name)

        def built(*args: Any) -> Any:
            turned = threading.Event()
            loop.call_soon_threadsafe(turned.set)
            turns.append(turned.wait(2))
            return theirs(*args)

        monkeypatch.setattr(kind, name, built)

    waiting_for_the_loop("parse_market")
    waiting_for_the_loop("set_markets")

    await session.load_markets()

    assert turns == [True, True, True]


async def test_markets_change_in_one_turn_within_the_limit_of_requests(trading: Start) -> None:
    session: Any = (await trading(symbols=["BTCUSDT", "ETHUSDT"])).session
    before, known, weight = session.symbols, session.ccxt.markets, session.ccxt.throttler.weight
    seen: set[tuple[int, ...]] = set()

    def note() -> None:
        tables = (id(getattr(session.ccxt, name)) for name in TOGETHER)
        seen.add((*tables, id(session.symbols)))

    loading = asyncio.create_task(session.load_markets())
    while not loading.done():
        note()
        await asyncio.sleep(0)
    note()

    assert len(seen) == 2
    assert session.symbols is not before
    assert session.ccxt.markets is not known
    assert session.symbols.all() == before.all() == ["BTCUSDT", "ETHUSDT"]
    assert session.ccxt.markets.keys() == known.keys()  # who holds the former ones has all of them
    assert session.ccxt.throttler.weight > weight
