"""Looking into what an exchange itself said, which is whatever it is."""

from collections.abc import Mapping
from typing import Any

from connector.domain import Digits
from connector.exchange.parse_fields import Raw, number


def table(raw: Raw, *keys: str) -> Raw:
    """Give the dictionary under these keys, one within the other; an empty one where there is none.

    A list on the way stands for its first item.
    """
    value: Any = raw
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, list | tuple):
            value = value[0] if value else None
    return value if isinstance(value, Mapping) else {}


def told(raw: Raw, key: str) -> Digits | None:
    """Give a number that was told, None for none."""
    return number(raw.get(key))
