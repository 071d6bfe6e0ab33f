"""Orders, positions and balances as frozen values in decimals, for those who look from outside."""

from decimal import Decimal

import msgspec

from connector.simulator.market.bar import Bar
from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.margin import asset_margin, entry_mark, liquidation_mark
from connector.simulator.trading.money import MONEY_DECIMALS, rounded
from connector.simulator.trading.order import Kind, Leg, Lifetime, Order, Side, Status
from connector.simulator.trading.position import Position


class OrderSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was when it was asked for."""

    order_id: int
    exchange_id: str
    """The id as clients see it; in some dialects a UUID."""
    client_order_id: str
    symbol: str
    side: Side
    kind: Kind
    lifetime: Lifetime
    leg: Leg
    reduce_only: bool
    status: Status
    price: Decimal
    quantity: Decimal
    executed: Decimal
    average: Decimal
    """0 while nothing is executed; to eight decimals."""
    created_ms: int
    updated_ms: int


class PositionSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A position that is not flat; `quantity` is negative for a short."""

    symbol: str
    leg: Leg
    quantity: Decimal
    entry_price: Decimal
    unrealised: Decimal
    realised: Decimal
    liquidation_price: Decimal
    leverage: int
    isolated: bool


class BarSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A candle; volume in base units."""

    opening_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


class BalanceSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One asset."""

    wallet: Decimal
    unrealised: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    available: Decimal


def order_snapshot(it: Instrument, order: Order, exchange_id: str) -> OrderSnapshot:
    """Copy an order."""
    average = rounded(order.turnover * it.mark_units, order.filled) if order.filled else 0
    return OrderSnapshot(
        order_id=order.order_id,
        exchange_id=exchange_id,
        client_order_id=order.client_id,
        symbol=order.symbol,
        side=order.side,
        kind=order.kind,
        lifetime=order.lifetime,
        leg=order.leg,
        reduce_only=order.reduce_only,
        status=order.status,
        price=Decimal(it.price_text(order.price)),
        quantity=Decimal(it.quantity_text(order.steps)),
        executed=Decimal(it.quantity_text(order.filled)),
        average=Decimal(it.mark_text(average)),
        created_ms=order.created_ms,
        updated_ms=order.updated_ms,
    )


def position_snapshot(desk: Desk, position: Position, at_ms: int) -> PositionSnapshot:
    """Copy a position, at the present mark."""
    it, account = desk.listings[position.symbol].instrument, desk.account
    ends = liquidation_mark(account, it, position, at_ms)
    return PositionSnapshot(
        symbol=position.symbol,
        leg=position.leg,
        quantity=Decimal(it.quantity_text(position.steps)),
        entry_price=Decimal(it.mark_text(entry_mark(it, position))),
        unrealised=_decimal(account.unrealised(position, at_ms)),
        realised=_decimal(position.realised),
        liquidation_price=Decimal(it.mark_text(ends)),
        leverage=account.leverage(position.symbol),
        isolated=position.symbol in account.isolated,
    )


def balance_snapshot(desk: Desk, asset: str, at_ms: int) -> BalanceSnapshot:
    """Copy an asset's figures."""
    figures = asset_margin(desk.account, desk.orders, asset, at_ms)
    return BalanceSnapshot(
        wallet=_decimal(figures.wallet),
        unrealised=_decimal(figures.unrealised),
        initial_margin=_decimal(figures.initial),
        maintenance_margin=_decimal(figures.maintenance),
        available=_decimal(figures.available),
    )


def _decimal(money: int) -> Decimal:
    return Decimal(money).scaleb(-MONEY_DECIMALS)


def bar_snapshot(it: Instrument, bar: Bar) -> BarSnapshot:
    """Give a candle as it is now."""
    return BarSnapshot(
        opening_ms=bar.opening_ms,
        open=Decimal(it.price_text(bar.open)),
        high=Decimal(it.price_text(bar.high)),
        low=Decimal(it.price_text(bar.low)),
        close=Decimal(it.price_text(bar.close)),
        volume=Decimal(it.quantity_text(bar.volume)),
    )
