"""Bybit's names for what the market and the trading side call otherwise."""

from connector.simulator.trading.order import Kind, Leg, Lifetime, Side, Status
from connector.simulator.trading.refusal import Reason

LINEAR = "linear"
CATEGORIES = ("spot", LINEAR, "inverse", "option")

INTERVALS = {
    "1": "1m",
    "3": "3m",
    "5": "5m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "120": "2h",
    "240": "4h",
    "360": "6h",
    "720": "12h",
    "D": "1d",
    "W": "1w",
    "M": "1M",
}

SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
KINDS = {"Limit": Kind.LIMIT, "Market": Kind.MARKET}
LIFETIMES = {
    "GTC": Lifetime.UNTIL_CANCELED,
    "IOC": Lifetime.IMMEDIATE,
    "FOK": Lifetime.WHOLE,
    "PostOnly": Lifetime.POST_ONLY,
}
LEGS = {"0": Leg.NET, "1": Leg.LONG, "2": Leg.SHORT}

SIDE = {side: name for name, side in SIDES.items()}
KIND = {kind: name for name, kind in KINDS.items()}
LIFETIME = {lifetime: name for name, lifetime in LIFETIMES.items()}
POSITION_INDEX = {leg: int(name) for name, leg in LEGS.items()}
STATUS = {
    Status.NEW: "New",
    Status.PARTIALLY_FILLED: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.CANCELED: "Cancelled",
    Status.EXPIRED: "Cancelled",
}
REJECTION = {
    Reason.WOULD_TAKE: "EC_PostOnlyWillTakeLiquidity",
    Reason.NOT_WHOLE: "EC_CancelForNoFullFill",
    Reason.NO_COUNTERPARTY: "EC_NoImmediateQtyToFill",
}
"""Why an order ended that its owner didn't cancel; others have EC_NoError."""
CANCELLATION = {
    Reason.REDUCE_ONLY: "CancelByReduceOnly",
    Reason.WOULD_TAKE: "UNKNOWN",
    Reason.NOT_WHOLE: "UNKNOWN",
    Reason.NO_COUNTERPARTY: "UNKNOWN",
}
"""Who cancelled it; others: CancelByUser."""
