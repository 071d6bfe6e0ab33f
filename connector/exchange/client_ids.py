"""Client order ids: what the caller says ↔ what an exchange takes, and ours for who says none.

Each exchange takes other characters and lengths. An id that it takes is sent as it is; any other
is sent as a hash of it, always the same one, and `OrderIds` remembers whose it was. Every order
gets an id from here, so that ccxt never makes up its own (`x-…`, `t-…`, a broker's tag).
"""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from types import MappingProxyType

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


GENERIC = ClientIdRule(36, "A-Za-z0-9_-")
"""Of an exchange without a row."""

_BINANCE = ClientIdRule(36, r".A-Z:/a-z0-9_\-")
_OKX = ClientIdRule(32, "A-Za-z0-9")
_GATE = ClientIdRule(28, r"0-9A-Za-z._\-", prefix="t-")

RULES: Mapping[str, ClientIdRule] = MappingProxyType(
    {
        # `^[\.A-Z\:/a-z0-9_-]{1,36}$`: USD-M "New Order" newClientOrderId; spot the same
        # ("Illegal characters found in parameter 'newClientOrderId'; legal range is …").
        "binance": _BINANCE,
        "binanceusdm": _BINANCE,
        "binancecoinm": _BINANCE,
        "binanceus": _BINANCE,
        # orderLinkId: "a max of 36 characters. Combinations of numbers, letters (upper and lower
        # cases), dashes, and underscores are supported", Bybit v5 "Place Order"; ccxt bybit.py too.
        "bybit": GENERIC,
        # clOrdId: "a combination of case-sensitive alphanumerics, all numbers, or all letters of up
        # to 32 characters", OKX v5 "Place order"; ccxt okx.py: "up to 32 characters".
        "okx": _OKX,
        "okxus": _OKX,
        "myokx": _OKX,
        # text: "prefixed with t-, no longer than 28 bytes without t- prefix, can only include
        # 0-9, A-Z, a-z, underscores (_), hyphens (-) or dots (.)", Gate v4. ccxt (gate.py) refuses
        # more than 28 *with* it, and prefixes only what doesn't begin with "t".
        "gate": _GATE,
        "gateio": _GATE,
        # clientOid: `^[\.A-Z\:/a-z0-9_-]{1,32}$`, Bitget "ClientOid Constraints". Errors 40304 and
        # 40305 speak of 50 and 64 characters; what all its accounts take is this.
        "bitget": ClientIdRule(32, r".A-Z:/a-z0-9_\-"),
        # newClientOrderId: `^[a-zA-Z0-9_-]{1,32}$`, MEXC spot v3; externalOid of its contracts: 32.
        "mexc": ClientIdRule(32, r"a-zA-Z0-9_\-"),
        # "letters, numbers, and _, 1-40 characters" (ccxt bingx.py); BingX lowers their case.
        "bingx": ClientIdRule(40, "a-z0-9_"),
        # cl_ord_id: a UUID, or "free text" of up to 18 characters, Kraken "cl_ord_id" guide.
        "kraken": ClientIdRule(18, r"A-Za-z0-9_\-"),
        # cloid: "128 bit hex string, e.g. 0x1234567890abcdef1234567890abcdef", Hyperliquid.
        "hyperliquid": ClientIdRule(34, "0-9a-f", prefix="0x", min_length=34),
    }
)


def rule_of(exchange_id: str) -> ClientIdRule:
    """Give an exchange's rule, or the generic one."""
    return RULES.get(exchange_id, GENERIC)


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


def new_client_order_id(rule: ClientIdRule = GENERIC) -> str:
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
