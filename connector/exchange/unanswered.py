"""Orders whose callers were told that nobody knows what became of them."""

from connector.trading import Order

KEPT = 10_000
"""Client ids, the latest."""
SENT_BEFORE_MS = 30_000
"""An order is sent at most so long before its outcome is given up, both bounds and a skewed clock
included; an older one of the same client id is another."""


class Unanswered:
    """Client ids of orders that may stand, and when their callers last heard that nobody knows.

    A caller repeats such an order until he is answered, which an outage may delay for minutes. An
    order that ended meanwhile is what he asks for, not a past one of a recurring id.
    Units:  UTC ms of the exchange's clock.
    """

    def __init__(self) -> None:
        self._told: dict[str, tuple[int, int]] = {}

    def note(self, client_order_id: str, now_ms: int) -> None:
        """Note that a sending's outcome was given up."""
        self._told.pop(client_order_id, None)
        self._told[client_order_id] = now_ms - SENT_BEFORE_MS, now_ms
        if len(self._told) > KEPT:
            del self._told[next(iter(self._told))]

    def note_again(self, client_order_id: str, now_ms: int) -> None:
        """Note that a repetition, too, could not be answered."""
        if client_order_id in self._told:
            since_ms, _ = self._told[client_order_id]
            self._told[client_order_id] = since_ms, now_ms

    def settle(self, client_order_id: str) -> None:
        """Forget a client id: its order is known not to be placed."""
        self._told.pop(client_order_id, None)

    def waited_until_ms(self, order: Order) -> int:
        """Give when an order's caller was last left without an answer; 0 if he never was."""
        since_ms, until_ms = self._told.get(order.client_order_id, (0, 0))
        return until_ms if order.created_at_ms >= since_ms else 0
