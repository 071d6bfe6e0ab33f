"""Marble diagrams as text: reading them, and saying where one is wrong."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

MICROSECOND = timedelta(microseconds=1)
END = "|#"

_PROGRESSION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)(?= |$)")
_UNIT_US = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000}


class MalformedDiagram(ValueError):
    """A diagram that can't be read; the message points at the place."""

    def __init__(self, why: str, diagram: str, column: int) -> None:
        super().__init__(f"{why}:\n  {diagram}\n  {' ' * column}^")


class Mark(NamedTuple):
    """A character that means something, the frame it stands for, and its column in the text."""

    frame: int
    character: str
    column: int


class Life(NamedTuple):
    """A subscription: the frames in which it began and ended, None for what didn't happen."""

    start: int | None
    end: int | None


def marks(diagram: str, tick_us: int) -> Iterator[Mark]:
    """Read a diagram character by character.

    Shapes:  `-` and every character take a frame; `(ab|)` stands for its first frame and takes
             five; a space takes none; ` 9.8s ` (ms, s, m; between spaces) takes that time.
    Errors:  MalformedDiagram.
    """
    frame, column = 0, 0
    group: Mark | None = None
    while column < len(diagram):
        character = diagram[column]
        passed = _PROGRESSION.match(diagram, column)
        if passed and (column == 0 or diagram[column - 1] == " "):
            if group:
                raise MalformedDiagram("no time passes within a group", diagram, column)
            frame += _frames(passed, tick_us, diagram)
            column = passed.end()
            continue
        if character == "(":
            if group:
                raise MalformedDiagram("a group within a group", diagram, column)
            group = Mark(frame, character, column)
        elif character == ")":
            if not group:
                raise MalformedDiagram("this group was never opened", diagram, column)
            group = None
        elif character == "-" and group:
            raise MalformedDiagram("no time passes within a group", diagram, column)
        elif character not in "- ":
            yield Mark(group.frame if group else frame, character, column)
        frame += character != " "
        column += 1
    if group:
        raise MalformedDiagram("this group is never closed", diagram, group.column)


def _frames(passed: re.Match[str], tick_us: int, diagram: str) -> int:
    time_us = round(float(passed[1]) * _UNIT_US[passed[2]])
    if time_us % tick_us:
        raise MalformedDiagram(
            f"not a multiple of the tick, {time_text(tick_us)}", diagram, passed.start()
        )
    return time_us // tick_us


def stream_marks(diagram: str, tick_us: int, hot: bool = False) -> list[Mark]:
    """Read the diagram of a stream; frames count from `^`, and what came before it is negative.

    Errors:  MalformedDiagram for `!`, for `^` unless hot, and for anything after the end.
    """
    found: list[Mark] = []
    zero: int | None = None
    for mark in marks(diagram, tick_us):
        if mark.character == "!":
            raise MalformedDiagram("`!` belongs in subscription diagrams", diagram, mark.column)
        if found and found[-1].character in END:
            raise MalformedDiagram("nothing may follow the end", diagram, mark.column)
        if mark.character != "^":
            found.append(mark)
        elif not hot:
            raise MalformedDiagram(
                "`^` belongs in hot and subscription diagrams", diagram, mark.column
            )
        elif zero is not None:
            raise MalformedDiagram("a second `^`", diagram, mark.column)
        else:
            zero = mark.frame
    return [mark._replace(frame=mark.frame - (zero or 0)) for mark in found]


def subscription(diagram: str, tick_us: int) -> Life:
    """Read a subscription diagram: `^` begins, `!` ends, each at most once.

    Errors:  MalformedDiagram for other characters, repetitions, and an end before the beginning.
    """
    start: int | None = None
    end: int | None = None
    for mark in marks(diagram, tick_us):
        if mark.character == "^" and start is None and end is None:
            start = mark.frame
        elif mark.character == "!" and end is None:
            end = mark.frame
        else:
            raise MalformedDiagram(
                "a subscription is drawn by one `^` and one `!` after it", diagram, mark.column
            )
    return Life(start, end)


def draw_life(life: Life, tick_us: int) -> str:
    """Draw a subscription diagram."""
    if life.start is None:
        return ""
    begun = gap(life.start, tick_us)
    if life.end is None:
        return f"{begun}^"
    if life.end == life.start:
        return f"{begun}(^!)"
    return f"{begun}^{gap(life.end - life.start - 1, tick_us)}!"


def gap(frames: int, tick_us: int) -> str:
    """Draw that time passes: dashes, or a time progression when there would be too many."""
    return "-" * frames if frames <= 20 else f" {time_text(frames * tick_us)} "


def time_text(time_us: int) -> str:
    """Write a time as in a time progression."""
    for unit in ("m", "s"):
        if time_us and time_us % (_UNIT_US[unit] // 1_000) == 0 and time_us >= _UNIT_US[unit]:
            return f"{time_us / _UNIT_US[unit]:g}{unit}"
    return f"{time_us / 1_000:g}ms"
