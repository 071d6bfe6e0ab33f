"""stderr, written to as long as somebody reads it."""

import os
import select
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

PIECE_BYTES = select.PIPE_BUF
"""A pipe that is said to be writable takes so much without making its writer wait."""


class Stderr:
    """Lines to a file descriptor that hold nobody up: what nobody makes room for is lost.

    A pipe whose reader has stopped is full after 64 KiB, and would stop the whole process at the
    next line. A line is written if there is room; `on_lost` is told of each that isn't, and
    `on_room`, before the next line that is, of how many were lost.
    Errors:  none: a stderr that is gone, or is no file, loses nothing that anybody could hear of.
    """

    def __init__(
        self, stream: TextIO, on_lost: Callable[[], None], on_room: Callable[[int], None]
    ) -> None:
        self._stream, self._on_lost, self._on_room = stream, on_lost, on_room
        self._lost, self._is_cut = 0, False
        self._room: select.poll | None = None
        with suppress(OSError, ValueError):  # in a test's hands it may be no file
            self._fd = stream.fileno()
            self._room = select.poll()
            self._room.register(self._fd, select.POLLOUT)

    def write(self, text: str) -> None:
        """Write a line, its end included, or lose it."""
        with suppress(OSError, ValueError):
            if self._room is None:
                self._stream.write(text)
            elif not self._room.poll(0):
                self._lose()
            else:
                if self._lost:
                    lost, self._lost = self._lost, 0
                    self._on_room(lost)
                self._put(text)

    def flush(self) -> None:
        """Nothing waits."""

    def _put(self, text: str) -> None:
        left = memoryview(text.encode("utf-8", "backslashreplace"))
        if self._is_cut:
            self._is_cut = False
            os.write(self._fd, b"\n")
        while left:
            if self._room is not None and not self._room.poll(0):
                self._is_cut = True
                self._lose()
                return
            left = left[os.write(self._fd, left[:PIECE_BYTES]) :]

    def _lose(self) -> None:
        self._lost += 1
        self._on_lost()
