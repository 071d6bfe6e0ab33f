"""Why the exchange does not do what it was asked; each dialect has its own codes for these."""

from enum import StrEnum


class Reason(StrEnum):
    """What stands against it."""

    PRICE_ABOVE_CAP = "price_above_cap"
    PRICE_BELOW_FLOOR = "price_below_floor"
    PRICE_TOO_HIGH = "price_too_high"
    QUANTITY_TOO_LARGE = "quantity_too_large"
    NOTIONAL_TOO_SMALL = "notional_too_small"
    NO_COUNTERPARTY = "no_counterparty"
    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    LEG_MISMATCH = "leg_mismatch"
    REDUCE_ONLY = "reduce_only"
    WOULD_TAKE = "would_take"
    NOT_WHOLE = "not_whole"
    MARGIN = "margin"
    NOTIONAL_AT_LEVERAGE = "notional_at_leverage"
    TOO_MANY_OPEN = "too_many_open"
    UNKNOWN_ORDER = "unknown_order"
    NOT_CHANGED = "not_changed"
    NOT_AMENDABLE = "not_amendable"
    EXPIRY = "expiry"
    LEVERAGE = "leverage"
    OPEN_ORDERS = "open_orders"
    OPEN_POSITION = "open_position"


class Refused(Exception):
    """Nothing was done. `detail` is the number that the answer may name, as text."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason.value, detail)
        self.reason = reason
        self.detail = detail
