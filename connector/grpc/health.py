"""grpc.health.v1: whether the connector serves; a watcher who reads nothing holds nobody up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from connector.grpc.ending import abort

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]

STATUS = health_pb2.HealthCheckResponse.ServingStatus


class Health(health_pb2_grpc.HealthServicer):  # pyright: ignore
    """Answers for the names that it knows, all of which serve or none.

    grpcio's own writes to each watcher under one lock: who reads nothing would keep health from
    being told to anybody, and the connector from stopping.
    """

    def __init__(self, *names: str) -> None:
        self._names, self._serving, self._closed = names, False, False
        self._news = asyncio.Event()

    def tell(self, serving: bool) -> None:
        """Set what checks and watchers hear."""
        self._serving = serving and not self._closed
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """Tell NOT_SERVING for good, and end the watchers once they have heard of it."""
        self._closed = True
        self.tell(False)

    async def Check(  # noqa: D102
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        if request.service not in self._names:
            await abort(context, grpc.StatusCode.NOT_FOUND)
        return self._answer(request.service)

    async def Watch(  # noqa: D102
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> None:
        told = None
        while True:
            news, answer = self._news, self._answer(request.service)
            if answer.status != told:
                await context.write(answer)
                told = answer.status
            elif self._closed:
                await abort(context, grpc.StatusCode.UNAVAILABLE, "the connector is shutting down")
            else:
                await news.wait()

    def _answer(self, name: str) -> health_pb2.HealthCheckResponse:
        if name not in self._names:
            return health_pb2.HealthCheckResponse(status=STATUS.SERVICE_UNKNOWN)
        status = STATUS.SERVING if self._serving else STATUS.NOT_SERVING
        return health_pb2.HealthCheckResponse(status=status)
