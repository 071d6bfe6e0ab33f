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


def rows_by(raw: Raw, key: str, name: str) -> dict[str, Raw]:
    """Give the dictionaries of a list by what each has under a name; others are left out."""
    rows: Any = raw.get(key)
    named = [each for each in rows if isinstance(each, Mapping)] if isinstance(rows, list) else []
    return {each[name]: each for each in named if isinstance(each.get(name), str)}


def told(raw: Raw, key: str) -> Digits | None:
    """Give a number that was told, None for none."""
    return number(raw.get(key))
