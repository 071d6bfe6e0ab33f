"""Binance's names for what the trading side calls otherwise."""

from connector.simulator.trading.account import IncomeKind
from connector.simulator.trading.events import Cause, Change
from connector.simulator.trading.order import Kind, Leg, Lifetime, Side, Status

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
KINDS = {"LIMIT": Kind.LIMIT, "MARKET": Kind.MARKET}
LEGS = {"BOTH": Leg.NET, "LONG": Leg.LONG, "SHORT": Leg.SHORT}
LIFETIMES = {
    "GTC": Lifetime.UNTIL_CANCELED,
    "GTD": Lifetime.UNTIL_DATE,
    "IOC": Lifetime.IMMEDIATE,
    "FOK": Lifetime.WHOLE,
    "GTX": Lifetime.POST_ONLY,
}
CONDITIONAL_TYPES = (
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
)
"""Taken at other addresses, which are not here."""

SIDE = {side: name for name, side in SIDES.items()}
KIND = {kind: name for name, kind in KINDS.items()}
LEG = {leg: name for name, leg in LEGS.items()}
LIFETIME = {lifetime: name for name, lifetime in LIFETIMES.items()}
STATUS = {status: status.value.upper() for status in Status}

EXECUTION = {
    Change.PLACED: "NEW",
    Change.TRADED: "TRADE",
    Change.LIQUIDATED: "CALCULATED",
    Change.CANCELED: "CANCELED",
    Change.EXPIRED: "EXPIRED",
    Change.AMENDED: "AMENDMENT",
}
CAUSE = {
    Cause.ORDER: "ORDER",
    Cause.FUNDING: "FUNDING_FEE",
    Cause.MARGIN_TYPE: "MARGIN_TYPE_CHANGE",
    Cause.MARGIN_TRANSFER: "MARGIN_TRANSFER",
    Cause.INSURANCE: "INSURANCE_CLEAR",
}
INCOME = {
    IncomeKind.REALISED: "REALIZED_PNL",
    IncomeKind.COMMISSION: "COMMISSION",
    IncomeKind.FUNDING: "FUNDING_FEE",
    IncomeKind.INSURANCE: "INSURANCE_CLEAR",
}
