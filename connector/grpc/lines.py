"""What is written of calls once they have ended: a little later, several in a row."""

import asyncio
from collections import deque
from collections.abc import Callable

LATER_S = 0.02
"""Between two calls of a client a line takes ten times what it takes behind another one, and the
next call waits for it. Who kills the process loses the lines of so long."""
A_TURN = 16
"""Lines in one turn of the loop, some 30 µs each."""

Write = Callable[[], None]


class Lines:
    """Lines that are due, written in their order.

    Guarantee:  each is written, those that are due at `close` in the loop's next turn.
    Errors:     what writing raises reaches the loop's handler; the others are written all the same.
    """

    def __init__(self, later_s: float = LATER_S) -> None:
        self._later_s = later_s
        self._due: deque[Write] = deque()
        self._timer: asyncio.Handle | None = None

    def add(self, write: Write) -> None:
        """Have a line written later."""
        self._due.append(write)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._later_s, self._write_some)

    def close(self) -> None:
        """Have what is due written in the next turn, and what comes yet in the turn after it."""
        self._later_s = 0.0
        while self._due:
            asyncio.get_running_loop().call_soon(self._due.popleft())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write_some(self) -> None:
        try:
            for _ in range(min(A_TURN, len(self._due))):
                self._due.popleft()()
        finally:
            again = asyncio.get_running_loop().call_soon
            self._timer = again(self._write_some) if self._due else None
