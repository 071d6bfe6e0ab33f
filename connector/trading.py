"""Orders, trades, positions and the account: frozen values in base units and exact decimal text."""

from enum import StrEnum

import msgspec

from connector.domain import Digits


class Side(StrEnum):
    """Of an order or a trade."""

    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    """What is placed; conditional orders are not."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """How long an order stands."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    """Post-only: refused rather than taking."""


class OrderStatus(StrEnum):
    """Where an order is in its life."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        """Whether nothing can follow."""
        return self not in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


class MarginMode(StrEnum):
    """How the account's collateral is shared."""

    REGULAR = "regular"
    UNIFIED = "unified"
    PORTFOLIO = "portfolio"


class OrderRequest(msgspec.Struct, frozen=True):
    """An order to be placed, as its caller wants it: unrounded, quantity in base units.

    `client_order_id` is the caller's own text, or one of ours; `price` is None for MARKET.
    """

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Digits
    price: Digits | None
    client_order_id: str
    reduce_only: bool = False
    use_margin: bool = False

    @property
    def post_only(self) -> bool:
        """Whether it must not take."""
        return self.time_in_force is TimeInForce.GTX


class Trade(msgspec.Struct, frozen=True):
    """One fill of an order; fee and realised profit as the exchange says, None when it doesn't."""

    trade_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    price: Digits
    quantity: Digits
    fee: Digits | None
    fee_asset: str
    timestamp_ms: int
    realized_pnl: Digits | None = None


class Order(msgspec.Struct, frozen=True):
    """An order's state, or one update of it.

    `exchange_order_id` is the exchange's own text, `order_id` the positive int64 that clients know;
    `executed_qty` is cumulative; `last_trade` the fill that made this update, if one did; `price`
    None where none is told (a MARKET order's), `avg_price` where none is known.
    """

    exchange_order_id: str
    order_id: int
    client_order_id: str
    symbol: str
    side: Side
    type: OrderType
    status: OrderStatus
    price: Digits | None
    quantity: Digits
    executed_qty: Digits
    avg_price: Digits | None
    created_at_ms: int
    update_time_ms: int
    last_trade: Trade | None = None


class Position(msgspec.Struct, frozen=True):
    """A symbol's net position in base units: short is negative, flat is 0.

    None is what the exchange doesn't tell (`margin_type`: ""); `maintenance_margin` is in the
    settlement asset. `leverage` is None until it was asked for, then 1 if nobody tells.
    """

    symbol: str
    size: Digits
    entry_price: Digits | None
    mark_price: Digits | None
    unrealized_pnl: Digits | None
    leverage: int | None
    margin_type: str
    isolated_margin: Digits | None
    liquidation_price: Digits | None
    maintenance_margin: Digits | None = None


class Balance(msgspec.Struct, frozen=True):
    """One asset's wallet: total, and what of it is free (None where nobody tells)."""

    asset: str
    total: Digits
    free: Digits | None


class Account(msgspec.Struct, frozen=True):
    """The account as a whole, in its own quote asset.

    `health_score` is 0 to 1, 1 safe; None where nothing good is known (then nothing is published).
    Amounts are None where the exchange doesn't tell them and they can't be reckoned.
    """

    total_wallet_balance: Digits
    total_margin_balance: Digits | None
    available_balance: Digits | None
    positions: tuple[Position, ...]
    account_leverage: int
    is_unified: bool
    health_score: Digits | None
    margin_mode: MarginMode
    adjusted_equity: Digits | None
    total_maintenance_margin: Digits | None

    @property
    def is_fit(self) -> bool:
        """Whether it may be told: with every leverage known, by which engines stop.

        Of a unified account they take no health score for 0.
        """
        is_known = all(each.leverage is not None for each in self.positions)
        return is_known and (self.health_score is not None or not self.is_unified)


class KeyPermissions(msgspec.Struct, frozen=True):
    """What a key may do at the exchange, and whether it is bound to addresses."""

    read: bool
    trade: bool
    withdraw: bool
    bound_to_addresses: bool
