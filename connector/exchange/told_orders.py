"""The open orders as clients were last told of them, kept across a restart, also after a crash."""

import msgspec
import structlog

from connector.exchange.order_ids import OrderIds
from connector.trading import Order

log = structlog.get_logger(__name__)


class ToldOrders:
    """One account's orders that are open as far as was told.

    Guarantee:  nothing waits for a disk; a crash forgets what was noted in the last 50 ms.
    """

    def __init__(self, ids: OrderIds) -> None:
        self._ids = ids

    def note(self, order: Order) -> None:
        """Note an order as it is being told; one that is over is forgotten."""
        key = f"{order.symbol} {order.exchange_order_id}"
        kept = msgspec.structs.replace(order, last_trade=None)
        text = "" if order.status.is_terminal else msgspec.json.encode(kept).decode()
        self._ids.note_told(key, text, order.symbol)

    def before(self) -> list[Order]:
        """Give the orders that the process before this one told as open, in no order."""
        orders: list[Order] = []
        for text in self._ids.told():
            try:
                orders.append(msgspec.json.decode(text, type=Order))
            except msgspec.DecodeError as error:  # written by another version
                log.warning("an order of before is not readable", error=str(error))
        return orders
