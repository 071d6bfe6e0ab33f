"""What may happen to frames between their sending and the wire."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

from connector.simulator.chaos.poison import poisoned
from connector.simulator.serving.dialect import Sockets
from connector.simulator.serving.session import Session

Chosen = Callable[[Session], bool]
"""Whether a websocket is meant."""


class Stage(Protocol):
    """What a fault makes of frames."""

    def passed(self, session: Session, frames: list[bytes]) -> list[bytes]:
        """Give what is written now; what is kept back is written by the stage itself, later."""
        ...

    def end(self) -> None:
        """Write what is kept back."""
        ...


class Line:
    """The faults that frames pass now; without any, nothing stands between."""

    def __init__(self, hub: Sockets) -> None:
        self._hub = hub
        self._stages: list[Stage] = []

    def put(self, stage: Stage) -> Callable[[], None]:
        """Let frames pass a stage until what is given back is called."""
        self._stages.append(stage)
        self._hub.deliver = self._deliver

        def remove() -> None:
            if stage in self._stages:
                self._stages.remove(stage)
                if not self._stages:
                    self._hub.deliver = Session.flush
                stage.end()

        return remove

    def _deliver(self, session: Session) -> None:
        frames = session.taken()
        for stage in tuple(self._stages):
            frames = stage.passed(session, frames)
        if frames:
            session.write(frames)


class Held:
    """Keep frames back until the end; then they are written, or lost."""

    def __init__(self, chosen: Chosen, *, lost: bool) -> None:
        self._chosen, self._lost = chosen, lost
        self._held: dict[Session, list[bytes]] = {}

    def passed(self, session: Session, frames: list[bytes]) -> list[bytes]:
        """Keep all of it."""
        if not self._chosen(session):
            return frames
        if not self._lost:
            self._held.setdefault(session, []).extend(frames)
        return []

    def end(self) -> None:
        """Write what was kept, in one piece."""
        held, self._held = self._held, {}
        for session, frames in held.items():
            session.write(frames)


class Gathered(Held):
    """Write what came within a while in one piece."""

    def __init__(self, chosen: Chosen, over_s: float) -> None:
        super().__init__(chosen, lost=False)
        self._over_s = over_s
        self._timer: asyncio.TimerHandle | None = None

    def passed(self, session: Session, frames: list[bytes]) -> list[bytes]:
        """Keep it until the while is over."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._over_s, self.end)
        return super().passed(session, frames)

    def end(self) -> None:
        """Write it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().end()


class Late:
    """Write a share of the frames later than they were sent; the others overtake them."""

    def __init__(self, chosen: Chosen, by_s: float, share: float, drawn: random.Random) -> None:
        self._chosen, self._by_s, self._share, self._random = chosen, by_s, share, drawn
        self._late: deque[tuple[Session, bytes]] = deque()
        self._timers: deque[asyncio.TimerHandle] = deque()

    def passed(self, session: Session, frames: list[bytes]) -> list[bytes]:
        """Keep some back; give the rest."""
        if not self._chosen(session):
            return frames
        loop = asyncio.get_running_loop()
        now: list[bytes] = []
        for frame in frames:
            if self._share >= 1 or self._random.random() < self._share:
                self._late.append((session, frame))
                self._timers.append(loop.call_later(self._by_s, self._write_one))
            else:
                now.append(frame)
        return now

    def end(self) -> None:
        """Write what is still kept."""
        while self._timers:
            self._timers[0].cancel()
            self._write_one()

    def _write_one(self) -> None:
        self._timers.popleft()
        session, frame = self._late.popleft()
        session.write([frame])


class Doubled:
    """Write a share of the frames twice."""

    def __init__(self, chosen: Chosen, share: float, drawn: random.Random) -> None:
        self._chosen, self._share, self._random = chosen, share, drawn

    def passed(self, session: Session, frames: list[bytes]) -> list[bytes]:
        """Give some of them twice, the second behind the first."""
        if not self._chosen(session):
            return frames
        return [
            each
            for frame in frames
            for each in (frame,) * (2 if self._random.random() < self._share else 1)
        ]

    def end(self) -> None:
        """Nothing is kept."""


class Poisoned:
    """Put a broken copy behind each frame, or in its stead, so many on each websocket."""

    def __init__(self, chosen: Chosen, what: str, frames: int, *, instead: bool = False) -> None:
        self._chosen, self._what, self._frames = chosen, what, frames
        self._instead = instead
        self._given: dict[Session, int] = {}

    def passed(self, session: Session, frames: list[bytes]) -> list[bytes]:
        """Give every frame as it is, and broken ones between."""
        if not self._chosen(session):
            return frames
        written: list[bytes] = []
        for frame in frames:
            given = self._given.get(session, 0)
            broken = poisoned(frame, self._what) if given < self._frames else None
            if broken is None or not self._instead:
                written.append(frame)
            if broken is not None:
                self._given[session] = given + 1
                written.append(broken)
        return written

    def end(self) -> None:
        """Nothing is kept."""
