"""The orders that are open, and those that were, as many as are kept."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator

from connector.simulator.trading.order import Fill, Order

KEPT_ORDERS = 20_000
"""Finished orders that can still be looked up, the newest."""
KEPT_FILLS = 20_000
_KEPT_COUNTS = 200_000


class OrderStore:
    """Orders by id and by client id; fills; how often each client id was taken."""

    def __init__(self) -> None:
        self._open: dict[str, dict[int, Order]] = {}
        self._open_by_client: dict[str, Order] = {}
        self._finished: OrderedDict[int, Order] = OrderedDict()
        self._finished_by_client: dict[str, Order] = {}
        self.fills: deque[Fill] = deque(maxlen=KEPT_FILLS)
        self.placed: Counter[str] = Counter()
        """By client id: how many orders were taken with it."""
        self.unlisted_from: int | None = None
        """Orders from this id on are in no list of open orders yet; None: all are."""

    def add(self, order: Order) -> None:
        """Take a new order in."""
        self._open.setdefault(order.symbol, {})[order.order_id] = order
        self._open_by_client[order.client_id] = order
        self.placed[order.client_id] += 1
        if len(self.placed) > _KEPT_COUNTS:
            del self.placed[next(iter(self.placed))]

    def finish(self, order: Order) -> None:
        """Move an order that is no longer open to those that were."""
        orders = self._open[order.symbol]
        del orders[order.order_id]
        if not orders:
            del self._open[order.symbol]
        del self._open_by_client[order.client_id]
        self._finished[order.order_id] = order
        self._finished_by_client[order.client_id] = order
        if len(self._finished) > KEPT_ORDERS:
            _, oldest = self._finished.popitem(last=False)
            if self._finished_by_client.get(oldest.client_id) is oldest:
                del self._finished_by_client[oldest.client_id]

    @property
    def symbols(self) -> list[str]:
        """Those that have open orders."""
        return list(self._open)

    def open_of(self, symbol: str) -> list[Order]:
        """Give an instrument's open orders, oldest first."""
        orders = self._open.get(symbol)
        return list(orders.values()) if orders else []

    def open_with(self, client_id: str) -> Order | None:
        """Give the open order of a client id."""
        return self._open_by_client.get(client_id)

    def has_had(self, client_id: str) -> bool:
        """Whether an order of a client id is open, or was."""
        return client_id in self.placed

    def every_open(self) -> list[Order]:
        """Give all open orders, oldest first."""
        orders = [order for each in self._open.values() for order in each.values()]
        return sorted(orders, key=lambda order: order.order_id)

    def listed(self, orders: list[Order]) -> list[Order]:
        """Give those of them that a list has."""
        first = self.unlisted_from
        return orders if first is None else [each for each in orders if each.order_id < first]

    def every(self) -> Iterator[Order]:
        """Give all that are kept, oldest first."""
        orders = [*self._finished.values(), *self.every_open()]
        return iter(sorted(orders, key=lambda order: order.order_id))

    def find(self, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """Look an order up, by id if there is one, else by client id: an open one, or the last."""
        if order_id is not None:
            found = self._open.get(symbol, {}).get(order_id) or self._finished.get(order_id)
        elif client_id is not None:
            found = self._open_by_client.get(client_id) or self._finished_by_client.get(client_id)
        else:
            found = None
        return found if found is not None and found.symbol == symbol else None
