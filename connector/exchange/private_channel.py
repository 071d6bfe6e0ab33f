"""A channel of the account: it has one key for all symbols, on a websocket that must be open."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from connector.errors import Transient
from connector.exchange.channel import Channel
from connector.exchange.session import Session
from connector.exchange.sockets import connected, hang_up, hang_up_unserved

ALL = "*"
"""The one key."""
OPEN_S = 10.0
"""For the websocket to open, before what it may have missed is asked for."""


def private_channel(
    session: Session,
    name: str,
    watch: Callable[[], Awaitable[object]],
    split: Callable[[Any], Iterable[tuple[str, Any]]],
    on_unread: Callable[[], None] = lambda: None,
) -> Channel:
    """Give a channel of which ccxt can't unsubscribe: only its websocket's end does."""
    ccxt = session.ccxt

    async def call(_: Sequence[str]) -> object:
        return await watch()

    async def let_go(_: Sequence[str]) -> object:
        return await hang_up_unserved(ccxt)

    return Channel(
        name, call, let_go, split, lambda whose: hang_up(ccxt, whose), on_unread=on_unread
    )


async def wait_until_open(session: Session, owns: Callable[[object], bool]) -> None:
    """Wait until a websocket of such a listener is open. Errors: Transient after 10 s."""
    try:
        async with asyncio.timeout(OPEN_S):
            await connected(session.ccxt, owns)
    except TimeoutError:
        raise Transient("the private websocket does not open") from None
