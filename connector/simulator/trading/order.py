"""What may be ordered, and an order's life."""

from enum import StrEnum

import msgspec

from connector.simulator.trading.refusal import Reason


class Side(StrEnum):
    """Which way."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """1 to buy, -1 to sell."""
        return 1 if self is Side.BUY else -1


class Kind(StrEnum):
    """With a price of one's own, or at any within the exchange's bounds."""

    LIMIT = "limit"
    MARKET = "market"


class Lifetime(StrEnum):
    """How long an order may rest, and whether it may take."""

    UNTIL_CANCELED = "until_canceled"
    UNTIL_DATE = "until_date"
    IMMEDIATE = "immediate"
    """What can't be filled at once expires."""
    WHOLE = "whole"
    """Filled at once and whole, or refused."""
    POST_ONLY = "post_only"
    """Refused if it would take."""


class Status(StrEnum):
    """Where an order stands; the last three end it."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Leg(StrEnum):
    """Which of an account's positions in an instrument; LONG and SHORT in hedge mode only."""

    NET = "net"
    LONG = "long"
    SHORT = "short"


class OrderRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted; prices in ticks (0 for a market order), quantities in steps."""

    symbol: str
    side: Side
    kind: Kind
    steps: int
    price: int = 0
    lifetime: Lifetime = Lifetime.UNTIL_CANCELED
    leg: Leg = Leg.NET
    reduce_only: bool = False
    client_id: str = ""
    expires_ms: int = 0
    """For UNTIL_DATE, else 0."""


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution; fee and realised profit in money."""

    trade_id: int
    order_id: int
    client_id: str
    symbol: str
    side: Side
    leg: Leg
    price: int
    steps: int
    fee: int
    realised: int
    maker: bool
    at_ms: int


class Order(msgspec.Struct, kw_only=True):
    """An order that the exchange took; changes only in the hands of `Trading`."""

    order_id: int
    symbol: str
    side: Side
    kind: Kind
    lifetime: Lifetime
    leg: Leg
    reduce_only: bool
    client_id: str
    price: int
    steps: int
    created_ms: int
    updated_ms: int
    expires_ms: int = 0
    status: Status = Status.NEW
    filled: int = 0
    turnover: int = 0
    """Executed ticks x steps."""
    fee: int = 0
    """Paid for what is executed, in money."""
    liquidation: bool = False
    ended_by: Reason | None = None
    """What ended it, other than its fills, its owner or its date."""

    @property
    def remaining(self) -> int:
        """Steps not executed."""
        return self.steps - self.filled

    @property
    def reduces(self) -> bool:
        """Whether it may only make its position smaller."""
        return self.reduce_only or (self.leg, self.side) in _CLOSING

    @property
    def is_open(self) -> bool:
        """Whether it may still be filled."""
        return self.status in (Status.NEW, Status.PARTIALLY_FILLED)


_CLOSING = ((Leg.LONG, Side.SELL), (Leg.SHORT, Side.BUY))
