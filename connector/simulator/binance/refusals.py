"""The trading side's refusals as Binance's codes and texts.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/error-code
"""

from connector.simulator.binance.order_parameters import GOOD_TILL_DATE
from connector.simulator.binance.parameters import Rejected
from connector.simulator.trading.refusal import Reason, Refused

_CODES: dict[Reason, tuple[int, str]] = {
    Reason.PRICE_ABOVE_CAP: (-4016, "Limit price can't be higher than {}."),
    Reason.PRICE_BELOW_FLOOR: (-4024, "Limit price can't be lower than {}."),
    Reason.PRICE_TOO_HIGH: (-4002, "Price greater than max price."),
    Reason.QUANTITY_TOO_LARGE: (-4005, "Quantity greater than max quantity."),
    Reason.NOTIONAL_TOO_SMALL: (
        -4164,
        "Order's notional must be no smaller than {} (unless you choose reduce only).",
    ),
    Reason.NO_COUNTERPARTY: (
        -4131,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    ),
    Reason.DUPLICATE_CLIENT_ID: (-4116, "ClientOrderId is duplicated."),
    Reason.LEG_MISMATCH: (-4061, "Order's position side does not match user's setting."),
    Reason.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Reason.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected."
        " The order will not be recorded in the order history",
    ),
    Reason.NOT_WHOLE: (
        -5021,
        "Due to the order could not be filled immediately, the FOK order has been rejected."
        " The order will not be recorded in the order history",
    ),
    Reason.MARGIN: (-2019, "Margin is insufficient."),
    Reason.NOTIONAL_AT_LEVERAGE: (
        -2027,
        "Exceeded the maximum allowable position at current leverage.",
    ),
    Reason.TOO_MANY_OPEN: (-2025, "Reach max open order limit."),
    Reason.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    Reason.NOT_CHANGED: (-5027, "No need to modify the order."),
    Reason.NOT_AMENDABLE: (-5025, "Only limit order is supported."),
    Reason.EXPIRY: (-5040, GOOD_TILL_DATE),
    Reason.LEVERAGE: (-4028, "Leverage {} is not valid"),
}


def rejected(refused: Refused) -> Rejected:
    """Say a refusal in the exchange's words."""
    code, text = _CODES[refused.reason]
    return Rejected(code, text.format(refused.detail))
