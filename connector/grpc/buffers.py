"""What waits for a slow reader, by a policy that says in its name what may be lost."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from connector.errors import Overflow
from connector.metrics.tally import Tally

T = TypeVar("T")


class Buffer(Protocol[T]):
    """Between an Observable that never waits and a reader that may."""

    arrived: float
    """When the frame of the item last taken arrived (`time.perf_counter`); 0: it came of none."""
    coalesced: Tally
    """Counts what is replaced."""
    behind_s: float | None
    """What an item may wait; None: as long as its reader wants."""

    def put(self, item: T, arrived: float = 0.0, /) -> None:
        """Take an item, and when its frame arrived. Errors: Overflow when there is no room."""
        ...

    def take(self) -> T:
        """Give the next item. Errors: IndexError when empty."""
        ...

    def spare_s(self) -> float:
        """Give what is left of `behind_s` for what has waited longest. Errors: Overflow if none."""
        ...

    def __len__(self) -> int: ...


class LatestByKey(Generic[T]):
    """Keep the newest `depth` items of each key, in the order in which the keys came.

    Guarantee:  the newest item of a key always arrives; with `depth` 1 it takes the place of the
                one it replaces, so that no key waits for busier ones. What is replaced is counted.
    Errors:     Overflow beyond `limit` items (a reader that takes nothing, of ever new keys).
    """

    behind_s: float | None = None

    def __init__(self, key: Callable[[T], Hashable], depth: int = 1, limit: int = 10_000) -> None:
        self._key, self._depth, self._limit = key, depth, limit
        self._items: OrderedDict[object, tuple[T, float]] = OrderedDict()
        self._serials: dict[Hashable, deque[int]] = {}
        self._serial = 0
        self.arrived = 0.0
        self.coalesced = Tally()
        """What was replaced; a feed's own cell, where it is to be told."""

    def put(self, item: T, arrived: float = 0.0, /) -> None:
        """Take an item, in place of the oldest of its key if that has `depth` already."""
        key = self._key(item)
        if self._depth == 1:
            if key in self._items:
                self.coalesced.n += 1
            self._items[key] = (item, arrived)
        else:
            serials = self._serials.setdefault(key, deque())
            if len(serials) >= self._depth:
                del self._items[serials.popleft()]
                self.coalesced.n += 1
            self._serial += 1
            serials.append(self._serial)
            self._items[self._serial] = (item, arrived)
        if len(self._items) > self._limit:
            raise Overflow(_too_many(self._limit))

    def spare_s(self) -> float:
        """Give all the time there is."""
        return math.inf

    def take(self) -> T:
        """Give the item that has waited longest."""
        if not self._items:
            raise IndexError("nothing waits")
        _, (item, self.arrived) = self._items.popitem(last=False)
        if self._depth > 1:
            key = self._key(item)
            serials = self._serials[key]
            serials.popleft()
            if not serials:
                del self._serials[key]
        return item

    def __len__(self) -> int:
        return len(self._items)


class Lossless(Generic[T]):
    """Keep every item in order, up to a limit, and not for longer than a while.

    Errors:  Overflow for an item beyond `limit`, or when the oldest has waited for longer than
             `behind`; the reader must be told, and start anew.
    """

    def __init__(
        self,
        limit: int = 10_000,
        behind: timedelta = timedelta(seconds=30),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds, never backwards."""
        self._limit, self._clock = limit, clock
        self.behind_s: float | None = behind.total_seconds()
        self._items: deque[tuple[float, T, float]] = deque()
        self.arrived = 0.0
        self.coalesced = Tally()

    def put(self, item: T, arrived: float = 0.0, /) -> None:
        """Take an item behind all others."""
        if len(self._items) >= self._limit:
            raise Overflow(_too_many(self._limit))
        self.spare_s()
        self._items.append((self._clock(), item, arrived))

    def spare_s(self) -> float:
        """Give what is left for the oldest item, infinity if there is none."""
        if not self._items or self.behind_s is None:
            return math.inf
        spare = self._items[0][0] + self.behind_s - self._clock()
        if spare < 0:
            told = f"this reader is more than {self.behind_s:g} s behind (server.limits.behind_s)"
            raise Overflow(told)
        return spare

    def take(self) -> T:
        """Give the oldest item."""
        _, item, self.arrived = self._items.popleft()
        return item

    def __len__(self) -> int:
        return len(self._items)


def _too_many(limit: int) -> str:
    return f"more than {limit} items wait for this reader (server.limits.buffered_items)"
