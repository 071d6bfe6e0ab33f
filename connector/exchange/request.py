"""One HTTP request to the exchange: how it was answered, how soon, and its span."""

import time
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Self

from connector import metrics, tracing


class Request:
    """Counts a request when the `with` block, in which it is made, ends.

    ccxt tells the HTTP status to `handle_errors`, in the task that asks; see `note_status`.
    """

    def __init__(self, url: str, method: str) -> None:
        self.status = "none"
        self._began = 0.0
        self._token: Token[Request | None] | None = None
        self._span = tracing.request(method, url)

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        _went_at.set(time.monotonic())
        self._token = _asking.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _asking.reset(self._token)
        tracing.answered(self._span, self.status)
        metrics.REST_CALLS.labels(self.status).inc()
        metrics.REST_SECONDS.since(self._began)


_asking: ContextVar[Request | None] = ContextVar("asking", default=None)


_went_at: ContextVar[float] = ContextVar("went_at")


def went_at() -> float:
    """Say when this task's last request went out, by the monotonic clock; now, if none did."""
    return _went_at.get(time.monotonic())


def note_status(code: object) -> None:
    """Note the HTTP status of the request that this task makes."""
    request = _asking.get()
    if request is not None and isinstance(code, int) and 100 <= code <= 599:
        request.status = str(code)
