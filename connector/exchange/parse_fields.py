"""One key of a ccxt structure: a number, word, instant or table of it, None, or `Malformed`.

Nearly every key may be absent, None, a number, a string or something else altogether. ccxt runs
with `number = str` here, so numbers are the exchange's own digits wherever it hands them through.
"""

import re
from collections.abc import Mapping
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any

from connector.domain import LONGEST, Digits, digits
from connector.errors import Malformed

Raw = Mapping[str, Any]

EXACT = Context(prec=250)
"""For products and sums of digits: nothing that two of them give is rounded."""
DAY_MS = 86_400_000
_LAST_MS = 253_402_300_800_000
"""The end of the year 9999, beyond which no instant can be told on."""
_LONGEST_TEXT = 200
_ABOVE_ZERO = re.compile(r"[1-9][0-9]*(?:\.[0-9]+)?|0\.0*[1-9][0-9]*")
"""Nearly every price."""


def number(value: Any) -> Digits | None:
    """Give a number's text, None for what is none."""
    try:
        return digits(value)
    except Malformed:
        return None


def above_zero(value: Any) -> Digits | None:
    """Give the text of a number above zero, None for any other and for what is none."""
    text = number(value)
    return text if text is not None and Decimal(text) > 0 else None


def positive(value: Any) -> Digits:
    """Give the text of a number above zero. Errors: Malformed."""
    if type(value) is str and len(value) <= LONGEST and _ABOVE_ZERO.fullmatch(value):
        return value  # as `digits` would
    text = digits(value)
    if text[0] == "-" or not text.strip("0."):
        raise Malformed(f"not above zero: {text}")
    return text


def not_negative(value: Any) -> Digits:
    """Give the text of a number that is zero or above. Errors: Malformed."""
    text = digits(value)
    if text[0] == "-" and text.strip("-0."):
        raise Malformed(f"below zero: {text}")
    return text.lstrip("-")


def text_of(raw: Any, key: str) -> str:
    """Give a text that has to be there. Errors: Malformed."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    text = value if isinstance(value, str) else ""
    if not 0 < len(text) <= _LONGEST_TEXT or not text.isprintable():
        raise Malformed(f"no {key} in a {type(raw).__name__}")
    return text


def id_of(raw: Any, key: str) -> str:
    """Give an id that has to be there, a text or a whole number. Errors: Malformed."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return digits(value)
    return text_of(raw, key)


def optional_id(value: Any) -> str:
    """Give an id, "" for what is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return number(value) or ""
    text = value if isinstance(value, str) else ""
    return text if len(text) <= _LONGEST_TEXT and text.isprintable() else ""


def word(value: Any) -> str:
    """Give a word in lower case without separators (`PARTIALLY_FILLED`: `partiallyfilled`).

    Guarantee:  "" for what is no text.
    """
    return _word(value[:_LONGEST_TEXT]) if isinstance(value, str) else ""


@lru_cache(maxsize=1_000)
def _word(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def table(raw: Any, key: str) -> Raw:
    """Give a structure within a structure, an empty one for what is none."""
    value = raw.get(key) if isinstance(raw, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def structure(raw: Any) -> Raw:
    """Give a structure back. Errors: Malformed for what is none."""
    if not isinstance(raw, Mapping):
        raise Malformed(f"no structure, but a {type(raw).__name__}")
    return raw


def structures(answer: Any) -> list[Raw]:
    """Give the structures of a list, or of a dictionary by symbol; what is none is left out.

    Errors:  Malformed for any other answer.
    """
    if isinstance(answer, Mapping):
        answer = answer.values()
    elif not isinstance(answer, list | tuple):
        raise Malformed(f"no list of structures, but a {type(answer).__name__}")
    return [each for each in answer if isinstance(each, Mapping)]


def instant(value: Any) -> int | None:
    """Read a UTC epoch time in ms; None for what is none (absent, text, not in 1970 to 9999)."""
    text = number(value)
    if text is None:
        return None
    at_ms = int(text.partition(".")[0])
    return at_ms if 0 < at_ms < _LAST_MS else None


def plausible(at_ms: int, now_ms: int) -> int:
    """Give an instant of an exchange's message back, unless it lies a day ahead.

    Errors:  Malformed: a wrong time would make every true one look old.
    """
    if at_ms > now_ms + DAY_MS:
        raise Malformed(f"a time a day ahead: {at_ms}")
    return at_ms


def in_base_units(contracts: Digits | None, market: Raw) -> Digits | None:
    """Give contracts in base units, by the market's contract size. Errors: as `times_size`."""
    return None if contracts is None else times_size(contracts, market.get("contractSize"))


def times_size(contracts: Digits, contract_size: Any) -> Digits:
    """Give contracts in base units; as they are where a contract is one, or its size unknown.

    Errors:  Malformed for a product that no market has.
    """
    size = above_zero(contract_size)
    if size is None or Decimal(size) == 1:
        return contracts
    return digits(EXACT.multiply(Decimal(contracts), Decimal(size)))


def plain(exact: Decimal) -> Digits:
    """Write a number out, without an exponent."""
    return format(exact, "f")
