"""A message of a shared stream, serialised once for the clients that it is written to in turn."""

from collections.abc import Callable
from typing import Generic, TypeVar

M = TypeVar("M")


class Once(Generic[M]):
    """Serialise a message unless it is the very one serialised last.

    A tick is handed to every client's writer in one turn, so that they write it one after the
    other; where several wait, each writer goes its own way and it is serialised again, which is
    cheaper than remembering more.
    Guarantee:  holds one message; nobody may change one that was handed out.
    """

    def __init__(self, serialise: Callable[[M], bytes]) -> None:
        self._serialise = serialise
        self._last: M | None = None
        self._written = b""

    def __call__(self, message: M) -> bytes:
        """Give the message's bytes."""
        if message is not self._last:
            self._written = self._serialise(message)
            self._last = message
        return self._written
