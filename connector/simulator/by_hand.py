"""The embedded exchange's account, looked at and pushed about by whoever started it."""

from connector.simulator.running import Running
from connector.simulator.trading.order import Order
from connector.simulator.trading.snapshots import (
    BalanceSnapshot,
    OrderSnapshot,
    PositionSnapshot,
    balance_snapshot,
    order_snapshot,
    position_snapshot,
)


class AccountByHand:
    """The account's half of `Simulator`, which runs it."""

    @property
    def _now(self) -> Running:
        """What is running. Errors: RuntimeError when nothing is."""
        raise NotImplementedError

    @property
    def orders_placed(self) -> dict[str, int]:
        """How many orders were taken, by client order id."""
        return dict(self._now.desk.orders.placed)

    def orders(self, *, only_open: bool = False) -> list[OrderSnapshot]:
        """Give the account's orders, oldest first."""
        orders = self._now.desk.orders
        return [
            self._snapshot(each) for each in (orders.every_open() if only_open else orders.every())
        ]

    def order(self, symbol: str, client_order_id: str) -> OrderSnapshot:
        """Give the open order of a client id, or the last one; KeyError if there was none."""
        return self._snapshot(self._found(symbol, client_order_id))

    def positions(self) -> list[PositionSnapshot]:
        """Give the positions that are not flat."""
        desk, now_ms = self._now.desk, self._now.market.now_ms
        return [position_snapshot(desk, each, now_ms) for each in desk.account.held()]

    def balances(self) -> dict[str, BalanceSnapshot]:
        """Give each asset's figures."""
        desk, now_ms = self._now.desk, self._now.market.now_ms
        return {asset: balance_snapshot(desk, asset, now_ms) for asset in desk.account.wallets}

    def fill(
        self,
        symbol: str,
        order: int | str,
        quantity: str | None = None,
        price: str | None = None,
    ) -> OrderSnapshot:
        """Fill an open order (id or client id) as a maker, wholly or in part; give it afterwards.

        The frames go out when the loop's turn ends, together with those of other calls: several
        fills in one turn are one piece on the wire.
        Errors:  KeyError for an order that never was, RuntimeError for one that is not open,
                 ValueError for a price worse than its limit.
        """
        running = self._now
        running.let_happen()
        found = self._open(symbol, order)
        it = running.market.listings[symbol].instrument
        steps = found.remaining if quantity is None else it.steps(quantity)
        ticks = 0 if price is None else it.ticks(price)
        running.desk.fill_by_hand(found, steps, ticks, running.market.now_ms)
        running.hub.flush_soon()
        return self._snapshot(found)

    def cancel(self, symbol: str, order: int | str, *, expired: bool = False) -> OrderSnapshot:
        """End an open order without its owner's asking: canceled, or expired."""
        running = self._now
        running.let_happen()
        found = self._open(symbol, order)
        end = running.desk.expire if expired else running.desk.cancel
        end(found, running.market.now_ms)
        running.hub.flush_soon()
        return self._snapshot(found)

    def _found(self, symbol: str, order: int | str) -> Order:
        by_id = order if isinstance(order, int) else None
        found = self._now.desk.orders.find(symbol, by_id, str(order))
        if found is None:
            raise KeyError(f"no order {order!r} of {symbol}")
        return found

    def _open(self, symbol: str, order: int | str) -> Order:
        found = self._found(symbol, order)
        if not found.is_open:
            raise RuntimeError(f"order {order!r} of {symbol} is not open: {found.status}")
        return found

    def _snapshot(self, order: Order) -> OrderSnapshot:
        it = self._now.market.listings[order.symbol].instrument
        return order_snapshot(it, order, self._now.dialect.order_id(order))
