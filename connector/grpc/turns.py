"""Streams are woken by turns, so that a client with many of them holds nobody up."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial

WHOSE: ContextVar[str] = ContextVar("WHOSE", default="")
"""The client whose call a task serves."""
A_TURN = 4
"""Streams of a client that are woken in one turn of the loop; each writes for some 40 µs."""

Step = Callable[[], None]


class Turns:
    """Does at once what is due for a client, but no more than so much in one turn of the loop.

    A price wakes every stream that has its symbol, and a client may have 200 of them: each new
    price would keep all others waiting until they are written.
    Guarantee: what is due is done in its order, each in the next turn that its client has left.
    """

    def __init__(self, a_turn: int = A_TURN) -> None:
        self._a_turn = a_turn
        self._done: Counter[str] = Counter()
        """In this turn, of each client; empty when nothing was done in the turn before it."""
        self._due: dict[str, deque[Step]] = {}

    def of(self, client: str) -> Callable[[Step], None]:
        """Give what takes a client's steps."""
        return partial(self._take, client)

    def _take(self, client: str, step: Step) -> None:
        if not self._done:
            asyncio.get_running_loop().call_soon(self._turn)
        if self._done[client] < self._a_turn:
            self._done[client] += 1
            step()
        else:
            self._due.setdefault(client, deque()).append(step)

    def _turn(self) -> None:
        self._done.clear()
        for client, steps in list(self._due.items()):
            for _ in range(min(self._a_turn, len(steps))):
                self._take(client, steps.popleft())
            if not steps:
                del self._due[client]
