"""Frames broken in every way that a wire, a proxy or an exchange could break them."""

import json
import random
from typing import Any

OTHER = (
    None,
    True,
    0,
    -1,
    10**400,
    1.5,
    "",
    "x",
    "NaN",
    "1e400",
    "--",
    "\x00",
    [],
    {},
    [[]],
    [None],
)
"""A value of another kind."""


def mutated(text: str, drawn: random.Random) -> str:
    """Break a frame once, or several times."""
    for _ in range(drawn.choice((1, 1, 1, 2, 5))):
        text = drawn.choice(_WAYS)(text, drawn)
    return text


def _flipped(text: str, drawn: random.Random) -> str:
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    if raw:
        raw[drawn.randrange(len(raw))] ^= 1 << drawn.randrange(8)
    return raw.decode("utf-8", "surrogateescape")


def _cut(text: str, drawn: random.Random) -> str:
    return text[: drawn.randrange(len(text) + 1)]


def _spliced(text: str, drawn: random.Random) -> str:
    at, to = sorted(drawn.randrange(len(text) + 1) for _ in range(2))
    return text[:at] + drawn.choice(
        (text[to:], text[at:to] * 3, "\ud800", "[" * 5_000, "9" * 5_000)
    )


def _field(text: str, drawn: random.Random) -> str:
    """Take a field away, or put another kind of value in its place, however deep."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return text
    places = list(_places(frame))
    if not places:
        return json.dumps(drawn.choice(OTHER))
    within, key = drawn.choice(places)
    match drawn.randrange(4):
        case 0:
            del within[key]
        case 1:
            within[key] = [within[key]]
        case 2 if isinstance(within, dict):
            within[str(key) + drawn.choice(("", "x", "\x00"))] = within.pop(key)
        case _:
            within[key] = drawn.choice(OTHER)
    return json.dumps(frame)


def _places(value: Any) -> Any:
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield value, key
        yield from _places(value[key])


_WAYS = (_field, _field, _field, _field, _flipped, _cut, _spliced)
