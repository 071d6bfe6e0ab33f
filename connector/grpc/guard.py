"""Who may call what, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from connector.errors import Denied, OrderRejected, RateLimited
from connector.keys import Role

if TYPE_CHECKING:
    from connector.keys import KeyRing

KEY_HEADER, BEARER_HEADER = "x-api-key", "authorization"
EXEMPT = frozenset({"GetName", "GetType"})
"""Called before a client has shown anything."""
TRADING = frozenset(
    {"PlaceOrder", "BatchPlaceOrders", "CancelOrder", "BatchCancelOrders", "CancelAllOrders"}
)
"""What changes the account's orders."""
MOST_BUCKETS = 10_000
ANYONE = "anyone"
"""Who calls where no key is asked for."""


@dataclass(frozen=True)
class Caller:
    """Who calls: the name of a key, or of a client certificate."""

    name: str
    role: Role


_ANYONE, _ANYONE_READING = Caller(ANYONE, Role.TRADE), Caller(ANYONE, Role.READ)


class Guard:
    """Admits calls. Where no key is configured and no certificate asked for, everyone may all.

    `per_second` is the rate of each caller, with a burst of as many; 0 sets no limit.
    """

    def __init__(
        self,
        ring: KeyRing | None = None,
        *,
        per_second: float = 0,
        read_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ring, self._rate = ring, per_second
        self._read_only, self._clock = read_only, clock
        self._buckets: dict[str, _Bucket] = {}

    def identify(
        self, method: str, metadata: Mapping[str, str | bytes], certificate: str | None
    ) -> Caller:
        """Give who calls; `certificate` is the name in a verified one.

        Errors:  Denied without a good key where one is asked for.
        """
        if method in EXEMPT:
            return _ANYONE_READING
        shown = _shown(metadata)
        if self._ring is not None and shown is not None:
            key = self._ring.find(shown)
            if key is None:
                raise Denied("the key shown is none of this connector's")
            return Caller(key.name, key.role)
        if certificate is not None:
            return Caller(f"certificate:{certificate}", Role.TRADE)
        if self._ring is not None:
            raise Denied(f"show a key, as {KEY_HEADER} or as {BEARER_HEADER}: Bearer")
        return _ANYONE

    def allow(self, caller: Caller, method: str) -> None:
        """Let a caller call a method, or refuse.

        Errors:  RateLimited, with when to come back, above the caller's rate; OrderRejected in
                 read-only mode; Denied for a key that may only read.
        """
        self._within_rate(caller)
        if method in TRADING:
            if self._read_only:
                raise OrderRejected("this connector is read-only")
            if caller.role is not Role.TRADE:
                raise Denied(f"the key {caller.name} may read, not trade")

    def _within_rate(self, caller: Caller) -> None:
        if not self._rate or caller.name == ANYONE:
            return
        bucket = self._buckets.get(caller.name)
        if bucket is None:
            if len(self._buckets) >= MOST_BUCKETS:
                self._buckets.clear()
            bucket = self._buckets[caller.name] = _Bucket(max(1.0, self._rate), self._clock())
        wait_s = bucket.take(self._rate, self._clock())
        if wait_s:
            raise RateLimited(
                f"the key {caller.name} has {self._rate:g} calls a second",
                timedelta(seconds=wait_s),
            )


class _Bucket:
    """Tokens that fill up with time."""

    def __init__(self, size: float, now: float) -> None:
        self._size = self._tokens = size
        self._filled = now

    def take(self, rate: float, now: float) -> float:
        """Take one, or give the seconds until there is one."""
        self._tokens = min(self._size, self._tokens + (now - self._filled) * rate)
        self._filled = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return (1 - self._tokens) / rate


def _shown(metadata: Mapping[str, str | bytes]) -> str | None:
    for header, scheme in ((KEY_HEADER, ""), (BEARER_HEADER, "bearer ")):
        value = metadata.get(header)
        if value is None:
            continue
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if text[: len(scheme)].lower() == scheme:
            return text[len(scheme) :].strip()
    return None
