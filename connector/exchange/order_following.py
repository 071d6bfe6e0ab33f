"""Orders of unknown outcome, looked up until the exchange has answered."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

import structlog

from connector.errors import ConnectorError

log = structlog.get_logger(__name__)

ABSENT_AFTER = 4
"""So many answers "no such order" in a row make an order absent."""
FOLLOWED_EVERY_S = 10.0
FOLLOWED_FOR_S = 86_400.0
"""So often, and so long at most, an order is looked up, so that the stream can tell of it."""
FOLLOWED_AT_ONCE = 100
FOLLOWED_MOST = 1_000
"""Those beyond the first 100 have their turn as others are found, or are absent."""


Look = Callable[[], Awaitable[bool]]
"""Look once; whether it is found, and told of."""


class Following:
    """Looks orders up whose callers were told that nobody knows, or were told nothing.

    They may never repeat them, and the private websocket may have been away while they were filled.
    """

    def __init__(self) -> None:
        self._followed: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(FOLLOWED_AT_ONCE)

    def follow(self, client_order_id: str, look: Look, first_s: float | None = None) -> None:
        """Look an order up, first after so long, until it is found or absent.

        What `look` raises of ours is no answer.
        """
        if len(self._followed) >= FOLLOWED_MOST:
            log.warning("too many lost orders", client_order_id=client_order_id)
            return
        first_s = FOLLOWED_EVERY_S if first_s is None else first_s
        task = asyncio.get_running_loop().create_task(self._look_until_answered(look, first_s))
        self._followed.add(task)
        task.add_done_callback(self._followed.discard)

    async def stop(self) -> None:
        """Look nothing up any more."""
        for each in self._followed:
            each.cancel()
        await asyncio.gather(*self._followed, return_exceptions=True)

    async def _look_until_answered(self, look: Look, wait_s: float) -> None:
        absent, until = 0, monotonic() + FOLLOWED_FOR_S
        async with self._turns:
            while absent < ABSENT_AFTER and monotonic() < until:
                await asyncio.sleep(wait_s)
                wait_s = FOLLOWED_EVERY_S
                try:
                    if await look():
                        return
                except ConnectorError as error:  # no answer, so no absence
                    log.debug("lookup failed", error=str(error)[:200])
                    continue
                absent += 1
