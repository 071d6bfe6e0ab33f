"""A line to a running connector: the stub, and what goes with each call."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from connector.errors import ConnectorError, Refused

KEY_HEADER = "x-api-key"
NOT_THERE = "failed to connect to all addresses"
"""Head of the library's text when nobody listens; its last words say why."""
CALL_S = 30.0
"""Bound of one question; the connector's own bound of its questions is well below."""


@dataclass(frozen=True)
class Tls:
    """How the line is encrypted: PEM of who signed the server's certificate, and one's own."""

    ca: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    cert: bytes | None = None
    name: str = ""
    """What the server's certificate says it is, where that isn't the address."""


@dataclass(frozen=True)
class Target:
    """Which connector is meant, and the key that it wants to see; empty: none."""

    address: str
    key: str = field(default="", repr=False)
    tls: Tls | None = None

    def channel(self) -> grpc.aio.Channel:
        """Open a line, encrypted where `tls` says so."""
        if self.tls is None:
            return grpc.aio.insecure_channel(self.address)
        mine = self.tls
        credentials = grpc.ssl_channel_credentials(mine.ca, mine.key, mine.cert)
        named = (("grpc.ssl_target_name_override", mine.name),) if mine.name else ()
        return grpc.aio.secure_channel(self.address, credentials, named)


@dataclass(frozen=True)
class Client:
    """An open line; `metadata` goes with every call."""

    target: Target
    stub: ExchangeServiceStub
    metadata: tuple[tuple[str, str], ...]


@asynccontextmanager
async def connected(target: Target) -> AsyncGenerator[Client]:
    """Give a client of the connector; nothing is sent until it is asked something."""
    metadata = ((KEY_HEADER, target.key),) if target.key else ()
    async with target.channel() as channel:
        yield Client(target, ExchangeServiceStub(channel), metadata)


def refusal(
    target: Target, error: grpc.aio.AioRpcError, within_s: float = CALL_S
) -> ConnectorError:
    """Give the error that a failed call is told as: the server's own text, or who isn't there."""
    text = error.details() or error.code().name
    if text.startswith(NOT_THERE):
        text = f"{target.address}: failed to connect: {text.rpartition(': ')[2]}"
    elif error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        text = f"{target.address}: no answer within {within_s:g} s"
    return Refused(text)
