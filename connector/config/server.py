"""Where clients connect, who may, and how much each may take."""

import ipaddress
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from connector.config.section import BadConfig, Section, not_empty


class TlsConfig(Section):
    """The server's certificate; with `client_ca`, clients must show one too (mutual TLS)."""

    cert: str = Field(default="", description="PEM file: the certificate and its chain")
    key: str = Field(default="", description="PEM file: its private key")
    client_ca: str = Field(default="", description="PEM file: who signs clients' certificates")

    @model_validator(mode="after")
    def _both_or_none(self) -> "TlsConfig":
        if bool(self.cert) != bool(self.key):
            raise ValueError("cert and key go together")
        if self.client_ca and not self.cert:
            raise ValueError("client_ca needs cert and key")
        return self


class LimitsConfig(Section):
    """How much one client may take, and what may wait for it; beyond, it alone is refused."""

    connections: int = Field(
        default=1_000, ge=1, le=100_000, description="of all clients; more are hung up on"
    )
    idle_connection_s: float = Field(
        default=300, ge=1, le=86_400, description="without a call, until a connection is ended"
    )
    streams_per_client: int = Field(
        default=200, ge=1, le=100_000, description="a client is a key, else a connection"
    )
    calls_per_client: int = Field(
        default=200, ge=1, le=100_000, description="unary ones under way at a time"
    )
    request_s: float = Field(
        default=10, gt=0, le=3600, description="from a call's beginning until its request is there"
    )
    request_bytes: int = Field(
        default=1_048_576, ge=1024, le=4_194_304, description="of a call's request"
    )
    symbols_per_stream: int = Field(
        default=1_000, ge=1, le=100_000, description="that one stream may name"
    )
    orders_per_batch: int = Field(
        default=500, ge=1, le=100_000, description="placed or cancelled in one call"
    )
    buffered_items: int = Field(
        default=10_000, ge=10, le=1_000_000, description="of a stream, for a slow reader"
    )
    behind_s: float = Field(
        default=30, gt=0, le=3600, description="what an order update may wait for its reader"
    )


class ServerConfig(Section):
    """Where the engine connects, and who may."""

    host: Annotated[str, BeforeValidator(not_empty)] = Field(
        default="127.0.0.1", description="off loopback only with keys or certificates, and TLS"
    )
    port: int = Field(default=50051, ge=0, le=65535, description="0: any free one")
    keys_file: str = Field(default="", description="keys of clients, made by `connector keys new`")
    calls_per_second: float = Field(
        default=100, ge=0, le=1_000_000, description="of each key; 0: no limit"
    )
    read_only: bool = Field(default=False, description="refuse every order and cancellation")
    insecure: bool = Field(default=False, description="off loopback without TLS; also --insecure")
    tls: TlsConfig = Field(default_factory=TlsConfig)
    limits: LimitsConfig = Field(default_factory=LimitsConfig)
    refusal_pause_ms: int = Field(
        default=1000, ge=0, le=60_000, description="wait before a refused stream is told so"
    )
    stop_grace_ms: int = Field(
        default=3000, ge=0, le=5000, description="for calls under way at shutdown"
    )

    def check_exposure(self) -> None:
        """Refuse to listen where strangers are, unless keys or certificates and TLS stand there.

        Errors:  BadConfig that says what to set.
        """
        if _is_loopback(self.host):
            return
        if not self.keys_file and not self.tls.client_ca:
            raise BadConfig(
                f"server.host {self.host} is not loopback: set server.keys_file or "
                "server.tls.client_ca, so that not everyone who reaches it may trade"
            )
        if not self.tls.cert and not self.insecure:
            raise BadConfig(
                f"server.host {self.host} is not loopback: set server.tls.cert and server.tls.key, "
                "or --insecure where something else encrypts"
            )


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.startswith("unix:")
