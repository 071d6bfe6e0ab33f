"""The same question asked of many things, a few of them at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


async def few_at_once(
    most: int, items: Iterable[S], work: Callable[[S], Awaitable[T]], *, all_end: bool = False
) -> list[T]:
    """Do some work for each item, so many at most under way; give what came of it, in order.

    Errors:  the first that the work raises; then nobody waits for the rest, which is cancelled.
             With `all_end` it is raised once all have ended, as what changes something has to.
    """
    gate = asyncio.Semaphore(most)

    async def one(item: S) -> T:
        async with gate:
            return await work(item)

    working = [asyncio.ensure_future(one(item)) for item in items]
    try:
        if all_end and working:
            await asyncio.wait(working)
        return await asyncio.gather(*working)
    finally:
        for each in working:
            each.cancel()
