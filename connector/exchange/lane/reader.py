"""What a reader of an exchange's frames is given, and what it gives."""

from collections.abc import Callable, Container, Hashable
from typing import Any, NamedTuple

import msgspec

from connector.domain import Candle, Digits, FundingRate, MarketType, Price
from connector.errors import Malformed
from connector.exchange.parse_fields import plausible

Value = Price | Candle | FundingRate


def priced(symbol: str, price: Digits, at_ms: int, now_ms: int) -> Price:
    """Give a price of an instant. Errors: Malformed for a time that can't be."""
    if at_ms <= 0:
        raise Malformed("a price without a time")
    return Price(symbol, price, plausible(at_ms, now_ms))


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What one frame tells of one symbol: for the channel of this name, in the frame's order."""

    channel: str
    symbol: str
    values: tuple[Value, ...]


Reader = Callable[[str, Container[str]], Reading | None]
"""(frame, message hashes for which ccxt waits) → what it tells; None: it goes ccxt's way."""

MakeReader = Callable[[Any, MarketType, Callable[[], int]], Reader]
"""(ccxt's instance, market type served, the exchange's clock in ms) → the reader."""


class Target(NamedTuple):
    """Where a frame of one kind and market belongs."""

    channel: str
    symbol: str
    message_hash: str


class Markets:
    """ccxt's symbols by the exchange's own, for one market type.

    Only where they are plain: one market of the type by that id, and no inverse contract, whose
    amounts ccxt turns about.
    """

    def __init__(
        self,
        exchange: Any,
        market_type: MarketType,
        make: Callable[..., Target | None],
    ) -> None:
        """`make` says where frames of a key belong, None: to ccxt."""
        self._exchange, self._spot = exchange, market_type is MarketType.SPOT
        self._make = make
        self._known: Any = None
        self._targets: dict[tuple[Hashable, ...], Target | None] = {}

    def target(self, *key: Hashable) -> Target | None:
        """Give what was made for a key, anew after the markets were loaded again."""
        if self._exchange.markets_by_id is not self._known:
            self._known = self._exchange.markets_by_id
            self._targets.clear()
        try:
            return self._targets[key]
        except KeyError:
            made = self._targets[key] = self._make(*key)
            return made

    def symbol(self, market_id: str) -> str | None:
        """Give ccxt's symbol, None where it isn't plain."""
        listed: Any = (self._exchange.markets_by_id or {}).get(market_id) or ()
        suits = [m for m in listed if bool(m.get("spot" if self._spot else "linear"))]
        return str(suits[0]["symbol"]) if len(suits) == 1 else None

    def interval(self, told: str) -> str | None:
        """Give ccxt's name of an interval."""
        timeframes: dict[str, str] = self._exchange.timeframes
        return next((name for name, id_ in timeframes.items() if id_ == told), None)
