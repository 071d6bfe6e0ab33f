"""The instruments there are: well-known ones first, invented ones up to 500."""

import re
from functools import cache
from typing import cast

from connector.simulator.market.instrument import Terms
from connector.simulator.market.noise import hashed, seed_of

MOST_SYMBOLS = 500

_WELL_KNOWN = (
    ("BTC", "USDT", "97123.10", "0.10", "0.001", "100"),
    ("ETH", "USDT", "3412.55", "0.01", "0.001", "20"),
    ("BNB", "USDT", "655.340", "0.010", "0.01", "5"),
    ("SOL", "USDT", "187.3400", "0.0100", "0.01", "5"),
    ("XRP", "USDT", "2.2871", "0.0001", "0.1", "5"),
    ("DOGE", "USDT", "0.324510", "0.000010", "1", "5"),
    ("ADA", "USDT", "0.89450", "0.00010", "1", "5"),
    ("TRX", "USDT", "0.25631", "0.00001", "1", "5"),
    ("AVAX", "USDT", "37.1230", "0.0010", "1", "5"),
    ("LINK", "USDT", "22.487", "0.001", "0.01", "20"),
    ("LTC", "USDT", "104.37", "0.01", "0.001", "20"),
    ("BCH", "USDT", "441.92", "0.01", "0.001", "20"),
    ("DOT", "USDT", "6.914", "0.001", "0.1", "5"),
    ("SUI", "USDT", "4.123400", "0.000100", "0.1", "5"),
    ("APT", "USDT", "9.02300", "0.00100", "0.1", "5"),
    ("NEAR", "USDT", "5.1370", "0.0010", "1", "5"),
    ("UNI", "USDT", "13.3810", "0.0010", "1", "5"),
    ("FIL", "USDT", "5.012", "0.001", "0.1", "5"),
    ("1000PEPE", "USDT", "0.0197430", "0.0000010", "1", "5"),
    ("1000SATS", "USDT", "0.00023457", "0.00000001", "1", "5"),
    ("BTC", "USDC", "97130.0", "0.1", "0.001", "50"),
    ("ETH", "USDC", "3412.80", "0.01", "0.001", "20"),
)
"""Asset, quote, start price, tick, step, least notional."""

_QUOTES = ("USDT", "USDC")
_NAME = re.compile(rf"([A-Z0-9]{{1,14}})({'|'.join(_QUOTES)})")
_HEADS = ("AL", "BO", "CRE", "DA", "EN", "FLO", "GRA", "HE", "IX", "JU", "KO", "LU")
_MIDDLES = ("RA", "MI", "NO", "TE", "VU", "ZA", "LI")
_TAILS = ("X", "N", "DOT", "RA", "S", "FI")
_STEPS = ((100, "0.01"), (1, "0.1"))
_SALT = seed_of("catalogue")


@cache
def catalogue() -> dict[str, Terms]:
    """Give all 500 instruments by name, in the order in which a count takes them."""
    listed: dict[str, Terms] = {}
    for row in _WELL_KNOWN:
        terms = Terms(*row, position=len(listed))
        listed[terms.name] = terms
    number = 0
    while len(listed) < MOST_SYMBOLS:
        terms = _invented(_asset(number), "USDT", position=len(listed))
        listed.setdefault(terms.name, terms)
        number += 1
    return listed


def chosen_terms(symbols: object) -> tuple[Terms, ...]:
    """Give the instruments that a count or a tuple of names stands for.

    Errors:  ValueError that says what is allowed.
    """
    if type(symbols) is int:
        if not 1 <= symbols <= MOST_SYMBOLS:
            raise ValueError(f"symbols must be 1 to {MOST_SYMBOLS}, got {symbols}")
        return tuple(catalogue().values())[:symbols]
    if not isinstance(symbols, tuple):
        raise ValueError(f"symbols must be a count or a tuple of names, got {symbols!r}")
    symbols = cast("tuple[object, ...]", symbols)
    if not 1 <= len(symbols) <= MOST_SYMBOLS:
        raise ValueError(f"symbols must name 1 to {MOST_SYMBOLS} symbols, got {len(symbols)}")
    if len(set(symbols)) != len(symbols):
        raise ValueError("symbols must not name a symbol twice")
    return tuple(_named(name) for name in symbols)


def _named(name: object) -> Terms:
    shape = _NAME.fullmatch(name) if isinstance(name, str) else None
    known = catalogue().get(shape[0]) if shape else None
    if known is not None:
        return known
    if shape is None:
        raise ValueError(
            f"symbol {name!r} is not a name like BTCUSDT: upper-case letters and digits,"
            f" ending in {' or '.join(_QUOTES)}"
        )
    return _invented(shape[1], shape[2], position=MOST_SYMBOLS + seed_of(shape[0]) % 10_000)


def _asset(number: int) -> str:
    number, tail = divmod(number, len(_TAILS))
    number, middle = divmod(number, len(_MIDDLES))
    return _HEADS[number % len(_HEADS)] + _MIDDLES[middle] + _TAILS[tail]


def _invented(asset: str, quote: str, position: int) -> Terms:
    """Draw a start price of four to five digits somewhere between 0.001 and 1000."""
    draw = hashed(_SALT, seed_of(asset, quote))
    magnitude = draw % 6 - 3
    ticks = 10_000 + (draw >> 8) % 90_000
    decimals = 4 - magnitude
    tick = f"{10**-decimals:.{decimals}f}"
    price = f"{ticks // 10**decimals}.{ticks % 10**decimals:0{decimals}d}"
    whole = ticks // 10**decimals
    step = next((step for least, step in _STEPS if whole >= least), "1")
    return Terms(asset, quote, price, tick, step, "5", position)
