"""A client that speaks HTTP/2 frame by frame, as no library would."""

import asyncio
import contextlib
import re
import socket
from collections import Counter
from collections.abc import Iterable
from typing import Self

DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
TABLE_SIZE, INITIAL_WINDOW = 0x1, 0x4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CONNECTION = 0
Fields = Iterable[tuple[str, str | bytes]]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Give a frame's bytes."""
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags])
    return head + stream.to_bytes(4, "big") + payload


def settings(window: int = 65_535) -> bytes:
    """Give the settings: no table of header fields, and how much of a stream may come unread."""
    pairs = ((TABLE_SIZE, 0), (INITIAL_WINDOW, window))
    payload = b"".join(key.to_bytes(2, "big") + value.to_bytes(4, "big") for key, value in pairs)
    return frame(SETTINGS, 0, CONNECTION, payload)


SMALL = PREFACE + settings()
"""What an ordinary client says first."""


def call(stream: int, path: str | bytes, metadata: Fields = ()) -> bytes:
    """Give the headers of a call, whose message is yet to come."""
    fields: list[tuple[str, str | bytes]] = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "localhost"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        *metadata,
    ]
    block = b"".join(_literal(name, value) for name, value in fields)
    return frame(HEADERS, END_HEADERS, stream, block)


def message(stream: int, request: bytes, *, ends: bool = True) -> bytes:
    """Give a call's whole message; `ends`: and its half-close."""
    return frame(DATA, END_STREAM if ends else 0, stream, _announced(len(request)) + request)


def beginning(stream: int, count: int) -> bytes:
    """Give what announces a message of so many bytes, and none of them."""
    return frame(DATA, 0, stream, _announced(count))


def grant(stream: int, count: int = (1 << 31) - 1 - 65_535) -> bytes:
    """Give the leave to send so many bytes more."""
    return frame(WINDOW, 0, stream, count.to_bytes(4, "big"))


def reset(stream: int) -> bytes:
    """Give the cancellation of a call."""
    return frame(RESET, 0, stream, (8).to_bytes(4, "big"))


class Line:
    """A connection, and what the server said on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self._writer = reader, writer
        self.said: Counter[str] = Counter()
        """Ends of calls, "CODE message", resets and farewells."""
        self._next = -1

    @classmethod
    async def open(cls, address: str, first: bytes = SMALL, receive_bytes: int = 0) -> Self:
        """Connect and send what comes first; `receive_bytes` bounds what the system takes in."""
        host, _, port = address.rpartition(":")
        line = socket.socket()
        if receive_bytes:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        line.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(line, (host, int(port)))
            reader, writer = await asyncio.open_connection(sock=line, limit=1 << 10)
        except OSError:
            line.close()
            raise
        made = cls(reader, writer)
        made.send(first)
        return made

    def stream(self) -> int:
        """Give the number of a new call."""
        self._next += 2
        return self._next

    def send(self, frames: bytes) -> None:
        """Write frames; nobody waits until they have gone."""
        self._writer.write(frames)

    async def listen(self, read: bytes = b"") -> None:
        """Note what the server says until the connection ends; `read`: what was read before."""

        async def exactly(count: int) -> bytes:
            nonlocal read
            had, read = read[:count], read[count:]
            return had + await self.reader.readexactly(count - len(had))

        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await exactly(9)
                payload = await exactly(int.from_bytes(head[:3], "big"))
                self._hear(head[3], head[4], payload)
        self.said["connection closed"] += 1

    def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    def _hear(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == HEADERS and flags & END_STREAM:
            self.said[_end(payload)] += 1
        elif kind == RESET and (code := int.from_bytes(payload, "big")):  # 0: it had ended before
            self.said[f"reset {code}"] += 1
        elif kind == GOAWAY:
            self.said[f"farewell {payload[8:].decode('latin-1')}"] += 1
        elif kind in (SETTINGS, PING) and not flags & ACK:
            self.send(frame(kind, ACK, CONNECTION, payload if kind == PING else b""))


def _announced(count: int) -> bytes:
    return b"\x00" + count.to_bytes(4, "big")


def _length(count: int) -> bytes:
    """Give a length as HPACK writes it, in seven bits and what is beyond."""
    if count < 127:
        return bytes([count])
    told, count = bytearray([127]), count - 127
    while count >= 128:
        told.append(count % 128 + 128)
        count //= 128
    return bytes([*told, count])


def _literal(name: str, value: str | bytes) -> bytes:
    """Give a header field of HPACK, neither indexed nor compressed."""
    raw = value.encode() if isinstance(value, str) else value
    return b"\x00" + _length(len(name)) + name.encode() + _length(len(raw)) + raw


def _end(trailers: bytes) -> str:
    """Give code and message of a call's end; they stand as they are, there being no table."""
    code = re.search(rb"grpc-status.(\d+)", trailers, re.DOTALL)
    told = re.search(rb"grpc-message(?!\x00)[\x00-\x7f]+?([A-Za-z][ -~]*)", trailers, re.DOTALL)
    number = code[1].decode() if code else "?"
    return f"{number} {told[1].decode() if told else ''}".rstrip()
