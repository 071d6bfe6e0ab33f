"""One market, three spellings: `BTCUSDT`, the exchange's own id, ccxt's `BTC/USDT:USDT`."""

import difflib
import time
from collections.abc import Iterable, Mapping
from typing import Any

from connector.domain import MarketType
from connector.errors import UnknownSymbol

NEAR_MISSES = 3
LONGEST_NAME = 40
"""Beyond, nothing is like it: looking costs milliseconds, and of a megabyte seconds."""
LOOKS_PER_S, LOOKS_AT_ONCE = 4, 20
"""How often near misses are looked for, whoever asks."""
_NAMES = ("symbol", "base", "quote", "id")
"""What a market needs to be spoken of; one without any of them is left out."""


class Symbols:
    """The markets this process serves, by every spelling that a caller may use.

    Built from ccxt's market structures. Perpetuals of one base and quote may exist twice (linear
    and inverse, or settled in several currencies): the linear one whose settlement is the quote
    owns `BASEQUOTE`, the others are reached, and shown, by the exchange's own id.
    What was served `before` and is no more active stays served, unlisted: orders and a position may
    stand in it.
    """

    def __init__(
        self,
        markets: Iterable[Mapping[str, Any]],
        market_type: MarketType,
        before: "Symbols | None" = None,
    ) -> None:
        served = [
            market
            for market in markets
            if market.get(market_type.value)
            and all(isinstance(market.get(key), str) for key in _NAMES)
            and (_is_active(market) or (before is not None and before.serves(market["symbol"])))
        ]
        served.sort(
            key=lambda m: (not _is_active(m), m.get("settle") != m["quote"], str(m["symbol"]))
        )
        self._looks, self._looked_at = float(LOOKS_AT_ONCE), time.monotonic()
        self._by_text: dict[str, str] = {}
        self._canonical: dict[str, str] = {}
        for market in served:
            joined = f"{market['base']}{market['quote']}"
            if joined not in self._by_text:
                self._by_text[joined] = self._canonical[market["symbol"]] = market["symbol"]
                self._canonical[market["symbol"]] = joined
        for market in served:
            self._by_text.setdefault(str(market["id"]), market["symbol"])
            self._by_text[market["symbol"]] = market["symbol"]
            self._canonical.setdefault(market["symbol"], str(market["id"]))
        self._active = [market["symbol"] for market in served if _is_active(market)]

    def resolve(self, text: str) -> str:
        """Give ccxt's symbol of a spelling.

        Errors:  UnknownSymbol, with up to three near misses.
        """
        symbol = self._by_text.get(text)
        if symbol is None:
            raise UnknownSymbol(self._miss(text))
        return symbol

    def canonical(self, symbol: str) -> str:
        """Give `BASEQUOTE` of ccxt's symbol (the exchange's id where that names another market)."""
        return self._canonical.get(symbol, symbol)

    def serves(self, symbol: object) -> bool:
        """Whether this is ccxt's symbol of one of this process's markets."""
        return isinstance(symbol, str) and symbol in self._canonical

    def all(self) -> list[str]:
        """Every active market's canonical spelling, sorted."""
        return sorted(self._canonical[symbol] for symbol in self._active)

    def _miss(self, text: str) -> str:
        if not text:
            return "the symbol is empty; give one, for example " + (self.all() or ["BTCUSDT"])[0]
        near = self._near(text)
        hint = (
            f"; did you mean {', '.join(near)}?"
            if near
            else f"; {len(self.all())} symbols are served"
        )
        return f"{text[:40]!r} is no symbol of this exchange{hint}"

    def _near(self, text: str) -> list[str]:
        now = time.monotonic()
        filled = self._looks + (now - self._looked_at) * LOOKS_PER_S
        self._looks, self._looked_at = min(LOOKS_AT_ONCE, filled), now
        if len(text) > LONGEST_NAME or self._looks < 1:
            return []
        self._looks -= 1
        return difflib.get_close_matches(text.upper(), self.all(), NEAR_MISSES, 0.6)


def _is_active(market: Mapping[str, Any]) -> bool:
    return market.get("active") is not False
