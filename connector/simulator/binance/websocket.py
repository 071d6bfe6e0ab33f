"""The websocket addresses: /ws, /ws/{anything}, /stream, each also behind a category.

A user data stream is /ws/{listenKey} or /private/ws?listenKey={listenKey}.
"""

import re

from aiohttp import web

from connector.simulator.binance.requests import answer
from connector.simulator.binance.stream_names import parse_stream_name
from connector.simulator.binance.streams import Streams, StreamSession
from connector.simulator.serving.session import Opening

_LISTEN_KEY = re.compile(r"[A-Za-z0-9]{64}")


class BinanceDoorman:
    """Subscribes what an address names, then what is asked for.

    Names in the address that are no stream (ccxt puts a number there) are passed over; one as long
    as a listen key is one.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def admit(self, request: web.Request, opening: Opening) -> StreamSession:
        """Make a session, of a listen key or of market streams."""
        listen_key = _listen_key(request)
        session = StreamSession(opening, private=listen_key is not None)
        session.combined = request.path.endswith("/stream")
        session.listen_key = listen_key
        return session

    def greet(self, session: StreamSession, request: web.Request) -> None:
        """Subscribe to what the address names."""
        for name in _names_in_address(request):
            self._streams.subscribe(session, name)

    def answer(self, session: StreamSession, text: str) -> bytes:
        """Do what is asked."""
        return answer(self._streams, session, text)


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
