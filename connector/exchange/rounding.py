"""Fit an order to its market: price to the tick, quantity down to the step, limits checked."""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import msgspec

from connector.domain import Digits, SymbolInfo, digits
from connector.errors import InvalidOrder, Malformed
from connector.exchange.parse_fields import EXACT
from connector.trading import OrderRequest, OrderType, Side


def fitted(request: OrderRequest, info: SymbolInfo) -> OrderRequest:
    """Give the order as the market takes it, quantity still in base units.

    Guarantee:  a post-only price is rounded away from the market (buy down, sell up); a quantity
                never grows.
    Errors:     InvalidOrder for what is no number, not above zero, or below the market's limits.
    """
    quantity = _above_zero("quantity", request.quantity)
    step = None if info.step_size is None else Decimal(info.step_size)
    if step is not None:
        quantity = _to_step(quantity, step, ROUND_DOWN)
        if quantity <= 0:
            raise InvalidOrder(f"quantity {request.quantity} is below one step of {_text(step)}")
    price = None
    if request.type is OrderType.LIMIT:
        price = _above_zero("price", request.price or "")
        if info.tick_size is not None:
            price = _to_step(price, Decimal(info.tick_size), _price_rounding(request))
            if price <= 0:
                raise InvalidOrder(f"price {request.price} is below one tick of {info.tick_size}")
    _check_limits(request, info, quantity, price)
    return msgspec.structs.replace(
        request, quantity=_text(quantity), price=None if price is None else _text(price)
    )


def contracts(quantity: Digits, contract_size: Digits | None) -> Digits:
    """Give base units as the exchange counts them."""
    if contract_size is None or Decimal(contract_size) == 1:
        return quantity
    return _text(EXACT.divide(Decimal(quantity), Decimal(contract_size)))


def _check_limits(
    request: OrderRequest, info: SymbolInfo, quantity: Decimal, price: Decimal | None
) -> None:
    if info.min_quantity is not None and quantity < Decimal(info.min_quantity):
        raise InvalidOrder(f"quantity {_text(quantity)} is below the least, {info.min_quantity}")
    if price is None or info.min_notional is None or request.reduce_only:
        return
    notional = EXACT.multiply(quantity, price)
    if notional < Decimal(info.min_notional):
        raise InvalidOrder(
            f"quantity times price is {_text(notional)}, below the least, {info.min_notional}"
        )


def _price_rounding(request: OrderRequest) -> str:
    if not request.post_only:
        return ROUND_HALF_EVEN
    return ROUND_FLOOR if request.side is Side.BUY else ROUND_CEILING


def _to_step(number: Decimal, step: Decimal, rounding: str) -> Decimal:
    steps = EXACT.divide(number, step).to_integral_value(rounding, EXACT)
    return EXACT.multiply(steps, step)


def _above_zero(name: str, text: str) -> Decimal:
    try:
        number = Decimal(digits(text))
    except Malformed:
        raise InvalidOrder(f"{name} {text[:40]!r} is no number") from None
    if number <= 0:
        raise InvalidOrder(f"{name} {text[:40]} is not above zero")
    return number


def _text(number: Decimal) -> Digits:
    return format(number.normalize(EXACT), "f")
