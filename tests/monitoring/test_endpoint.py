"""The HTTP endpoint: what it answers, and when it isn't there."""

import asyncio
import socket
import time
from collections.abc import Iterator, Sized
from dataclasses import dataclass, field

import pytest

from connector import metrics
from connector.config import BadConfig, MetricsConfig
from connector.metrics.paper import described
from connector.monitoring.endpoint import Endpoint
from connector.monitoring.looks import Looks
from tests.monitoring.scraping import get, scrape

pytestmark = pytest.mark.usefixtures("no_task_left")


@dataclass
class Told:
    """A connector's two sides, as a test tells them."""

    is_serving: bool = True
    open_sockets: int = 2
    weight: tuple[float, float] = (7.0, 2400.0)
    readers: dict[str, list[Sized]] = field(default_factory=dict[str, list[Sized]])

    def waiting(self, feed: str) -> list[Sized]:
        return self.readers.get(feed, [])


def _endpoint(told: Told, **config: object) -> Endpoint:
    return Endpoint(
        MetricsConfig.model_validate({"port": 0, **config}), Looks(told, told, "binance")
    )


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


async def test_every_documented_series_is_told_and_no_other() -> None:
    async with _endpoint(Told()) as endpoint:
        told = await scrape(endpoint.port)

    documented = {name.removesuffix("_total") for name, *_ in described()}
    assert {name for name in told.names if not name.endswith("_created")} == documented


async def test_what_is_looked_at_is_what_holds_now() -> None:
    told = Told(readers={"price": [["waits", "too"], []]})
    async with _endpoint(told) as endpoint:
        first = await scrape(endpoint.port)
        told.open_sockets, told.readers = 0, {}
        second = await scrape(endpoint.port)

    assert first.of("exchange_stream_connected", exchange="binance") == 1
    assert first.of("connector_sockets") == 2
    assert first.of("connector_rest_weight") == 7
    assert first.of("connector_subscribers", feed="price") == 2
    assert first.of("connector_buffered_items", feed="price") == 2
    assert second.of("exchange_stream_connected", exchange="binance") == 0
    assert second.of("connector_subscribers", feed="price") == 0


async def test_the_age_of_the_newest_is_told_while_someone_reads() -> None:
    metrics.STREAM_MESSAGES.at("klines").at = time.perf_counter() - 60
    told = Told(readers={"klines": [[]]})
    async with _endpoint(told) as endpoint:
        read = await scrape(endpoint.port)
        told.readers = {}
        left = await scrape(endpoint.port)

    assert 59 < read.all_of("connector_newest_age_seconds")["klines"] < 120
    assert "klines" not in left.all_of("connector_newest_age_seconds")


async def test_alive_at_once_and_ready_when_the_exchange_is_there() -> None:
    told = Told(is_serving=False)
    async with _endpoint(told) as endpoint:
        assert (await get(endpoint.port, "/healthz"))[0] == 200
        assert await get(endpoint.port, "/readyz") == (503, "the exchange is not reachable\n")
        told.is_serving = True
        assert (await get(endpoint.port, "/readyz"))[0] == 200
        assert (await get(endpoint.port, "/else"))[0] == 404


async def test_a_port_that_was_asked_for_and_is_taken_refuses_to_start(taken: int) -> None:
    with pytest.raises(BadConfig, match=rf"127\.0\.0\.1:{taken}.*metrics\.port 0"):
        async with _endpoint(Told(), port=taken):
            pass


async def test_the_usual_port_taken_by_another_is_gone_on_without(
    taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = MetricsConfig.model_construct(_fields_set=set(), port=taken)
    async with Endpoint(usual, Looks(Told(), Told(), "binance")) as endpoint:
        assert endpoint.port is False


@pytest.mark.parametrize("off", ["", False, "false", "off"])
async def test_it_can_be_switched_off(off: object) -> None:
    async with _endpoint(Told(), port=off) as endpoint:
        assert endpoint.port is False


@pytest.mark.parametrize("port", [True, -1, 65536, "http"])
def test_a_port_is_a_port(port: object) -> None:
    with pytest.raises(ValueError, match="port"):
        MetricsConfig.model_validate({"port": port})


async def test_the_loop_has_its_turn_while_the_text_is_made() -> None:
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        loop.call_soon(turn)

    loop = asyncio.get_running_loop()
    async with _endpoint(Told()) as endpoint:
        handler = endpoint._metrics  # pyright: ignore[reportPrivateUsage]
        task = loop.create_task(handler(None))  # pyright: ignore[reportArgumentType]
        await asyncio.sleep(0)
        loop.call_soon(turn)
        await task
        passed = turns
    assert passed > len(described()) / 2
