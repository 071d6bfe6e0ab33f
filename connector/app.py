"""Constructing, starting, draining, closing: the whole connector in one process."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable

import msgspec
import structlog
from reactivex.scheduler.eventloop import AsyncIOScheduler

from connector.config import BadConfig, Config
from connector.exchange.embedded import embedded_urls
from connector.exchange.market_data import MarketData
from connector.exchange.session import Session
from connector.feeds import Feeds
from connector.grpc.server import Server
from connector.grpc.service import Service
from connector.observables import ExchangeSources
from connector.simulator import Simulator, SimulatorConfig

log = structlog.get_logger(__name__)


class Connector:
    """An exchange on one side, gRPC clients on the other.

    `async with Connector(config) as connector` serves within the block. GetName and GetType answer
    from the first moment; `await connector.ready()` returns when the markets are known.
    Errors:  BadConfig when a value can't be used or the port can't be bound.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.simulator: Simulator | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Connector":
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._closing = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        config, urls = self.config, None
        if config.exchange.embedded:
            self.simulator = Simulator(
                msgspec.convert(config.simulator.model_dump(), SimulatorConfig)
            )
            await self.simulator.start()
            stack.push_async_callback(self.simulator.stop)
            urls = embedded_urls(self.simulator.rest_url, self.simulator.ws_url)
        self.session = Session(config.exchange, urls)
        stack.push_async_callback(self.session.close)
        self.market_data = MarketData(self.session)
        stack.push_async_callback(self.market_data.close)
        self.feeds = Feeds(
            ExchangeSources(self.market_data, config.feeds),
            config.feeds,
            config.exchange.shown_name,
        )
        scheduler = AsyncIOScheduler(asyncio.get_running_loop())
        self.service = Service(
            self.market_data, self.feeds, config.exchange.shown_name, config.feeds, scheduler
        )
        self.server = Server(self.service, config.server)
        await self.server.start()
        stack.push_async_callback(self.server.stop)
        self.session.start(self._reachable)

    async def ready(self) -> None:
        """Wait until the exchange's markets are known."""
        await self.session.ready.wait()

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self.server.port

    def _reachable(self, reachable: bool) -> None:
        task = asyncio.create_task(self.server.tell_health(reachable), name="tell health")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


Announce = Callable[[dict[str, object]], None]


async def serve_until_stopped(config: Config, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT; announce the port once the exchange is there.

    Errors:  BadConfig.
    """
    async with _stop_signal() as stopped, Connector(config) as connector:
        ready = asyncio.create_task(connector.ready())
        try:
            await asyncio.wait({ready, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                announce(
                    {
                        "event": "serving",
                        "port": connector.port,
                        "host": config.server.host,
                        "exchange": config.exchange.shown_name,
                        "id": config.exchange.id,
                        "symbols": len(connector.session.symbols.all()),
                    }
                )
            await stopped
        finally:
            ready.cancel()
        log.info("stopping")


async def simulate_until_stopped(values: dict[str, object], announce: Announce) -> None:
    """Run the embedded exchange alone until SIGTERM or SIGINT.

    Errors:  BadConfig for values out of range and a port that is taken.
    """
    try:
        simulator = Simulator(msgspec.convert(values, SimulatorConfig))
        async with _stop_signal() as stopped:
            await simulator.start()
            try:
                announce(
                    {
                        "event": "simulating",
                        "port": simulator.port,
                        "rest": simulator.rest_url,
                        "websocket": simulator.ws_url,
                    }
                )
                await stopped
            finally:
                await simulator.stop()
    except (ValueError, OSError) as error:
        raise BadConfig(str(error)) from None


@contextlib.asynccontextmanager
async def _stop_signal() -> AsyncGenerator[asyncio.Future[None]]:
    """Give a future that is done at the first SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[None] = loop.create_future()

    def stop() -> None:
        if not stopped.done():
            stopped.set_result(None)

    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield stopped
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
