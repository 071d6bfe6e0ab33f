"""What is bound, what is free, and at which price a position ends."""

from typing import NamedTuple

from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.account import Account
from connector.simulator.trading.brackets import bracket_of, maintenance_margin
from connector.simulator.trading.money import MILLION, rounded
from connector.simulator.trading.order_store import OrderStore
from connector.simulator.trading.position import Position


class AssetMargin(NamedTuple):
    """One asset's figures, in money."""

    wallet: int
    cross_wallet: int
    unrealised: int
    cross_unrealised: int
    position_margin: int
    order_margin: int
    maintenance: int
    available: int

    @property
    def balance(self) -> int:
        """Wallet plus open profit."""
        return self.wallet + self.unrealised

    @property
    def initial(self) -> int:
        """What positions and orders bind."""
        return self.position_margin + self.order_margin


def asset_margin(account: Account, orders: OrderStore, asset: str, at_ms: int) -> AssetMargin:
    """Add an asset's figures up. What is free is never below 0."""
    unrealised = cross_unrealised = position_margin = cross_margin = 0
    maintenance = 0
    for position in account.instrument_positions(asset):
        profit = account.unrealised(position, at_ms)
        bound = account.initial_margin(position, at_ms)
        least = maintenance_margin(abs(account.value(position, at_ms)))
        unrealised += profit
        position_margin += bound
        maintenance += least
        if position.symbol not in account.isolated:
            cross_unrealised += profit
            cross_margin += bound
    order_margin = sum(
        account.order_margin(symbol, orders, at_ms)
        for symbol in orders.symbols
        if account.asset_of(symbol) == asset
    )
    cross_wallet = account.cross_wallet(asset)
    return AssetMargin(
        wallet=account.wallets[asset],
        cross_wallet=cross_wallet,
        unrealised=unrealised,
        cross_unrealised=cross_unrealised,
        position_margin=position_margin,
        order_margin=order_margin,
        maintenance=maintenance,
        available=max(0, cross_wallet + cross_unrealised - cross_margin - order_margin),
    )


def cross_cover(account: Account, asset: str, at_ms: int) -> int:
    """Give what cross positions have beyond their maintenance margin; below 0 they must end."""
    cover = account.cross_wallet(asset)
    for position in account.instrument_positions(asset):
        if position.symbol not in account.isolated:
            value = account.value(position, at_ms)
            cover += value - position.cost - maintenance_margin(abs(value))
    return cover


def liquidation_mark(
    account: Account, instrument: Instrument, position: Position, at_ms: int
) -> int:
    """Give the mark price at which a position is liquidated, in mark units; 0 if there is none.

    The other positions' marks are taken as they are, and so is the bracket.
    """
    if not position.steps:
        return 0
    if position.symbol in account.isolated:
        wallet = position.isolated_wallet
    else:
        asset = instrument.quote
        own = account.value(position, at_ms)
        wallet = cross_cover(account, asset, at_ms)
        wallet -= own - position.cost - maintenance_margin(abs(own))
    bracket = bracket_of(abs(account.value(position, at_ms)))
    # wallet + value - cost = |value| x ratio - relief, with value = mark x steps
    sign = 1 if position.steps > 0 else -1
    worth = (position.cost - wallet - bracket.relief) * MILLION
    ratio = MILLION - sign * bracket.ratio
    per_mark = instrument.value_at_mark(10**instrument.mark_decimals, position.steps)
    mark = rounded(worth * 10**instrument.mark_decimals, ratio * per_mark)
    return max(mark, 0)


def entry_mark(instrument: Instrument, position: Position) -> int:
    """Give the average entry price in mark units, 0 when flat."""
    return _per_step(instrument, position, position.cost)


def break_even_mark(instrument: Instrument, position: Position) -> int:
    """Give the price that also brings back the fees of opening, in mark units."""
    return _per_step(instrument, position, position.cost + position.fees)


def _per_step(instrument: Instrument, position: Position, cost: int) -> int:
    if not position.steps:
        return 0
    per_mark = instrument.value_at_mark(10**instrument.mark_decimals, position.steps)
    return rounded(cost * 10**instrument.mark_decimals, per_mark)
