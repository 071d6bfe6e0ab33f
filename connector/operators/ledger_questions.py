"""Orders of which something lacks, and when each is asked about."""

from datetime import datetime, timedelta
from heapq import heappop, heappush

PAUSES = tuple(timedelta(seconds=each) for each in (1, 5, 30, 120))
"""Before an order is asked about again; so many answers that didn't help are enough."""

AT_ONCE = 5
"""Orders asked about at once: who asks about hundreds keeps orders from being placed."""

Key = tuple[str, str]
"""Symbol and the exchange's order id."""


class Questions:
    """When to ask about which order: soon, then ever more rarely, then no more.

    Units:  any one clock. What is noted counts from the next look at it.
    """

    def __init__(self) -> None:
        self._undated: dict[Key, None] = {}
        self._due: dict[Key, datetime] = {}
        self._answers: dict[Key, int] = {}
        self._queue: list[tuple[datetime, Key]] = []  # also what was planned otherwise since

    def note(self, key: Key, lacks: bool) -> None:
        """Note whether an order lacks something."""
        if not lacks:
            self.forget(key)
        elif key not in self._due:
            self._undated[key] = None

    def next_at(self, now: datetime, after: timedelta) -> datetime | None:
        """Say when to ask next; first of an order so long `after` it was noted."""
        for key in self._undated:
            self._plan(key, now + after)
        self._undated.clear()
        while self._queue and self._due.get(self._queue[0][1]) != self._queue[0][0]:
            heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def take(self, now: datetime) -> list[Key]:
        """Give what is to be asked about now, AT_ONCE orders at most, the most urgent first."""
        taken: list[Key] = []
        while len(taken) < AT_ONCE and self._queue and self._queue[0][0] <= now:
            at, key = heappop(self._queue)
            if self._due.get(key) == at:
                taken.append(key)
                del self._due[key]
        for key in taken:
            self._plan(key, now + PAUSES[self._answers.get(key, 0)])
        return taken

    def note_answered(self, key: Key) -> bool:
        """Count an answer; say whether an order is given up, since it lacks something still."""
        if key not in self._due:
            return False
        self._answers[key] = self._answers.get(key, 0) + 1
        is_enough = self._answers[key] == len(PAUSES)
        if is_enough:
            self.forget(key)
        return is_enough

    def forget(self, key: Key) -> None:
        """Ask no more about an order."""
        self._undated.pop(key, None)
        self._due.pop(key, None)
        self._answers.pop(key, None)

    def _plan(self, key: Key, at: datetime) -> None:
        self._due[key] = at
        heappush(self._queue, (at, key))
