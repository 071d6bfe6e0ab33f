"""An exchange on loopback, and those who speak to it."""

import asyncio
import hmac
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import DEFAULT, Mock
from urllib.parse import urlencode

import aiohttp
import ccxt.pro
import orjson
from yarl import URL

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

    def private_writes(self) -> list[int]:
        """Note the size of each piece that is written to the account's websockets from now on."""
        writes: list[int] = []
        for session in self._now.hub.sessions:
            if session.private:
                kept = session._transport  # pyright: ignore[reportPrivateUsage]
                noting: Any = Mock(wraps=kept)
                noting.write.side_effect = lambda piece: writes.append(len(piece)) or DEFAULT
                session._transport = noting  # pyright: ignore[reportPrivateUsage]
        return writes

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


def signed_query(secret: str = "simulator-secret", **query: Any) -> str:
    """Write and sign a query."""
    text = urlencode({"timestamp": 1, **query})
    return f"{text}&signature={hmac.digest(secret.encode(), text.encode(), 'sha256').hex()}"


async def said(
    simulator: Simulator, method: str, path: str, text: str = "", key: str | None = "simulator-key"
) -> Any:
    """Send a query as it stands, with a key; give status and body."""
    headers = {} if key is None else {"X-MBX-APIKEY": key}
    url = URL(f"{simulator.rest_url}{path}?{text}", encoded=True)
    async with (
        asyncio.timeout(WITHIN),
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers) as response,
    ):
        return response.status, orjson.loads(await response.read())


async def done(simulator: Simulator, method: str, path: str, **query: Any) -> Any:
    """Ask signed for what must be granted."""
    status, body = await said(simulator, method, path, signed_query(**query))
    assert status == 200, body
    return body


async def refused(simulator: Simulator, method: str, path: str, **query: Any) -> Any:
    """Ask signed for what must be refused; give the code."""
    status, body = await said(simulator, method, path, signed_query(**query))
    assert status == 400, body
    return body["code"]


@asynccontextmanager
async def user_data(exchange: "Exchange") -> AsyncGenerator[Line]:
    """Open a websocket on the account's stream."""
    _, body = await said(exchange, "POST", "/fapi/v1/listenKey")
    before = exchange.private_connections
    async with line(exchange, f"/private/ws?listenKey={body['listenKey']}") as websocket:
        await exchange.until_private(before + 1)
        yield websocket


def pointed_at(urls: Any, rest_url: str, ws_url: str) -> Any:
    """Put our own host into every address of a table, however deep."""
    if isinstance(urls, dict):
        return {key: pointed_at(value, rest_url, ws_url) for key, value in urls.items()}
    scheme, _, rest = urls.partition("://")
    path = rest.partition("/")[2]
    return f"{ws_url if scheme.startswith('ws') else rest_url}/{path}".rstrip("/")


@asynccontextmanager
async def ccxt_client(simulator: Simulator, **settings: Any) -> AsyncGenerator[Any]:
    """Give ccxt's own class, with exact numbers, all its addresses on loopback."""
    options: Any = {"enableRateLimit": False, **settings}
    classes = {"binance": ccxt.pro.binanceusdm, "bybit": ccxt.pro.bybit}
    client: Any = classes[simulator.config.dialect](options)
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
