"""An order's parameters, with the codes of what is wrong with them.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api/New-Order and
         .../error-code
"""

import re
from collections.abc import Callable
from decimal import Decimal

from connector.simulator.binance.parameters import Parameters, Rejected, not_sent
from connector.simulator.binance.words import CONDITIONAL_TYPES, KINDS, LEGS, LIFETIMES, SIDES
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.listing import Listing
from connector.simulator.trading.order import Kind, Leg, Lifetime, OrderRequest, Side

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
_SIGNED = re.compile(r"-[0-9]{1,20}(\.[0-9]{1,20})?")
_CLIENT_ID = re.compile(r"[\.A-Z\:/a-z0-9_-]*")
_LONGEST_CLIENT_ID = 36
_RESPONSES = ("ACK", "RESULT")
_GREATEST_DATE_MS = 253_402_300_799_000


def order_request(
    parameters: Parameters, *, hedged: bool, make_client_id: Callable[[], str]
) -> OrderRequest:
    """Read a new order."""
    listing = parameters.listing()
    side = _side(parameters)
    kind = _kind(parameters)
    leg = _leg(parameters)
    if hedged and parameters.text("reduceOnly") is not None:
        raise _not_required("reduceOnly")
    if parameters.flag("closePosition"):
        named = parameters.text("type")
        message = f"Target strategy invalid for orderType {named},closePosition true"
        raise Rejected(-4136, message)
    if (parameters.text("priceMatch") or "NONE") != "NONE":
        raise Rejected(-5037, "Invalid price match")
    if (parameters.text("newOrderRespType") or "ACK") not in _RESPONSES:
        raise Rejected(-1136, "Invalid newOrderRespType.")
    price, lifetime, expires_ms = 0, Lifetime.UNTIL_CANCELED, 0
    if kind is Kind.LIMIT:
        lifetime = _lifetime(parameters)
        expires_ms = _date(parameters, lifetime)
        price = price_in_ticks(parameters, listing.instrument)
    else:
        for name in ("timeInForce", "price"):
            if parameters.text(name) is not None:
                raise _not_required(name)
    return OrderRequest(
        symbol=listing.instrument.name,
        side=side,
        kind=kind,
        steps=quantity_in_steps(parameters, listing),
        price=price,
        lifetime=lifetime,
        leg=leg,
        reduce_only=parameters.flag("reduceOnly"),
        client_id=_client_id(parameters) or make_client_id(),
        expires_ms=expires_ms,
    )


def price_in_ticks(parameters: Parameters, it: Instrument) -> int:
    """Read `price`: -4001 at or below zero, -1111 with too many digits, -4014 off the tick."""
    number = _decimal(parameters, "price")
    if number <= 0:
        raise Rejected(-4001, "Price less than 0.")
    _check_precision(number, it.price_decimals)
    ticks, rest = divmod(number, Decimal(it.terms.tick))
    if rest:
        raise Rejected(-4014, "Price not increased by tick size.")
    return int(ticks)


def quantity_in_steps(parameters: Parameters, listing: Listing) -> int:
    """Read `quantity`: -4003 at or below zero, -1111 with too many digits, -4023 off the step."""
    it = listing.instrument
    number = _decimal(parameters, "quantity")
    if number <= 0:
        raise Rejected(-4003, "Quantity less than or equal to zero.")
    _check_precision(number, it.quantity_decimals)
    steps, rest = divmod(number, Decimal(it.terms.step))
    if rest:
        raise Rejected(-4023, "Qty not increased by step size.")
    return int(steps)


def order_handle(parameters: Parameters) -> tuple[int | None, str | None]:
    """Read which order is meant: `orderId`, or without it `origClientOrderId`."""
    order_id = parameters.whole("orderId")
    client_id = parameters.text("origClientOrderId")
    if order_id is None and client_id is None:
        message = "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
        raise Rejected(-1102, message)
    return order_id, client_id


def _decimal(parameters: Parameters, name: str) -> Decimal:
    text = parameters.mandatory(name)
    if not _NUMBER.fullmatch(text) and not _SIGNED.fullmatch(text):
        raise Rejected(
            -1100,
            f"Illegal characters found in parameter '{name}';"
            " legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.",
        )
    return Decimal(text)


def _check_precision(number: Decimal, decimals: int) -> None:
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > decimals:
        raise Rejected(-1111, "Precision is over the maximum defined for this asset.")


def _side(parameters: Parameters) -> Side:
    side = SIDES.get(parameters.mandatory("side"))
    if side is None:
        raise Rejected(-1117, "Invalid side.")
    return side


def _kind(parameters: Parameters) -> Kind:
    named = parameters.mandatory("type")
    if named in CONDITIONAL_TYPES:
        message = (
            "Order type not supported for this endpoint."
            " Please use the Algo Order API endpoints instead."
        )
        raise Rejected(-4120, message)
    kind = KINDS.get(named)
    if kind is None:
        raise Rejected(-1116, "Invalid orderType.")
    return kind


def _leg(parameters: Parameters) -> Leg:
    leg = LEGS.get(parameters.text("positionSide") or "BOTH")
    if leg is None:
        raise Rejected(-4060, "Invalid position side.")
    return leg


def _lifetime(parameters: Parameters) -> Lifetime:
    lifetime = LIFETIMES.get(parameters.mandatory("timeInForce"))
    if lifetime is None:
        raise Rejected(-1115, "Invalid timeInForce.")
    return lifetime


def _date(parameters: Parameters, lifetime: Lifetime) -> int:
    date = parameters.whole("goodTillDate") or 0
    if lifetime is not Lifetime.UNTIL_DATE:
        return 0
    if not date:
        raise not_sent("goodTillDate")
    if date >= _GREATEST_DATE_MS:
        raise Rejected(-5040, GOOD_TILL_DATE)
    return date


def _client_id(parameters: Parameters) -> str | None:
    client_id = parameters.text("newClientOrderId")
    if client_id is None:
        return None
    if len(client_id) > _LONGEST_CLIENT_ID:
        raise Rejected(-4015, "Client order id length should not be more than 36 chars")
    if not _CLIENT_ID.fullmatch(client_id):
        raise Rejected(-4015, "Client order id is not valid.")
    return client_id


def _not_required(name: str) -> Rejected:
    return Rejected(-1106, f"Parameter '{name.lower()}' sent when not required.")


GOOD_TILL_DATE = (
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds"
    " and smaller than 253402300799000"
)
