"""Orders on the screen and as lines: asked for, or told by the stream."""

from collections.abc import Sequence

from opensqt.market_maker.v1.events_pb2 import OrderUpdate
from opensqt.market_maker.v1.resources_pb2 import Order
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.terminal.rows import Row, wide_table
from connector.terminal.words import clock_or_date, moment, short, side_word, status_word, type_word

COLUMNS = (
    "symbol",
    "order id\nclient order id",
    "price\naverage",
    "filled\nquantity",
    "status\nat (UTC)",
)
LINES = 2
"""Of one order; a folded id needs more."""
KEPT = 200
COLOURS = {"buy": "green", "sell": "red"}


class OrdersView:
    """One row an order, its newest state, the one that changed last at the bottom."""

    def __init__(self) -> None:
        self._orders: dict[int, Order | OrderUpdate] = {}

    def take(self, message: Order | OrderUpdate) -> Row:
        """Note an order's state; of those that changed long ago, some are forgotten."""
        self._orders.pop(message.order_id, None)
        self._orders[message.order_id] = message
        if len(self._orders) > KEPT:
            del self._orders[next(iter(self._orders))]
        return order_line(message)

    def table(self, height: int) -> Table:
        """Give the orders that fit."""
        return order_table(list(self._orders.values())[-max(1, height // LINES) :])


def show_orders(orders: Sequence[Order]) -> None:
    """Print orders: a table on a terminal, a line each when piped."""
    console = Console()
    if not console.is_terminal:
        for order in orders:
            print("\t".join(str(cell) for cell in order_line(order)), flush=True)
    elif orders:
        console.print(order_table(orders))
    else:
        console.print("no order is open")


def order_table(orders: Sequence[Order | OrderUpdate]) -> Table:
    """Give two lines an order, so that both its ids fit on a narrow terminal."""
    table = wide_table(*COLUMNS)
    for order in orders:
        side = side_word(order.side)
        table.add_row(
            Text(f"{order.symbol}\n")
            + Text(f"{side} {type_word(order.type)}", COLOURS.get(side, "")),
            Text(f"{order.order_id}\n{order.client_order_id}"),
            Text(f"{short(order.price.value)}\n{short(order.avg_price.value)}"),
            Text(f"{short(order.executed_qty.value)}\n{short(order.quantity.value)}"),
            Text(f"{status_word(order.status)}\n{clock_or_date(order.update_time)}"),
        )
    return table


def order_line(order: Order | OrderUpdate) -> Row:
    """Give an order's cells for a pipe; a stream's fill adds its price and quantity.

    Shapes:  order id, client order id, symbol, side, type, status, price, quantity, filled,
             average price, time (UTC); after a fill its quantity and price.
    """
    cells = (
        str(order.order_id),
        order.client_order_id,
        order.symbol,
        side_word(order.side),
        type_word(order.type),
        status_word(order.status),
        order.price.value,
        order.quantity.value,
        order.executed_qty.value,
        order.avg_price.value,
        moment(order.update_time),
    )
    if isinstance(order, OrderUpdate) and order.HasField("last_trade"):
        return (*cells, order.last_trade.quantity.value, order.last_trade.price.value)
    return cells
