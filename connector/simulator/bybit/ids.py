"""Ids as UUIDs: those of orders lead back to the number they were made of."""

from uuid import UUID

from connector.simulator.market.noise import hashed, seed_of
from connector.simulator.trading.order import Order

_BITS = 62
_ROUND = 1 << _BITS
_FACTOR = 0x2545F4914F6CDD1D
"""Odd, so that multiplying by it in 62 bits can be undone."""
_BACK = pow(_FACTOR, -1, _ROUND)
_VERSION = 4 << 12
_VARIANT = 2 << _BITS
_ORDER_SEED = seed_of("bybit", "order")
_FILL_SEED = seed_of("bybit", "fill")


def order_uuid(order_id: int) -> str:
    """Write an order's id.

    Guarantee:  another number gives another text; nothing is kept for the way back.
    """
    return str(_made(_ORDER_SEED, order_id, order_id % _ROUND * _FACTOR % _ROUND))


def order_number(text: str) -> int | None:
    """Read an order's id; None for a text that is no order's."""
    try:
        low = UUID(text).int % _ROUND * _BACK % _ROUND
    except ValueError:
        return None
    number = low + _ROUND  # the desk's numbers lie between 2^62 and 2^63
    return number if order_uuid(number) == text else None


def fill_uuid(trade_id: int) -> str:
    """Write an execution's id."""
    return str(_made(_FILL_SEED, trade_id, hashed(_FILL_SEED, trade_id) % _ROUND))


def id_of(order: Order) -> str:
    """Write the id of an order."""
    return order_uuid(order.order_id)


def _made(seed: int, number: int, low: int) -> UUID:
    high = hashed(seed, number) & ~0xF000 | _VERSION
    return UUID(int=high << 64 | _VARIANT | low)
