"""What an account's owner hears of."""

from enum import StrEnum
from typing import Protocol

import msgspec

from connector.simulator.trading.order import Fill, Order
from connector.simulator.trading.position import Position


class Change(StrEnum):
    """What happened to an order."""

    PLACED = "placed"
    TRADED = "traded"
    LIQUIDATED = "liquidated"
    CANCELED = "canceled"
    EXPIRED = "expired"
    AMENDED = "amended"


class Cause(StrEnum):
    """Why balances or positions changed."""

    ORDER = "order"
    FUNDING = "funding"
    MARGIN_TYPE = "margin_type"
    MARGIN_TRANSFER = "margin_transfer"
    INSURANCE = "insurance"


class AccountChange(msgspec.Struct, frozen=True):
    """Balances and positions that changed together."""

    cause: Cause
    assets: dict[str, int]
    """By asset, the balance's change other than by profit and commission."""
    positions: list[Position]
    at_ms: int


class TradingListener(Protocol):
    """Hears at once, in order; what it is given changes later and must be written down now."""

    def on_order(self, order: Order, change: Change, fill: Fill | None, at_ms: int) -> None:
        """Hear that an order changed."""
        ...

    def on_account(self, change: AccountChange) -> None:
        """Hear that balances or positions changed; always before the order that caused it."""
        ...

    def on_leverage(self, symbol: str, leverage: int, at_ms: int) -> None:
        """Hear that an instrument's leverage was set."""
        ...
