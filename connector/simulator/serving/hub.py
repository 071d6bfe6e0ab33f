"""Who is subscribed to what, and the sending of each frame, once built, to all of them."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from connector.simulator.market.listing import Listing
from connector.simulator.serving.session import Session, text_frame

OnFrame = Callable[[str, str], None]
"""Hears of each frame published: stream name and payload, once however many are subscribed."""

S = TypeVar("S", bound=Session)


class Stream(Generic[S]):
    """A stream that someone is subscribed to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sessions: dict[S, None] = {}


class Hub(Generic[S]):
    """The subscriptions of all websockets.

    A stream exists while someone is subscribed: what has no subscriber costs nothing.
    """

    def __init__(self, listings: dict[str, Listing], on_frame: OnFrame | None) -> None:
        self.sessions: dict[S, None] = {}
        self.too_slow = 0
        self.listings = listings
        self._by_name: dict[str, Stream[S]] = {}
        self._on_frame = on_frame
        self._due: list[Session] = []
        self._flushes_soon = False
        self._awaited: dict[asyncio.Future[None], Callable[[], bool]] = {}
        self.deliver: Callable[[Session], None] = Session.flush
        """Writes what a session gathered; faults of the line stand here."""

    def opened(self, session: S) -> None:
        """Take a new websocket in."""
        self.sessions[session] = None
        self.tell_changed()

    def closed(self, session: S) -> None:
        """Forget a websocket and its subscriptions."""
        for name in list(session.streams):
            self.unsubscribe(session, name)
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
        self.complete()
        due, self._due = self._due, []
        for session in due:
            self.deliver(session)

    def complete(self) -> None:
        """Publish what a dialect gathers until now; others publish at once."""

    def flush_soon(self) -> None:
        """Write it when this turn of the loop ends, in one piece, however often this is asked."""
        if not self._flushes_soon:
            self._flushes_soon = True
            asyncio.get_running_loop().call_soon(self.flush)

    def subscriptions(self) -> dict[str, int]:
        """Count the websockets subscribed to each stream; streams without any are left out."""
        return {name: len(stream.sessions) for name, stream in self._by_name.items()}

    def stream(self, name: str) -> Stream[S] | None:
        """Give a stream, if someone is subscribed to it."""
        return self._by_name.get(name)

    def subscribe(self, session: S, name: str) -> None:
        """Subscribe to a stream that exists by its name; twice is once."""
        if name in session.streams:
            return
        session.streams[name] = None
        stream = self._by_name.get(name)
        if stream is None:
            stream = self._by_name[name] = Stream(name)
            self.begin(stream)
        stream.sessions[session] = None
        self.tell_changed()

    def unsubscribe(self, session: S, name: str) -> None:
        """Let go of a stream; one that was never subscribed is let go silently."""
        if name not in session.streams:
            return
        del session.streams[name]
        stream = self._by_name[name]
        del stream.sessions[session]
        if not stream.sessions:
            del self._by_name[name]
            self.end(stream)
        self.tell_changed()

    def forget(self, chosen: Callable[[Session], bool], meant: Callable[[str], bool]) -> None:
        """Let go of the streams of some symbols without a word."""
        for session in self.sessions:
            for name in list(session.streams) if chosen(session) else ():
                symbol = self.symbol_of(name)
                if symbol and meant(symbol):
                    self.unsubscribe(session, name)

    def symbol_of(self, name: str) -> str:
        """Say of which symbol's market a stream is; empty for every other stream."""
        return ""

    def publish(self, stream: Stream[S], payload: str, called: str | None = None) -> None:
        """Send a payload to a stream's subscribers.

        `called` is the name under which it is told to those who hear of frames.
        """
        if self._on_frame is not None:
            self._on_frame(called or stream.name, payload)
        self.send(stream, payload)

    def send(self, stream: Stream[S], payload: str) -> None:
        """Gather a payload for each subscriber: the same bytes for all."""
        frame = text_frame(payload.encode())
        for session in stream.sessions:
            session.gather(frame)

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

    def begin(self, stream: Stream[S]) -> None:
        """Hear that a stream has its first subscriber."""

    def end(self, stream: Stream[S]) -> None:
        """Hear that a stream has lost its last subscriber."""
