"""ccxt's caches, noting each append: what is resolved once for several rows is heard for each."""

from collections.abc import Callable
from typing import Any

from ccxt.async_support.base.ws.cache import (
    ArrayCache,
    ArrayCacheBySymbolById,
    ArrayCacheByTimestamp,
)

KEPT = 2
"""Rows that ccxt's own cache keeps: enough for its handlers; nobody else reads it."""


KEPT_BY_ID = 1000
"""Orders or trades that ccxt's handlers look up when they fill an update's gaps."""


class CandleJournal(ArrayCacheByTimestamp):
    """Candle rows of one symbol and timeframe, `[open_ms, open, high, low, close, base_qty]`."""

    def __init__(self, note: Callable[[list[Any]], None]) -> None:
        super().__init__(KEPT)
        self._note = note

    def append(self, item: list[Any]) -> None:
        """Note the row, then keep it as ccxt does."""
        self._note(item)
        self._clear_updates = True  # else each bar's instant is kept until ccxt's reader asks
        super().append(item)


class TradeJournal(ArrayCache):
    """Public trades of one symbol, ccxt's trade structure."""

    def __init__(self, note: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(KEPT)
        self._note = note

    def append(self, item: dict[str, Any]) -> None:
        """Note the trade, then keep it as ccxt does."""
        self._note(item)
        super().append(item)


class JournalById(ArrayCacheBySymbolById):
    """The account's orders, or its trades; a row is noted before it is merged with others."""

    def __init__(self, note: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(KEPT_BY_ID)
        self._note = note

    def append(self, item: dict[str, Any]) -> None:
        """Note the row, then keep it as ccxt does."""
        self._note(item)
        super().append(item)
