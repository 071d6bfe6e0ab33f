"""Serving, or simulating, until SIGTERM or SIGINT."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Callable

import msgspec
import structlog

from connector import tracing
from connector.app import Connector
from connector.config import BadConfig, Config, TracingConfig
from connector.memory import settle_memory
from connector.monitoring.endpoint import Endpoint
from connector.simulator import Simulator, SimulatorConfig

log = structlog.get_logger(__name__)

Announce = Callable[[dict[str, object]], None]


async def serve_until_stopped(config: Config, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT; announce the port once the exchange is there.

    Errors:  BadConfig.
    """
    async with (
        _traced(config.tracing),
        _stop_signal() as stopped,
        Connector(config) as connector,
        Endpoint(config.metrics, connector.looks) as endpoint,
    ):
        ready = asyncio.create_task(connector.ready())
        broken = connector.server.ended
        try:
            await asyncio.wait({ready, stopped, broken}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
                settle_memory()
                announce(
                    {
                        "event": "serving",
                        "port": connector.port,
                        "host": config.server.host,
                        "exchange": config.shown_name,
                        "id": config.exchange.id,
                        "symbols": len(connector.session.symbols.all()),
                        "metrics_port": endpoint.port,
                    }
                )
            await asyncio.wait({stopped, broken}, return_when=asyncio.FIRST_COMPLETED)
            if broken.done():
                broken.result()  # rather than living on without a port
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
                        "control": simulator.control_url,
                    }
                )
                await stopped
            finally:
                await simulator.stop()
    except (ValueError, OSError) as error:
        raise BadConfig(str(error)) from None


@contextlib.asynccontextmanager
async def _traced(config: TracingConfig) -> AsyncGenerator[None]:
    """Hand spans to a collector, if one is configured. Errors: BadConfig without the extra."""
    if not config.endpoint:
        yield
        return
    try:
        stop = tracing.start(config.endpoint, config.sample_ratio)
    except tracing.NotInstalled as error:
        raise BadConfig(str(error)) from None
    try:
        yield
    finally:
        await asyncio.to_thread(stop)


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
