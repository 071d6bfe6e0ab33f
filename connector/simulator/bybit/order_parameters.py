"""An order's parameters, with what is wrong with them.

Source:  bybit-exchange.github.io/docs/v5/order/create-order
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from connector.simulator.bybit.answers import Rejected
from connector.simulator.bybit.ids import order_number
from connector.simulator.bybit.parameters import Parameters
from connector.simulator.bybit.words import KINDS, LEGS, LIFETIMES, SIDES
from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.order import Kind, Lifetime, OrderRequest

T = TypeVar("T")

_PARAMS = 10001
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")


def order_request(parameters: Parameters, make_client_id: Callable[[], str]) -> OrderRequest:
    """Read a new order."""
    parameters.linear()
    it = parameters.listing().instrument
    kind = _one_of(parameters.mandatory("orderType"), KINDS, "OrderType invalid.")
    if parameters.text("triggerPrice"):
        raise Rejected(_PARAMS, "conditional orders are not taken here")
    lifetime, price = Lifetime.UNTIL_CANCELED, 0
    if kind is Kind.LIMIT:
        named = parameters.text("timeInForce") or "GTC"
        lifetime = _one_of(named, LIFETIMES, "timeInForce invalid")
        price = price_in_ticks(parameters, it)
    leg = _one_of(parameters.text("positionIdx") or "0", LEGS, "position idx invalid")
    return OrderRequest(
        symbol=it.name,
        side=_one_of(parameters.mandatory("side"), SIDES, "Side invalid"),
        kind=kind,
        steps=quantity_in_steps(parameters, it),
        price=price,
        lifetime=lifetime,
        leg=leg,
        reduce_only=parameters.flag("reduceOnly"),
        client_id=_link_id(parameters) or make_client_id(),
    )


def price_in_ticks(parameters: Parameters, it: Instrument) -> int:
    """Read `price`."""
    return _count(parameters.mandatory("price"), it.terms.tick, "price invalid")


def quantity_in_steps(parameters: Parameters, it: Instrument) -> int:
    """Read `qty`."""
    return _count(parameters.mandatory("qty"), it.terms.step, "Qty invalid")


def order_handle(parameters: Parameters) -> tuple[int | None, str | None]:
    """Read which order is meant: `orderId`, or without it `orderLinkId`.

    An id that is no order's gives one that there is not.
    """
    order_id, link_id = parameters.text("orderId"), parameters.text("orderLinkId")
    if order_id:
        return order_number(order_id) or 0, None
    if not link_id:
        raise Rejected(_PARAMS, "params error: orderId or orderLinkId is required")
    return None, link_id


def _count(text: str, unit: str, wrong: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise Rejected(_PARAMS, wrong)
    count, rest = divmod(Decimal(text), Decimal(unit))
    if rest or not count:
        raise Rejected(_PARAMS, wrong)
    return int(count)


def _link_id(parameters: Parameters) -> str:
    link_id = parameters.text("orderLinkId")
    if link_id and not _LINK_ID.fullmatch(link_id):
        raise Rejected(_PARAMS, "params error: OrderLinkId invalid")
    return link_id


def _one_of(text: str, names: dict[str, T], wrong: str) -> T:
    found = names.get(text)
    if found is None:
        raise Rejected(_PARAMS, wrong)
    return found
