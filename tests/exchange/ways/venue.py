"""An exchange on loopback that answers as its documents say, and ccxt's own class before it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from aiohttp import web

from connector.config import ExchangeConfig
from connector.exchange.account import AccountData
from connector.exchange.embedded import redirected
from connector.exchange.market_data import MarketData
from connector.exchange.order_batches import OrderBatches
from connector.exchange.order_ids import OrderIds
from connector.exchange.orders import Orders
from connector.exchange.session import Session

WITHIN = 5.0


class Asked(NamedTuple):
    """One request: query and body in one."""

    path: str
    says: Any


class Venue:
    """What is answered on which path, and what was asked."""

    def __init__(self, nothing: Any) -> None:
        self.answers: dict[str, Any] = {}
        self.nothing = nothing
        """What a path without an answer tells: a success that holds nothing."""
        self.asked: list[Asked] = []
        self.said: list[Any] = []
        """What came over websockets."""
        self.sockets: list[web.WebSocketResponse] = []
        self.session: Session
        self.market_data: MarketData
        self.account: AccountData
        self.orders: Orders
        self.batches: OrderBatches

    @property
    def ccxt(self) -> Any:
        return self.session.ccxt

    def asked_on(self, path: str) -> list[Any]:
        return [asked.says for asked in self.asked if asked.path == path]

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not met():
                await asyncio.sleep(0.005)

    async def send(self, frame: Any) -> None:
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_str(json.dumps(frame))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._listen(request)
        body: Any = await request.text()
        try:
            body = json.loads(body) if body else {}
        except ValueError:
            body = dict(await request.post())
        says = body if isinstance(body, list) else {**request.query, **body}
        self.asked.append(Asked(request.path, says))
        answer = self.answers.get(request.path, self.nothing)
        if callable(answer):
            answer = answer(says)
        return web.json_response(answer)

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            self.said.append(json.loads(message.data) if message.data != "ping" else "ping")
        return socket


@asynccontextmanager
async def venue(
    exchange_id: str, nothing: Any, answers: dict[str, Any], types: list[str], market: str = "auto"
) -> AsyncGenerator[Venue]:
    """Start a venue and open a session on it.

    Answers are JSON by path, or made of the question; `types` are ccxt's of markets to load.
    """
    place = Venue(nothing)
    place.answers = answers
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", place.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    urls = redirected(exchange_id, f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
    config = ExchangeConfig.model_validate(
        {
            "id": exchange_id,
            "market": market,
            "api_key": "key",
            "api_secret": "secret",
            "passphrase": "phrase",
            "ccxt": {"options": {"fetchMarkets": {"types": types}}},
        }
    )
    place.session = Session(config, urls)
    ids = OrderIds(":memory:", "venue")
    place.market_data = MarketData(place.session)
    place.account = AccountData(place.session)
    place.orders = Orders(place.session, ids)
    place.batches = OrderBatches(place.session, place.orders)
    try:
        await place.session.load_markets()
        place.asked.clear()
        yield place
    finally:
        await place.market_data.close()
        await place.session.close()
        ids.close()
        await runner.cleanup()
