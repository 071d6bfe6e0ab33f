"""Unary calls that are being answered, and their end when the connector stops."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from connector.errors import Closing, OutcomeUnknown


class Underway:
    """Each call in a scope of its own, so that its caller is told why it ends, and not cut off."""

    def __init__(self) -> None:
        self._scopes: set[asyncio.Timeout] = set()
        self._all_answered = asyncio.Event()
        self._closing = False

    @contextlib.asynccontextmanager
    async def one(self, *, trades: bool) -> AsyncGenerator[None]:
        """Answer a call within the block.

        Errors:  Closing for one that comes when others are being ended; when it is ended itself
                 OutcomeUnknown if it trades, else Closing.
        """
        if self._closing:
            raise Closing("the connector stops")
        scope = asyncio.timeout(None)
        try:
            async with scope:
                self._scopes.add(scope)
                try:
                    yield
                finally:
                    self._scopes.discard(scope)
                    if not self._scopes:
                        self._all_answered.set()
        except TimeoutError:
            if not scope.expired():
                raise
            if trades:
                raise OutcomeUnknown(
                    "the connector stops; ask again under the same client order id"
                ) from None
            raise Closing("the connector stops") from None

    async def end(self, grace_s: float) -> None:
        """Let calls end by themselves for so long, then end those that are left; take no more."""
        self._closing = True
        self._all_answered.clear()
        with contextlib.suppress(TimeoutError):
            if self._scopes:
                await asyncio.wait_for(self._all_answered.wait(), grace_s)
        for scope in self._scopes:
            scope.reschedule(asyncio.get_running_loop().time())
