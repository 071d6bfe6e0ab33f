"""Websockets of any dialect, from their opening to their close."""

import asyncio
from typing import Generic, Protocol, TypeVar

from aiohttp import WSMsgType, web

from connector.simulator.serving.hub import Hub
from connector.simulator.serving.session import Opening, Session, text_frame

_LONGEST_REQUEST = 256 * 1024

S = TypeVar("S", bound=Session)


class Doorman(Protocol[S]):
    """What a dialect knows of a websocket."""

    def admit(self, request: web.Request, opening: Opening) -> S:
        """Make the session of a new websocket, by its address."""
        ...

    def greet(self, session: S, request: web.Request) -> None:
        """Do what the address asks for, once the session is known."""
        ...

    def answer(self, session: S, text: str) -> bytes:
        """Do what a client's message asks, and give the answer."""
        ...


class Websockets(Generic[S]):
    """Serves websockets until they close."""

    def __init__(
        self, hub: Hub[S], doorman: Doorman[S], *, ping_seconds: float, unread_bytes: int
    ) -> None:
        self._hub = hub
        self._doorman = doorman
        self._ping_seconds = ping_seconds
        self._unread_bytes = unread_bytes
        self._open: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket."""
        transport = request.transport
        if transport is None:
            raise web.HTTPBadRequest
        websocket = web.WebSocketResponse(
            heartbeat=self._ping_seconds,
            compress=False,
            timeout=1.0,
            max_msg_size=_LONGEST_REQUEST,
        )
        await websocket.prepare(request)
        hub, doorman = self._hub, self._doorman
        opening = Opening(transport, self._unread_bytes, hub.gather_later)
        session = doorman.admit(request, opening)
        hub.opened(session)
        self._open.add(websocket)
        try:
            doorman.greet(session, request)
            hub.flush()
            async for message in websocket:
                if message.type is WSMsgType.TEXT:
                    session.gather(text_frame(doorman.answer(session, message.data)))
                    hub.flush()
        finally:
            self._open.discard(websocket)
            hub.closed(session)
        return websocket

    async def close_all(self) -> None:
        """Say goodbye to every websocket, as a server does that goes away (1001)."""
        self._hub.flush()
        await asyncio.gather(
            *(each.close(code=1001, message=b"going away") for each in list(self._open))
        )
