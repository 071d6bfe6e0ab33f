"""What an observer saw, or should have seen: compared by value, shown as a diagram."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from connector.testing.diagrams import Life, draw_life, gap, subscription, time_text

_UNNAMED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_RESERVED = "-()|#^! ."


class Event(NamedTuple):
    """Something an observer is told, and when."""

    at_us: int
    kind: Literal["next", "error", "completed"]
    payload: object = None

    def is_same(self, other: "Event") -> bool:
        """Compare by instant, kind and value; errors by identity, or type and arguments."""
        if (self.at_us, self.kind) != (other.at_us, other.kind):
            return False
        mine, theirs = self.payload, other.payload
        if isinstance(mine, Exception) and isinstance(theirs, Exception):
            return mine is theirs or (type(mine) is type(theirs) and mine.args == theirs.args)
        return mine == theirs


class Timeline:
    """A sequence of events; equal to another that has the same ones in the same frames.

    Its text is a diagram. Values without a letter are shown as ①, ②, … and spelled out behind.
    """

    def __init__(
        self, events: Sequence[Event], letters: Mapping[str, object], tick_us: int, role: str
    ) -> None:
        self.events = events
        self.role = role
        self.tick_us = tick_us
        self._letters = letters

    __hash__ = None  # pyright: ignore[reportAssignmentType] - compared, never a key

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Timeline)
            and len(self.events) == len(other.events)
            and all(map(Event.is_same, self.events, other.events))
        )

    def __repr__(self) -> str:
        (diagram,), legend = draw([self])
        return diagram + "".join(f"   {line}" for line in legend)

    @property
    def values(self) -> list[object]:
        """The values alone, without their time and the end."""
        return [event.payload for event in self.events if event.kind == "next"]

    def letter_of(self, value: object) -> str | None:
        """Find the letter that stands for a value."""
        for letter, known in self._letters.items():
            if type(known) is type(value) and known == value:
                return letter
        if isinstance(value, str) and len(value) == 1 and value not in _RESERVED:
            return value
        return None


class Lives(Sequence[str]):
    """The subscriptions of a source as diagrams; equal to diagrams that mean the same."""

    def __init__(self, lives: Iterable[Life], tick_us: int) -> None:
        self._lives = list(lives)
        self.tick_us = tick_us

    __hash__ = None  # pyright: ignore[reportAssignmentType] - compared, never a key

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Lives):
            return self._lives == other._lives
        if isinstance(other, list | tuple):
            diagrams: list[object] = [*other]
            return self._lives == [self._read(each) for each in diagrams]
        return NotImplemented

    def _read(self, diagram: object) -> Life | None:
        return subscription(diagram, self.tick_us) if isinstance(diagram, str) else None

    def __len__(self) -> int:
        return len(self._lives)

    def __getitem__(self, index: int) -> str:  # pyright: ignore[reportIncompatibleMethodOverride] - no slices
        return draw_life(self._lives[index], self.tick_us)

    def __repr__(self) -> str:
        return repr(list(self))


def draw(timelines: Sequence[Timeline]) -> tuple[list[str], list[str]]:
    """Draw timelines below each other, aligned, and the legend of what has no letter."""
    tick_us = timelines[0].tick_us
    legend: list[str] = []
    unnamed: list[object] = []
    diagrams = ["" for _ in timelines]
    drawn = 0
    for frame in sorted({event.at_us // tick_us for line in timelines for event in line.events}):
        cells = [_cell(line, frame, unnamed) for line in timelines]
        passed = gap(max(frame - drawn, 0), tick_us)
        if frame < drawn:
            legend.append(f"(what is drawn at {drawn} happens at {frame}: the group takes no time)")
        width = max(map(len, cells))
        diagrams = [d + passed + c.ljust(width, "-") for d, c in zip(diagrams, cells, strict=True)]
        drawn = max(frame, drawn) + width
    for line in timelines:
        for event in line.events:
            if event.at_us % tick_us:
                legend.append(f"({event.payload!r} is between frames, at {time_text(event.at_us)})")
    legend.extend(f"{_UNNAMED[i % 20]} = {value!r}" for i, value in enumerate(unnamed))
    return [diagram.rstrip("-") or "-" for diagram in diagrams], legend


def _cell(line: Timeline, frame: int, unnamed: list[object]) -> str:
    told = [event for event in line.events if event.at_us // line.tick_us == frame]
    cell = "".join(_character(line, event, unnamed) for event in told)
    return f"({cell})" if len(told) > 1 else cell


def _character(line: Timeline, event: Event, unnamed: list[object]) -> str:
    if event.kind == "completed":
        return "|"
    if event.kind == "error":
        return "#"
    letter = line.letter_of(event.payload)
    if letter is not None:
        return letter
    if event.payload not in unnamed:
        unnamed.append(event.payload)
    return _UNNAMED[unnamed.index(event.payload) % 20]
