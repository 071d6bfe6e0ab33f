"""`/metrics`, `/healthz` and `/readyz`, on the connector's own loop, without holding it up."""

import asyncio
import os
from collections.abc import Iterable
from typing import Literal

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import Metric

from connector.config import BadConfig, MetricsConfig
from connector.monitoring.looks import Looks

log = structlog.get_logger(__name__)

STOP_S = 1.0
"""For an answer under way, at the end."""


class Endpoint:
    """The HTTP server, while the `async with` block lasts; none where it is configured off.

    Errors:  BadConfig when an address that was asked for can't be bound. The usual port, taken by
             another connector on this machine, is no reason not to trade: it is logged.
    """

    def __init__(self, config: MetricsConfig, looks: Looks) -> None:
        self._config, self._looks = config, looks
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S)
        self.port: int | Literal[False] = False
        """Where it listens; False where it doesn't."""

    async def __aenter__(self) -> "Endpoint":
        if self._config.port is not False:
            try:
                await self._listen(self._config.port)
            except BadConfig as error:
                await self._runner.cleanup()
                if "port" in self._config.model_fields_set:
                    raise
                log.warning("no metrics endpoint", error=str(error))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _listen(self, port: int) -> None:
        host = self._config.host.strip("[]")
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            number = error.errno or 0
            why = os.strerror(number) if number > 0 else str(error)
            raise BadConfig(
                f"metrics: can't listen on {host}:{port}: {why}; metrics.port 0 takes any free "
                'port, "" none'
            ) from None
        self.port = int(self._runner.addresses[0][1])
        log.info("metrics endpoint", host=host, port=self.port)

    async def _metrics(self, _: web.Request) -> web.Response:
        self._looks.take()
        text = bytearray()
        for family in REGISTRY.collect():
            text += generate_latest(_Only(family))
            await asyncio.sleep(0)
        return web.Response(body=bytes(text), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _readyz(self, _: web.Request) -> web.Response:
        if self._looks.is_ready:
            return web.Response(text="ready\n")
        if self._looks.exchange.is_serving:
            return web.Response(text="the account's orders are not known yet\n", status=503)
        return web.Response(text="the exchange is not reachable\n", status=503)


class _Only:
    """A registry of one family, so that the loop gets its turn between two."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterable[Metric]:
        """Give the family."""
        return (self._family,)
