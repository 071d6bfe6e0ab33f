"""What came of each order, counted once it is known, also when its caller has left."""

import re
from collections.abc import Awaitable, Iterable
from typing import Literal, TypeVar

from connector import metrics
from connector.errors import ConnectorError

T = TypeVar("T")

Action = Literal["place", "cancel", "cancel_all"]

_HUMP = re.compile(r"(?<!^)(?=[A-Z])")


async def counted(action: Action, work: Awaitable[T]) -> T:
    """Await one order's work, and count what came of it."""
    try:
        done = await work
    except Exception as error:
        count(action, [error])
        raise
    count(action, [None])
    return done


def count(action: Action, outcomes: Iterable[object]) -> None:
    """Count outcomes: an error by its name, `defect` for what is none of ours, anything else ok."""
    for outcome in outcomes:
        name = "ok"
        if isinstance(outcome, ConnectorError):
            name = _HUMP.sub("_", type(outcome).__name__).lower()
        elif isinstance(outcome, Exception):
            name = "defect"
        metrics.ORDERS.labels(action, name).inc()
