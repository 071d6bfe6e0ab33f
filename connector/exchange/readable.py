"""What can't be read is counted, logged and left out; the stream or list goes on."""

from collections.abc import Callable
from typing import TypeVar

import structlog

from connector import metrics
from connector.errors import Malformed

log = structlog.get_logger(__name__)

T = TypeVar("T")

PRIVATE = frozenset({"order", "position"})
"""Each of these may be money, so its loss is a warning; of the markets another comes soon."""


def readable(kind: str, read: Callable[[], T]) -> T | None:
    """Give what is read, None when it is Malformed; `kind` is the metric's label."""
    try:
        return read()
    except Malformed as error:
        metrics.MALFORMED.labels(kind).inc()
        say = log.warning if kind in PRIVATE else log.debug
        say("malformed update", kind=kind, error=str(error))
        return None
