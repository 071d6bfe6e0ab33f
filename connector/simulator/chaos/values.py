"""What a fault's parameters may be: durations, counts, shares, names."""

import math
import re
from collections.abc import Callable

import msgspec

Value = float | int | str
Values = dict[str, Value]
"""By parameter; one that was not given and has no usual value is absent."""

_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ms|s|m)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_LONGEST_S = 86_400.0


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of a fault."""

    name: str
    says: str
    """What it means, with its unit."""
    read: Callable[[str], Value]
    """Text → value; ValueError that says what is allowed."""
    usual: str = ""
    """Its text when it is not given; empty: absent."""


def seconds(text: str) -> float:
    """Read `500ms`, `4s` or `2m` as seconds, above 0."""
    found = signed_seconds(text)
    if found <= 0:
        raise ValueError(f"a duration above 0, got {text!r}")
    return found


def signed_seconds(text: str) -> float:
    """Read a duration that may be negative."""
    found = _DURATION.fullmatch(text)
    if found is None or abs(float(found[1])) * _UNITS[found[2]] > _LONGEST_S:
        raise ValueError(f"a duration such as 500ms, 4s or 2m, got {text!r}")
    return float(found[1]) * _UNITS[found[2]]


def whole(least: int, greatest: int) -> Callable[[str], int]:
    """Read a whole number within bounds."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= greatest:
            raise ValueError(f"a whole number from {least} to {greatest}, got {text!r}")
        return int(text)

    return read


def share(text: str) -> float:
    """Read a part of all, above 0 and at most 1."""
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found <= 1:
        raise ValueError(f"a number above 0 and at most 1, got {text!r}")
    return found


def one_of(*names: str) -> Callable[[str], str]:
    """Read one of these names."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"{', '.join(names[:-1])} or {names[-1]}, got {text!r}")
        return text

    return read


def code_of(*codes: int) -> Callable[[str], int]:
    """Read one of these numbers."""
    named = one_of(*map(str, codes))
    return lambda text: int(named(text))


def sockets(text: str) -> Value:
    """Read which websockets: all, public, private, or so many of them."""
    if text in ("all", "public", "private"):
        return text
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise ValueError(f"all, public, private or a number of sockets, got {text!r}")


def symbols(text: str) -> str:
    """Read which symbols: all, or `BTCUSDT+ETHUSDT`."""
    if text == "all" or all(each.isalnum() and each.isupper() for each in text.split("+")):
        return text
    raise ValueError(f"all, or symbols such as BTCUSDT or BTCUSDT+ETHUSDT, got {text!r}")


def requests(text: str) -> str:
    """Read which requests: all, reads, orders, or those to one path."""
    if text in ("all", "reads", "orders") or text.startswith("/"):
        return text
    raise ValueError(f"all, reads, orders or a path such as /fapi/v1/order, got {text!r}")
