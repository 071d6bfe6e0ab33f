"""Pipelines as text: `min_move(bps=5) | coalesce(max_per_second=10)`."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from connector.errors import InvalidRequest

MOST_CHARACTERS = 400
MOST_STAGES = 8

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VALUE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?![\w.])|[A-Za-z0-9_.-]+|\"[^\"]*\"")
_SPACE = re.compile(r"[ \t]*")


class Use(NamedTuple):
    """A stage by name, with what it is told, and where that was written (from 0)."""

    name: str
    options: Mapping[str, object]
    place: int = 0
    places: Mapping[str, int] = {}
    """Where each option was written."""


class BadNotation(InvalidRequest):
    """Text that is no pipeline: says what was expected and points at the place."""

    def __init__(self, text: str, place: int, expected: str) -> None:
        near = text[place : place + 20] or "the end"
        super().__init__(f"pipeline, at character {place + 1} ({near!r}): {expected}")
        self.place = place


def parse(text: str) -> tuple[Use, ...]:
    """Read a pipeline, strictly: names and option names in lower case, each option once.

    Errors:  BadNotation; also for more than MOST_CHARACTERS or MOST_STAGES.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadNotation(text, MOST_CHARACTERS, f"{MOST_CHARACTERS} characters at most")
    return tuple(_Reader(text).read())


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def read(self) -> list[Use]:
        uses = [self._use()]
        while not self._is_over():
            self._take("|", "`|` and the next stage")
            if len(uses) == MOST_STAGES:
                raise self._expected(f"{MOST_STAGES} stages at most")
            uses.append(self._use())
        return uses

    def _use(self) -> Use:
        self._skip()
        place = self._at
        name = self._match(_NAME, "a stage's name, such as coalesce")
        options: dict[str, object] = {}
        places: dict[str, int] = {}
        self._skip()
        if self._text.startswith("(", self._at):
            self._at += 1
            self._options(options, places)
        return Use(name, options, place, places)

    def _options(self, options: dict[str, object], places: dict[str, int]) -> None:
        self._skip()
        if self._text.startswith(")", self._at):
            self._at += 1
            return
        while True:
            self._skip()
            place = self._at
            name = self._match(_NAME, "an option's name")
            if name in options:
                self._at = place
                raise self._expected(f"{name} once")
            self._take("=", f"`=` and a value for {name}")
            self._skip()
            places[name] = place
            options[name] = self._value(name)
            self._skip()
            if self._text.startswith(",", self._at):
                self._at += 1
                continue
            self._take(")", "`,` and the next option, or `)`")
            return

    def _value(self, name: str) -> object:
        text = self._match(_VALUE, f'a value for {name}: a number, a word, or "text"')
        if text.startswith('"'):
            return text[1:-1]
        return {"true": True, "false": False}.get(text, text)

    def _match(self, pattern: re.Pattern[str], expected: str) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            raise self._expected(expected)
        self._at = found.end()
        return found.group()

    def _take(self, sign: str, expected: str) -> None:
        self._skip()
        if not self._text.startswith(sign, self._at):
            raise self._expected(expected)
        self._at += 1

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _is_over(self) -> bool:
        self._skip()
        return self._at == len(self._text)

    def _expected(self, expected: str) -> BadNotation:
        return BadNotation(self._text, self._at, f"expected {expected}")
