"""Client order ids: what the caller says ↔ what an exchange takes, and ours for who says none.

Each exchange takes other characters and lengths. An id that it takes is sent as it is; any other
is sent as a hash of it, always the same one, and `OrderIds` remembers whose it was. Every order
gets an id from here, so that ccxt never makes up its own (`x-…`, `t-…`, a broker's tag).
"""

import re
import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

from connector.exchange.order_ids import OrderIds

MINTED = "oc"
"""Ids of ours begin with it, after the exchange's own prefix."""
TRANSLATED = "ot"
"""Hashes of a caller's id begin with it, where the exchange's alphabet has these letters."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MOST_HASHED = 32
"""Characters of a hash, if there is room: 165 bits in base 36, 128 in hex."""


@dataclass(frozen=True)
class ClientIdRule:
    """What an exchange takes: `prefix`, then characters of the class `allowed` (as in a regex).

    Lengths count the prefix.
    """

    max_length: int
    allowed: str
    prefix: str = ""
    min_length: int = 1

    def takes(self, client_order_id: str) -> bool:
        """Whether the exchange takes this id as it is."""
        return (
            self.min_length <= len(client_order_id) <= self.max_length
            and self._pattern.fullmatch(client_order_id) is not None
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(f"{re.escape(self.prefix)}[{self.allowed}]+")

    @cached_property
    def alphabet(self) -> str:
        """Digits of a number written in this rule's characters."""
        return "".join(re.findall(f"[{self.allowed}]", _DIGITS))


GENERIC_RULE = ClientIdRule(36, "A-Za-z0-9_-")
"""Of an exchange whose `Way` tells no other."""


def translate(rule: ClientIdRule, client_order_id: str) -> str:
    """Give what is sent for a caller's id: itself where the exchange takes it, else its hash.

    Guarantee:  the rule takes the result, whatever the text; the same for ever and everywhere;
                two texts meet with a chance of 2^-80 at most, by the room that the rule leaves.
    """
    if rule.takes(client_order_id):
        return client_order_id
    mark = TRANSLATED if set(TRANSLATED) <= set(rule.alphabet) else ""
    room = rule.max_length - len(rule.prefix) - len(mark)
    return rule.prefix + mark + _hashed(client_order_id, rule.alphabet, min(room, _MOST_HASHED))


def new_client_order_id(rule: ClientIdRule = GENERIC_RULE) -> str:
    """Mint an id for an order whose caller gave none.

    Shapes:     `oc`, 11 characters of microseconds, 10 of chance: 23 of a-z and 0-9, after the
                rule's prefix; where the rule can't take that, the hash of it.
    Guarantee:  unique; of one process, later ids sort after earlier ones.
    """
    global _last_us
    _last_us = max(_last_us + 1, time.time_ns() // 1000)
    chance = secrets.randbelow(36**10)
    minted = MINTED + _written(_last_us, _DIGITS, 11) + _written(chance, _DIGITS, 10)
    return translate(rule, rule.prefix + minted)


_last_us = 0


class ClientIds:
    """The ids of one account's callers, in its exchange's language and back."""

    def __init__(self, rule: ClientIdRule, order_ids: OrderIds) -> None:
        self._rule, self._order_ids = rule, order_ids

    def sent(self, client_order_id: str) -> str:
        """Give what to send for a caller's id, and remember whose it is."""
        sent = self._order_ids.renewed_id(client_order_id) or translate(self._rule, client_order_id)
        if sent != client_order_id:
            self._order_ids.note_sent_id(sent, client_order_id)
        return sent

    def renew(self, client_order_id: str) -> None:
        """Send another id for a caller's from now on, also after a restart: that one is used up."""
        sent = translate(self._rule, f"{client_order_id}\0{new_client_order_id()}")
        self._order_ids.note_renewed_id(client_order_id, sent)

    def caller(self, sent_id: str) -> str:
        """Give the caller's id of one that the exchange names; one not of ours as it is."""
        return self._order_ids.caller_id(sent_id)


def _hashed(text: str, alphabet: str, length: int) -> str:
    raw = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    return _written(int.from_bytes(raw) % len(alphabet) ** length, alphabet, length)


def _written(number: int, alphabet: str, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(reversed(digits))
