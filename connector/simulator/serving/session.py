"""One websocket's sending side."""

import asyncio
from collections.abc import Callable
from struct import pack
from typing import NamedTuple

_TEXT = 0x81
_CLOSE = 0x88
_FAREWELL_S = 1.0


def text_frame(payload: bytes) -> bytes:
    """Put a text payload into a server's websocket frame (RFC 6455: unmasked, unfragmented)."""
    length = len(payload)
    if length < 126:
        return bytes((_TEXT, length)) + payload
    if length < 65_536:
        return pack("!BBH", _TEXT, 126, length) + payload
    return pack("!BBQ", _TEXT, 127, length) + payload


class Opening(NamedTuple):
    """What a websocket's sending side is made of."""

    transport: asyncio.WriteTransport
    unread_bytes: int
    """More than this left unread cuts it."""
    on_first: Callable[["Session"], None]
    """Called when something is to be written after nothing was."""


class Session:
    """What one websocket subscribed to, and what it has still to be sent.

    Frames are gathered and written in one piece when the turn ends. They go straight into the
    transport: the same bytes for all sessions, and nothing to await for each frame.
    Guarantee:  frames keep their order; a reader that leaves more than `unread_bytes` is cut.
    """

    def __init__(self, opening: Opening, *, private: bool) -> None:
        self.private = private
        """Whether its address is one for an account's events."""
        self.streams: dict[str, None] = {}
        self.was_too_slow = False
        self._transport = opening.transport
        self._unread_bytes = opening.unread_bytes
        self._on_first = opening.on_first
        self._gathered: list[bytes] = []

    def gather(self, frame: bytes) -> None:
        """Put a frame behind the others."""
        if not self._gathered:
            self._on_first(self)
        self._gathered.append(frame)

    def flush(self) -> None:
        """Write what was gathered."""
        self.write(self.taken())

    def taken(self) -> list[bytes]:
        """Give what was gathered, to be written or not."""
        frames, self._gathered = self._gathered, []
        return frames

    def write(self, frames: list[bytes]) -> None:
        """Write frames in one piece."""
        written = b"".join(frames)
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() + len(written) > self._unread_bytes:
            self.was_too_slow = True
            self._transport.abort()
            return
        self._transport.write(written)

    def cut(self) -> None:
        """End the connection without a word."""
        self._gathered.clear()
        self._transport.abort()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; a client that doesn't answer it within a second is cut."""
        payload = pack("!H", code) + reason.encode()
        self.write([*self.taken(), bytes((_CLOSE, len(payload))) + payload])
        asyncio.get_running_loop().call_later(_FAREWELL_S, self._transport.abort)

    def freeze(self) -> None:
        """Read nothing more, so that not even a ping is answered."""
        if isinstance(self._transport, asyncio.Transport) and not self._transport.is_closing():
            self._transport.pause_reading()
