"""What two reports of one order say together: which goes beyond the other, and what each lacks."""

from decimal import Context, Decimal

from msgspec.structs import replace

from connector.trading import Order, OrderStatus, OrderType

ZERO = Decimal(0)

EXACT = Context(prec=120)
"""Sums of quantities lose no digit: `domain.digits` lets no number pass that is longer."""


def goes_beyond(order: Order, latest: Order) -> bool:
    """Say whether a report tells what the latest one doesn't, and doesn't go backwards.

    More executed always does: a fill is never hidden, not even after the end. Else an open
    order's end does, whatever its time, as no order is opened again; and a later change of the
    price or the quantity of an open order. Amounts are compared by value: answers and frames
    write the same number differently.
    """
    if Decimal(order.executed_qty) > Decimal(latest.executed_qty):
        return True
    if latest.status.is_terminal:
        return False
    if order.status.is_terminal:
        return True
    return order.update_time_ms > latest.update_time_ms and (
        _differ(order.quantity, latest.quantity)
        or (order.type is OrderType.LIMIT and _differ(order.price, latest.price))
    )


def completed(order: Order, known: Order | None) -> Order:
    """Fill what a report lacks from what is known, and keep the earliest creation.

    Without any instant of creation it is the first that is known of the order at all: without
    one the order would be taken for a stale one.
    """
    if order.last_trade is not None:
        order = replace(order, last_trade=None)
    if order.status is OrderStatus.NEW and Decimal(order.executed_qty) > ZERO:
        order = replace(order, status=OrderStatus.PARTIALLY_FILLED)
    created_at_ms = order.created_at_ms or order.update_time_ms
    if known is None:
        if created_at_ms != order.created_at_ms:
            order = replace(order, created_at_ms=created_at_ms)
        return order
    created_at_ms = min(created_at_ms or known.created_at_ms, known.created_at_ms)
    lacks_average = order.avg_price is None and Decimal(order.executed_qty) > ZERO
    return replace(
        order,
        order_id=order.order_id or known.order_id,
        client_order_id=order.client_order_id or known.client_order_id,
        price=known.price if order.price is None else order.price,
        quantity=order.quantity if Decimal(order.quantity) else known.quantity,
        avg_price=known.avg_price if lacks_average else order.avg_price,
        created_at_ms=created_at_ms,
        update_time_ms=order.update_time_ms or known.update_time_ms,
    )


def is_killed(order: Order) -> bool:
    """Say whether the exchange ended an order by itself, so that a CANCELED has to follow.

    That is EXPIRED, and a limit order's REJECTED: one that got as far as the stream stood at the
    exchange, so it was post-only and would have taken.
    """
    return order.status is OrderStatus.EXPIRED or (
        order.status is OrderStatus.REJECTED and order.type is OrderType.LIMIT
    )


def _differ(one: str | None, other: str | None) -> bool:
    """Whether both are told and are not the same number."""
    if one is None or other is None or one == other:
        return False
    return Decimal(one) != Decimal(other)
