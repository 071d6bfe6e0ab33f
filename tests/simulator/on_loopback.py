"""An exchange on loopback, and those who speak to it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import ccxt.pro
import orjson

from connector.simulator import ManualClock, Simulator, SimulatorConfig

START_MS = 1_749_993_342_250
"""2025-06-15 13:15:42.250 UTC, a Sunday: in the middle of a minute, hour, day, week and month."""

WITHIN = 5.0
"""Seconds that any wait may last."""


class Exchange(Simulator):
    """A simulator on a manual clock that keeps what it sent."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("start_ms", START_MS)
        self.sent: list[tuple[str, str]] = []
        super().__init__(
            SimulatorConfig(**settings),
            clock=ManualClock(),
            on_frame=lambda stream, text: self.sent.append((stream, text)),
        )

    def sent_on(self, stream: str) -> list[Any]:
        return [orjson.loads(text) for name, text in self.sent if name == stream]

    async def until_subscribed(self, *streams: str) -> None:
        async with asyncio.timeout(WITHIN):
            await self.until(lambda: set(streams) <= self.subscriptions().keys())

    async def until_private(self, sockets: int = 1) -> None:
        async with asyncio.timeout(WITHIN):
            await self.until(lambda: self.private_connections == sockets)

    async def until_nobody_listens(self) -> None:
        async with asyncio.timeout(WITHIN):
            await self.until(lambda: not self.subscriptions() and not self.connections)


class Line:
    """A websocket to the exchange, frame by frame."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.websocket = websocket

    async def ask(self, method: str, *params: object, request_id: object = 1) -> Any:
        return await self.say({"method": method, "params": params, "id": request_id})

    async def say(self, message: object) -> Any:
        text = message if isinstance(message, str) else orjson.dumps(message).decode()
        await self.websocket.send_str(text)
        return await self.hear()

    async def hear(self) -> Any:
        return orjson.loads(await self.hear_text())

    async def hear_text(self) -> str:
        async with asyncio.timeout(WITHIN):
            return await self.websocket.receive_str()

    async def hear_until(self, answer_to: object) -> list[Any]:
        """What comes before the answer to a request: all that was sent before it."""
        await self.websocket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": answer_to})
        heard: deque[Any] = deque()
        while True:
            frame = await self.hear()
            if isinstance(frame, dict) and frame.get("id") == answer_to:
                return list(heard)
            heard.append(frame)


@asynccontextmanager
async def line(simulator: Simulator, path: str = "/ws") -> AsyncGenerator[Line]:
    """Open a websocket."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(simulator.ws_url + path, max_msg_size=0) as websocket,
    ):
        yield Line(websocket)


async def asked(simulator: Simulator, path: str, method: str = "GET", **query: Any) -> Any:
    """Ask REST; give status and body."""
    async with (
        asyncio.timeout(WITHIN),
        aiohttp.ClientSession() as session,
        session.request(method, simulator.rest_url + path, params=query) as response,
    ):
        return response.status, orjson.loads(await response.read())


async def got(simulator: Simulator, path: str, **query: Any) -> Any:
    """Ask REST for what must be there."""
    status, body = await asked(simulator, path, **query)
    assert status == 200, body
    return body


def pointed_at(urls: Any, rest_url: str, ws_url: str) -> Any:
    """Put our own host into every address of a table, however deep."""
    if isinstance(urls, dict):
        return {key: pointed_at(value, rest_url, ws_url) for key, value in urls.items()}
    scheme, _, rest = urls.partition("://")
    path = rest.partition("/")[2]
    return f"{ws_url if scheme.startswith('ws') else rest_url}/{path}"


@asynccontextmanager
async def ccxt_client(simulator: Simulator, **settings: Any) -> AsyncGenerator[Any]:
    """Give ccxt's own class, with exact numbers, all its addresses on loopback."""
    options: Any = {"enableRateLimit": False, **settings}
    client: Any = ccxt.pro.binanceusdm(options)
    client.number = str
    client.urls["api"] = pointed_at(client.urls["api"], simulator.rest_url, simulator.ws_url)
    try:
        async with asyncio.timeout(WITHIN):
            yield client
    finally:
        await client.close()


@asynccontextmanager
async def ccxt_trader(simulator: Simulator, **settings: Any) -> AsyncGenerator[Any]:
    """Give ccxt's own class with the account's keys."""
    keys = {"apiKey": "simulator-key", "secret": "simulator-secret"}
    async with ccxt_client(simulator, **keys, **settings) as client:
        yield client
