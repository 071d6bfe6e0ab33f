"""What an order finds in the book, and which resting orders a trade reaches."""

from collections.abc import Iterable
from typing import NamedTuple

from connector.simulator.market.book import Book
from connector.simulator.market.listing import Trade
from connector.simulator.trading.order import Order, Side

BAND_PERCENT = 5
"""How far from the mark an order's price may be, and from the best price a market order reaches."""


class Take(NamedTuple):
    """Ticks and steps of one level taken."""

    price: int
    steps: int


def takes(book: Book, side: Side, steps: int, limit: int) -> list[Take]:
    """Walk through the book's levels until the quantity or the limit (0: the band) ends it.

    The book is not changed: what was taken there is offered again.
    """
    best = book.ask if side is Side.BUY else book.bid
    if not limit:
        limit = best + side.sign * (best * BAND_PERCENT // 100)
    found: list[Take] = []
    price = best
    while steps and price > 0 and (limit - price) * side.sign >= 0:
        taken = min(steps, book.steps_at(price))
        found.append(Take(price, taken))
        steps -= taken
        price += side.sign
    return found


def reached(orders: Iterable[Order], trade: Trade) -> list[Order]:
    """Give the orders that a market trade reaches: best price first, then the oldest.

    A trade through an order's price reaches it; one at its price if the taker was on the other
    side.
    """
    found = [order for order in orders if _is_reached(order, trade)]
    return sorted(found, key=lambda order: (-order.side.sign * order.price, order.order_id))


def _is_reached(order: Order, trade: Trade) -> bool:
    beyond = (order.price - trade.price) * order.side.sign
    return beyond > 0 or (beyond == 0 and trade.taker_bought is (order.side is Side.SELL))
