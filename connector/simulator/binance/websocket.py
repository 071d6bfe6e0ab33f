"""The websocket endpoint: /ws, /ws/{anything}, /stream, each also behind a category.

A user data stream is /ws/{listenKey} or /private/ws?listenKey={listenKey}.
"""

import asyncio
import re

from aiohttp import WSMsgType, web

from connector.simulator.binance.hub import Hub
from connector.simulator.binance.requests import answer
from connector.simulator.binance.session import Session, text_frame
from connector.simulator.binance.stream_names import parse_stream_name

_LONGEST_REQUEST = 256 * 1024
_LISTEN_KEY = re.compile(r"[A-Za-z0-9]{64}")


class WebsocketEndpoint:
    """Serves websockets until they close."""

    def __init__(self, hub: Hub, *, ping_seconds: float, unread_bytes: int) -> None:
        self._hub = hub
        self._ping_seconds = ping_seconds
        self._unread_bytes = unread_bytes
        self._open: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket: subscribe what the address names, then what is asked for.

        Names in the address that are no stream (ccxt puts a number there) are passed over; one
        as long as a listen key is one.
        """
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
        hub = self._hub
        session = Session(
            transport,
            combined=request.path.endswith("/stream"),
            listen_key=_listen_key(request),
            unread_bytes=self._unread_bytes,
            on_first=hub.gather_later,
        )
        hub.opened(session)
        self._open.add(websocket)
        try:
            for name in _names_in_address(request):
                hub.subscribe(session, name)
            async for message in websocket:
                if message.type is WSMsgType.TEXT:
                    session.gather(text_frame(answer(hub, session, message.data)))
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


def _names_in_address(request: web.Request) -> list[str]:
    named = request.match_info.get("streams", "").split("/")
    named += request.query.get("streams", "").split("/")
    return [name for name in named if parse_stream_name(name) is not None]


def _listen_key(request: web.Request) -> str | None:
    """Find the listen key in an address; one that never was is as silent as a dead one."""
    if request.path.startswith("/private"):
        return request.query.get("listenKey") or request.match_info.get("streams") or ""
    named = request.match_info.get("streams", "")
    return named if _LISTEN_KEY.fullmatch(named) else None
