"""How late the event loop is: whatever runs in it waits that long."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from connector import metrics

LOOK_S = 0.1
"""Between two looks; each costs some 30 µs."""


@asynccontextmanager
async def loop_lag_watched(look_s: float = LOOK_S) -> AsyncGenerator[None]:
    """Observe, while the block lasts, how long after its time a timer runs."""
    loop = asyncio.get_running_loop()

    def look(due: float) -> None:
        nonlocal timer
        now = loop.time()
        metrics.LOOP_LAG.observe(max(0.0, now - due))
        timer = loop.call_at(now + look_s, look, now + look_s)

    timer = loop.call_later(look_s, look, loop.time() + look_s)
    try:
        yield
    finally:
        timer.cancel()
