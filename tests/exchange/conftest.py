"""A real ccxt session against the embedded exchange, whose clock the tests move; and order ids."""

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connector.config import ExchangeConfig
from connector.exchange.embedded import embedded_urls
from connector.exchange.market_data import MarketData
from connector.exchange.order_ids import OrderIds
from connector.exchange.session import Session
from connector.simulator import ManualClock, Simulator, SimulatorConfig
from tests.exchange.one_state_file import SCOPE, Open

START_MS = 1_749_993_342_250
"""In the middle of a minute."""


class Trading:
    """The exchange, and what listens to it."""

    def __init__(self, exchange: Simulator, market_data: MarketData) -> None:
        self.exchange, self.market_data = exchange, market_data
        self.session = market_data.session


@pytest.fixture
async def trading(no_task_left: None) -> AsyncIterator[Callable[..., Awaitable[Trading]]]:
    """Start an exchange (settings as SimulatorConfig's) and a session with loaded markets."""
    started: list[Trading] = []

    async def start(**settings: Any) -> Trading:
        settings = {"start_ms": START_MS, "updates_per_second": 0, **settings}
        exchange = Simulator(msgspec.convert(settings, SimulatorConfig), clock=ManualClock())
        await exchange.start()
        spoken = exchange.config.dialect
        urls = embedded_urls(exchange.rest_url, exchange.ws_url, spoken)
        session = Session(ExchangeConfig(), urls, spoken)
        started.append(Trading(exchange, MarketData(session)))
        await session.open()
        return started[-1]

    yield start
    for one in started:
        await one.market_data.close()
        await one.session.close()
        await one.exchange.stop()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Open the ids of a scope in one file; closing twice does no harm."""
    threads = threading.active_count()
    all_opened: list[OrderIds] = []

    def open_ids(scope: str = SCOPE, **more: Any) -> OrderIds:
        all_opened.append(OrderIds(tmp_path / "state.sqlite3", scope, **more))
        return all_opened[-1]

    yield open_ids
    for ids in all_opened:
        ids.close()
    assert threading.active_count() == threads
