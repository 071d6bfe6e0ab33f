"""Who is subscribed to what, and the sending of each frame, once built, to all of them."""

import asyncio
from collections.abc import Callable

from connector.simulator.binance.session import Session, text_frame
from connector.simulator.binance.stream_names import StreamName, parse_stream_name
from connector.simulator.market.listing import Listing

OnFrame = Callable[[str, str], None]
"""Hears of each frame published: stream name and payload, once however many are subscribed."""

_KLINE = "kline_"


class Stream:
    """A stream that someone is subscribed to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sessions: dict[Session, None] = {}


class Hub:
    """The subscriptions of all websockets.

    A stream exists while someone is subscribed: what has no subscriber costs nothing. Candles are
    followed in the market only while their stream exists.
    """

    def __init__(self, listings: dict[str, Listing], on_frame: OnFrame | None) -> None:
        self.sessions: dict[Session, None] = {}
        self.too_slow = 0
        self.of_all: dict[str, Stream] = {}
        self.on_trade: dict[str, dict[str, Stream]] = {}
        """By symbol, then kind; those of a trade and of a second."""
        self.on_second: dict[str, dict[str, Stream]] = {}
        self.keyed: dict[str, Stream] = {}
        """User data streams, by listen key; whether a key is alive is not known here."""
        self._by_name: dict[str, Stream] = {}
        self.listings = listings
        self._on_frame = on_frame
        self._due: list[Session] = []
        self._flushes_soon = False
        self._awaited: dict[asyncio.Future[None], Callable[[], bool]] = {}

    def opened(self, session: Session) -> None:
        """Take a new websocket in."""
        self.sessions[session] = None
        if session.listen_key is not None:
            stream = self.keyed.setdefault(session.listen_key, Stream(session.listen_key))
            stream.sessions[session] = None
        self.tell_changed()

    def closed(self, session: Session) -> None:
        """Forget a websocket and its subscriptions."""
        for name in list(session.streams):
            self.unsubscribe(session, name)
        if session.listen_key is not None:
            stream = self.keyed[session.listen_key]
            del stream.sessions[session]
            if not stream.sessions:
                del self.keyed[stream.name]
        if session in self.sessions:
            del self.sessions[session]
            self.too_slow += session.was_too_slow
        self.tell_changed()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that websockets and subscriptions can change."""
        if condition():
            return
        awaited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited[awaited] = condition
        try:
            await awaited
        finally:
            del self._awaited[awaited]

    def gather_later(self, session: Session) -> None:
        """Note that a session has something to write."""
        self._due.append(session)

    def flush(self) -> None:
        """Write what was published since the last time."""
        self._flushes_soon = False
        due, self._due = self._due, []
        for session in due:
            session.flush()

    def flush_soon(self) -> None:
        """Write it when this turn of the loop ends, in one piece, however often this is asked."""
        if not self._flushes_soon:
            self._flushes_soon = True
            asyncio.get_running_loop().call_soon(self.flush)

    def subscriptions(self) -> dict[str, int]:
        """Count the websockets subscribed to each stream; streams without any are left out."""
        return {name: len(stream.sessions) for name, stream in self._by_name.items()}

    def subscribe(self, session: Session, name: str) -> None:
        """Subscribe to a stream that exists by its name; twice is once."""
        if name in session.streams:
            return
        session.streams[name] = None
        stream = self._by_name.get(name)
        if stream is None:
            stream = self._by_name[name] = Stream(name)
            self._begin(stream)
        stream.sessions[session] = None
        self.tell_changed()

    def unsubscribe(self, session: Session, name: str) -> None:
        """Let go of a stream; one that was never subscribed is let go silently."""
        if name not in session.streams:
            return
        del session.streams[name]
        stream = self._by_name[name]
        del stream.sessions[session]
        if not stream.sessions:
            del self._by_name[name]
            self._end(stream)
        self.tell_changed()

    def publish(self, stream: Stream, payload: str, called: str | None = None) -> None:
        """Send a payload to a stream's subscribers, in the wrapper where one is due.

        `called` is the name under which it is told to those who hear of frames.
        """
        if self._on_frame is not None:
            self._on_frame(called or stream.name, payload)
        plain = wrapped = b""
        for session in stream.sessions:
            if session.combined:
                if not wrapped:
                    envelope = f'{{"stream":"{stream.name}","data":{payload}}}'
                    wrapped = text_frame(envelope.encode())
                session.gather(wrapped)
            else:
                if not plain:
                    plain = text_frame(payload.encode())
                session.gather(plain)

    def send_raw(self, stream_name: str | None, text: str) -> int:
        """Send text as it stands to a stream's subscribers (None: to all); give their number."""
        if stream_name is None:
            sessions = list(self.sessions)
        else:
            stream = self._by_name.get(stream_name)
            sessions = list(stream.sessions) if stream else []
        frame = text_frame(text.encode())
        for session in sessions:
            session.gather(frame)
        return len(sessions)

    def tell_changed(self) -> None:
        """Look at what is awaited again."""
        for awaited, condition in self._awaited.items():
            if not awaited.done() and condition():
                awaited.set_result(None)

    def _begin(self, stream: Stream) -> None:
        name = _parsed(stream)
        if not name.symbol:
            self.of_all[name.kind] = stream
        elif name.symbol in self.listings:
            self._group(name).setdefault(name.symbol, {})[name.kind] = stream
            if name.kind.startswith(_KLINE):
                self.listings[name.symbol].candles.track(name.kind.removeprefix(_KLINE))

    def _end(self, stream: Stream) -> None:
        name = _parsed(stream)
        if not name.symbol:
            del self.of_all[name.kind]
        elif name.symbol in self.listings:
            group = self._group(name)
            del group[name.symbol][name.kind]
            if not group[name.symbol]:
                del group[name.symbol]
            if name.kind.startswith(_KLINE):
                self.listings[name.symbol].candles.untrack(name.kind.removeprefix(_KLINE))

    def _group(self, name: StreamName) -> dict[str, dict[str, Stream]]:
        return self.on_second if name.kind.startswith("markPrice") else self.on_trade


def _parsed(stream: Stream) -> StreamName:
    name = parse_stream_name(stream.name)
    assert name is not None
    return name
