"""How much of the connector one client may take."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator
from typing import TYPE_CHECKING

from connector.errors import LimitReached
from connector.grpc.guard import ANYONE

if TYPE_CHECKING:
    from connector.config import LimitsConfig
    from connector.grpc.guard import Caller


def client_of(caller: Caller, peer: str) -> str:
    """Tell clients apart: by the name of their key or certificate, else each connection is one."""
    return peer if caller.name == ANYONE else f"key {caller.name}"


class OpenStreams:
    """Counts the streams that each client has open."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: Counter[str] = Counter()

    @contextlib.contextmanager
    def one_more(self, client: str) -> Generator[None]:
        """Count a stream as open within the block. Errors: LimitReached beyond the limit."""
        if self._open[client] >= self._most:
            raise LimitReached(f"server.limits.streams_per_client is {self._most}")
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]

    def __len__(self) -> int:
        """Give how many clients have a stream open."""
        return len(self._open)


def within_symbols(count: int, limits: LimitsConfig) -> None:
    """Errors:  LimitReached for more symbols than a stream may have."""
    if count > limits.symbols_per_stream:
        raise LimitReached(
            f"server.limits.symbols_per_stream is {limits.symbols_per_stream}, not {count}"
        )


def within_batch(count: int, limits: LimitsConfig) -> None:
    """Errors:  LimitReached for more orders than one call may name."""
    if count > limits.orders_per_batch:
        raise LimitReached(
            f"server.limits.orders_per_batch is {limits.orders_per_batch}, not {count}"
        )
