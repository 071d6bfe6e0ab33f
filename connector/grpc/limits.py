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


class Share:
    """Counts what each client has under way, up to the limit that `name` has in server.limits."""

    def __init__(self, name: str, most: int) -> None:
        self._name, self._most = name, most
        self._taken: Counter[str] = Counter()

    def take(self, client: str) -> None:
        """Count one more. Errors: LimitReached beyond the limit."""
        if self._taken[client] >= self._most:
            raise LimitReached(f"server.limits.{self._name} is {self._most}")
        self._taken[client] += 1

    def give_back(self, client: str) -> None:
        """Count one less."""
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]

    @contextlib.contextmanager
    def one_more(self, client: str) -> Generator[None]:
        """Count one more within the block. Errors: LimitReached beyond the limit."""
        self.take(client)
        try:
            yield
        finally:
            self.give_back(client)


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
