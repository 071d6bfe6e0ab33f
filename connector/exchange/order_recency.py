"""Orders that were placed a moment ago: an exchange's list may not have them yet.

A list of open orders is often answered from a copy that lags behind the books. Who placed an order
and doesn't find it in the list takes it for cancelled, so it is asked for by itself.
"""

import time
from collections.abc import Callable

from connector.trading import Order

RECENT_S = 5.0
"""After so long what a list doesn't have is not open."""

_Key = tuple[str, str]


class RecentOrders:
    """The open orders that were placed in the last `RECENT_S`, as their placing answered."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._placed: dict[_Key, tuple[float, Order]] = {}  # oldest first

    def note_placed(self, order: Order) -> None:
        """Remember an order from the answer to its placing, if it is open."""
        self._forget_old()
        if not order.status.is_terminal:
            self._placed[order.symbol, order.exchange_order_id] = (self._now_s(), order)

    def note_ended(self, symbol: str, exchange_order_id: str) -> None:
        """Forget an order that was told to be over, by whatever way."""
        self._placed.pop((symbol, exchange_order_id), None)

    def missing_in(self, listed: list[Order], symbol: str | None) -> list[Order]:
        """Give those of a symbol, or of every one, that a list of open orders doesn't have."""
        self._forget_old()
        keys = {(order.symbol, order.exchange_order_id) for order in listed}
        return [
            order
            for key, (_, order) in self._placed.items()
            if key not in keys and symbol in (None, order.symbol)
        ]

    def _forget_old(self) -> None:
        oldest = self._now_s() - RECENT_S
        while self._placed:
            key, (placed_at, _) = next(iter(self._placed.items()))
            if placed_at > oldest:
                return
            del self._placed[key]
