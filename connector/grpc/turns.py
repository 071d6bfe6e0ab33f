"""Streams are woken and left by turns, so that a client with many of them holds nobody up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from weakref import WeakValueDictionary

WHOSE: ContextVar[str] = ContextVar("WHOSE", default="")
"""The client whose call a task serves."""
A_TURN = 4
"""Streams of a client that are woken in one turn of the loop; each writes for some 40 µs."""
MANY = 64
"""More than so many that are due for one client wait between its turns …"""
APART_S = 0.001
"""… for so long, in which the loop, and the cores, are the others'; of very many …"""
A_SHARE = 50
"""… one in so many is done in a turn, so that they take no longer for being more."""

Step = Callable[[], None]


class Turns:
    """Does at once what is due for a client, but no more than so much in one turn of the loop.

    A price wakes every stream that has its symbol, and a client may have 200 of them: each new
    price would keep all others waiting until they are written.
    Guarantee: what is due is done in its order, each in the next turn that its client has left, or
               some 50 ms later if very much is.
    """

    def __init__(self, a_turn: int = A_TURN, many: int = MANY, apart_s: float = APART_S) -> None:
        self._a_turn, self._many, self._apart_s = a_turn, many, apart_s
        self._clients: WeakValueDictionary[str, _Due] = WeakValueDictionary()
        """Kept by what was given to their streams."""

    def of(self, client: str) -> Callable[[Step], None]:
        """Give what takes a client's steps."""
        due = self._clients.get(client)
        if due is None:
            due = self._clients[client] = _Due(self._a_turn, self._many, self._apart_s)
        return due.take


class _Due:
    """What is due for one client."""

    def __init__(self, a_turn: int, many: int, apart_s: float) -> None:
        self._a_turn, self._many, self._apart_s = a_turn, many, apart_s
        self._left = a_turn
        """Of this turn; less than the whole while another turn is to come."""
        self._steps: deque[Step] = deque()
        self._loop = asyncio.get_running_loop()

    def take(self, step: Step) -> None:
        left = self._left
        if not left:
            self._steps.append(step)
            return
        if left == self._a_turn:
            self._loop.call_soon(self._turn)
        self._left = left - 1
        step()

    def _turn(self) -> None:
        steps = self._steps
        count = min(max(self._a_turn, len(steps) // A_SHARE), len(steps))
        self._left = 0
        try:
            for _ in range(count):
                steps.popleft()()
        finally:  # one that raises keeps no other waiting
            if len(steps) > self._many:
                self._loop.call_later(self._apart_s, self._turn)
            elif count:
                self._left = 0 if steps else self._a_turn - count
                self._loop.call_soon(self._turn)
            else:
                self._left = self._a_turn
