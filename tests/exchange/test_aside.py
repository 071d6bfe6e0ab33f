"""Markets are loaded anew beside the event loop, and change in one of its turns."""

import asyncio
import gc
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connector.domain import PriceSource
from connector.errors import RateLimited
from connector.simulator.serving.faults import Failing
from tests.exchange.conftest import Trading

Start = Callable[..., Awaitable[Trading]]

TOGETHER = ("markets", "markets_by_id", "currencies", "symbols")


async def test_the_loop_goes_on_while_ccxt_reads_and_builds_its_markets(
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

    waiting_for_the_loop("parse_json")
    waiting_for_the_loop("parse_market")
    waiting_for_the_loop("set_markets")

    await session.load_markets()

    assert turns == [True, True, True, True]


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


async def test_a_market_that_is_as_it_was_stays_the_same_object(trading: Start) -> None:
    """The collector of garbage passes over what was there at the start."""
    session: Any = (await trading(symbols=["BTCUSDT", "ETHUSDT"])).session
    tables = (session.ccxt.markets, session.ccxt.markets_by_id, session.ccxt.currencies)
    btc, eth, by_id, usdt = (
        tables[0]["BTC/USDT:USDT"],
        tables[0]["ETH/USDT:USDT"],
        tables[1]["BTCUSDT"],
        tables[2]["USDT"],
    )
    eth["precision"]["price"] = "0.5"  # what the exchange no more says

    await session.load_markets()

    assert session.ccxt.markets is not tables[0]
    assert session.ccxt.markets["BTC/USDT:USDT"] is btc
    assert session.ccxt.markets_by_id["BTCUSDT"] is by_id
    assert session.ccxt.currencies["USDT"] is usdt
    assert session.ccxt.markets["ETH/USDT:USDT"] is not eth
    assert session.ccxt.markets["ETH/USDT:USDT"]["precision"]["price"] != "0.5"
    assert tables[0]["ETH/USDT:USDT"] is eth


async def test_a_pause_that_is_asked_for_meanwhile_stops_all_else(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    trade.exchange.faults.plan(
        Failing(
            matches=lambda _: True,
            kind="status",
            stage="before",
            number=418,
            retry_after_s=0,
            times=1,
        )
    )

    with pytest.raises(RateLimited):
        await trade.session.load_markets()

    with pytest.raises(RateLimited, match="asked for a pause"):
        await trade.market_data.price("BTC/USDT:USDT", PriceSource.TICKER)
    assert trade.session.ccxt.bans == 1


async def test_what_holds_meanwhile_ends_with_it_also_if_it_fails(trading: Start) -> None:
    trade = await trading(symbols=["BTCUSDT"])
    before = sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()

    await trade.session.load_markets()
    assert (sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()) == before

    loading = asyncio.create_task(trade.session.load_markets())
    await asyncio.sleep(0)
    await trade.session.close()
    await asyncio.gather(loading, return_exceptions=True)
    assert (sys.getswitchinterval(), gc.get_threshold(), gc.get_freeze_count()) == before
