"""The trading side's refusals as Bybit's codes and texts.

Source:  bybit-exchange.github.io/docs/v5/error
"""

from connector.simulator.bybit.answers import Rejected
from connector.simulator.trading.refusal import Reason, Refused

_PRICE = (110003, "Order price exceeds the allowable range.")

_CODES: dict[Reason, tuple[int, str]] = {
    Reason.PRICE_ABOVE_CAP: _PRICE,
    Reason.PRICE_BELOW_FLOOR: _PRICE,
    Reason.PRICE_TOO_HIGH: _PRICE,
    Reason.NO_COUNTERPARTY: _PRICE,
    Reason.QUANTITY_TOO_LARGE: (
        10001,
        "The number of contracts exceeds maximum limit allowed: too large",
    ),
    Reason.NOTIONAL_TOO_SMALL: (110094, "Order does not meet minimum order value {}USDT"),
    Reason.DUPLICATE_CLIENT_ID: (110072, "OrderLinkedID is duplicate"),
    Reason.LEG_MISMATCH: (10001, "position idx not match position mode"),
    Reason.REDUCE_ONLY: (
        110017,
        "current position is zero, cannot fix reduce-only order qty",
    ),
    Reason.MARGIN: (110007, "ab not enough for new order"),
    Reason.NOTIONAL_AT_LEVERAGE: (
        110090,
        "Order placement failed as your position may exceed the max. limit. Please adjust your"
        " leverage to increase the max. limit",
    ),
    Reason.TOO_MANY_OPEN: (110020, "You are not allowed to have more than 200 active orders"),
    Reason.UNKNOWN_ORDER: (110001, "order not exists or too late to cancel"),
    Reason.NOT_CHANGED: (
        10001,
        "The order remains unchanged as the parameters entered match the existing ones.",
    ),
    Reason.NOT_AMENDABLE: (10001, "The order type does not support amendment"),
    Reason.LEVERAGE: (10001, "leverage invalid"),
}


def rejected(refused: Refused) -> Rejected:
    """Say a refusal in the exchange's words."""
    code, text = _CODES[refused.reason]
    return Rejected(code, text.format(refused.detail))
