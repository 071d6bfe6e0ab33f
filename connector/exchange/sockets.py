"""ccxt's websockets, told by whom they serve: whether they are open, and how they end."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import ccxt

from connector.exchange.tap import Listener

LOOK_AGAIN_S = 0.02
"""Between two looks at whether a websocket is open: ccxt tells it only to who opened it."""


def abort(clients: Iterable[Any]) -> None:
    """Cut websockets without a farewell."""
    for client in clients:
        response = getattr(client.connection, "_response", None)
        if response is not None:
            response.close()


async def connected(exchange: Any, whose: Callable[[object], bool]) -> None:
    """Wait until a websocket that serves such a listener is open. Unbounded: bound it outside."""
    while True:
        if any(client.isConnected for client in _serving(exchange, whose)):
            return
        await asyncio.sleep(LOOK_AGAIN_S)


def open_for(exchange: Any, whose: Callable[[object], bool]) -> float:
    """Give for how many seconds every websocket that serves such a listener has been open."""
    clients = _serving(exchange, whose)
    if not clients or not all(client.isConnected for client in clients):
        return 0.0
    return (exchange.milliseconds() - max(each.connectionEstablished for each in clients)) / 1000


def hang_up(exchange: Any, whose: Callable[[object], bool]) -> None:
    """Close the websockets that serve such a listener, and tell every listener of theirs."""
    for client in _serving(exchange, whose):
        client.on_error(ccxt.NetworkError("websocket hung up, to be opened anew"))


def _serving(exchange: Any, whose: Callable[[object], bool]) -> list[Any]:
    """Give the websockets that serve such a listener."""
    found: list[Any] = []
    for client in exchange.clients.values():
        listeners: dict[str, Listener] = getattr(client, "listeners", {})
        if any(whose(listener) for listener in listeners.values()):
            found.append(client)
    return found


async def hang_up_unserved(exchange: Any) -> None:
    """Close the websockets on which nothing is wanted any more.

    For exchanges of which ccxt can't unsubscribe: what is left on a shared socket stays until the
    last wanted subscription on it goes.
    """
    for url, client in list(exchange.clients.items()):
        listeners: dict[str, Listener] = getattr(client, "listeners", {})
        if listeners and not any(listener.served for listener in listeners.values()):
            exchange.clients.pop(url, None)
            await client.close()
