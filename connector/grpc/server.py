"""The gRPC server: service, health, reflection, keepalive, limits, and an orderly end."""

import asyncio
from datetime import timedelta
from pathlib import Path

from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from opensqt.market_maker.v1 import exchange_pb2
from opensqt.market_maker.v1.exchange_pb2_grpc import add_ExchangeServiceServicer_to_server

from connector import metrics
from connector.config import BadConfig, ServerConfig
from connector.grpc.calls import Calls
from connector.grpc.guard import Guard
from connector.grpc.health import Health
from connector.grpc.service import Service
from connector.grpc.tls import Certificates
from connector.grpc.unknown_methods import server
from connector.keys import BadKeys, KeyRing

SERVICE = exchange_pb2.DESCRIPTOR.services_by_name["ExchangeService"]
SERVICE_NAME = SERVICE.full_name
FAREWELL_S = 0.5
"""Of the grace on stopping, for telling who wasn't answered."""
ANSWER_BYTES = 4 * 1024 * 1024
"""The Go side's default for what it receives."""
READ_BYTES = 5 * 1024 * 1024
"""What is read of a request, so that one of 4 MB is refused by our limit's name, not by gRPC's."""

OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),  # else a minute: keepalive's own bound doesn't end it
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.max_concurrent_streams", 1_000),
    ("grpc.max_receive_message_length", READ_BYTES),
    ("grpc.max_send_message_length", ANSWER_BYTES),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.so_reuseport", 0),
)
for _method in SERVICE.methods:
    metrics.REQUESTS.labels(_method.name, "INTERNAL")


class Server:
    """The port that engines connect to.

    Errors:  BadConfig when the address can't be bound, is open to strangers, or keys or
             certificates can't be used.
    """

    def __init__(self, service: Service, config: ServerConfig) -> None:
        config.check_exposure()
        self._service, self._config = service, config
        try:
            ring = KeyRing(Path(config.keys_file)) if config.keys_file else None
        except BadKeys as error:
            raise BadConfig(str(error)) from None
        self._certificates = Certificates(config.tls) if config.tls.cert else None
        guard = Guard(ring, per_second=config.calls_per_second, read_only=config.read_only)
        self._health = Health("", SERVICE_NAME)
        limits = config.limits
        pause = timedelta(milliseconds=config.refusal_pause_ms)
        calls = Calls(pause, guard, limits)
        self._underway, self._lines = calls.underway, calls.lines
        bounds = (
            ("grpc.max_allowed_incoming_connections", limits.connections),
            ("grpc.max_connection_idle_ms", round(limits.idle_connection_s * 1000)),
        )
        self._server = server((calls,), (*OPTIONS, *bounds))
        add_ExchangeServiceServicer_to_server(service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (
                SERVICE_NAME,
                health_pb2.DESCRIPTOR.services_by_name["Health"].full_name,
                reflection.SERVICE_NAME,
            ),
            self._server,
        )
        self.port = 0
        self.ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """Done when the server is no more, with what broke it if it broke; not to be cancelled."""

    async def start(self) -> None:
        """Bind and answer; health says NOT_SERVING until told otherwise."""
        host = self._config.host
        in_address = f"[{host}]" if ":" in host and not host.startswith("[") else host
        address = f"{in_address}:{self._config.port}"
        try:
            if self._certificates is None:
                self.port = self._server.add_insecure_port(address)
            else:
                self.port = self._server.add_secure_port(address, self._certificates.credentials())
        except RuntimeError:
            raise BadConfig(
                f"can't listen on {address}: is the port taken? port 0 takes any free one"
            ) from None
        await self._server.start()
        self.ended = asyncio.ensure_future(self._server.wait_for_termination())

    def tell_health(self, serving: bool) -> None:
        """Set what health checks hear, for the empty name and for the service's."""
        self._health.tell(serving)

    async def stop(self) -> None:
        """Tell NOT_SERVING, end the streams, let unary calls finish within the grace.

        Who isn't answered by then, or comes meanwhile, is told so: gRPC itself would cut him off as
        CANCELLED, and therefore is stopped last.
        """
        self._health.close()
        self._service.streams.close()
        grace_s = self._config.stop_grace_ms / 1000
        farewell_s = min(FAREWELL_S, grace_s / 2)
        await self._underway.end(grace_s - farewell_s)
        await self._server.stop(farewell_s)
        await asyncio.wait({self.ended})
        self._lines.close()
