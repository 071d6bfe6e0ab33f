"""What the exchange does to an account by itself: funding, dates, liquidation."""

from connector.simulator.market.funding import FUNDING_INTERVAL_MS, RATE_UNIT
from connector.simulator.market.listing import Listing
from connector.simulator.trading.account import IncomeKind
from connector.simulator.trading.brackets import maintenance_margin
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.events import AccountChange, Cause, TradingListener
from connector.simulator.trading.margin import cross_cover
from connector.simulator.trading.money import rounded
from connector.simulator.trading.position import Position


class Upkeep:
    """Hears the market after everyone else, and keeps the account in order."""

    def __init__(self, desk: Desk, listener: TradingListener) -> None:
        self._desk = desk
        self._listener = listener
        self._liquidations = 0

    def on_minute(self, listing: Listing, at_ms: int) -> None:
        """At a settlement, pay or take the funding of an instrument's positions."""
        account, symbol = self._desk.account, listing.instrument.name
        if at_ms % FUNDING_INTERVAL_MS or not (positions := account.positions_of(symbol)):
            return
        rate = listing.funding.settled_rate(at_ms)
        for position in positions:
            paid = -rounded(account.value(position, at_ms) * rate, RATE_UNIT)
            account.earn(IncomeKind.FUNDING, symbol, paid, at_ms)
            isolated = symbol in account.isolated
            if isolated:
                position.isolated_wallet += paid
            position.updated_ms = at_ms
            self._listener.on_account(
                AccountChange(
                    Cause.FUNDING,
                    {account.asset_of(symbol): paid},
                    [position] if isolated else [],
                    at_ms,
                )
            )

    def on_second(self, at_ms: int) -> None:
        """Let dated orders expire, and look at every position."""
        self._desk.expire_dated(at_ms)
        for asset in self._desk.account.wallets:
            self._look_at(asset, at_ms)

    def on_trade(self, listing: Listing, at_ms: int) -> None:
        """Look at the positions that a price moved."""
        account = self._desk.account
        if account.positions and account.positions_of(listing.instrument.name):
            self._look_at(listing.instrument.quote, at_ms)

    def _look_at(self, asset: str, at_ms: int) -> None:
        """Liquidate what is not covered: all cross positions together, isolated ones alone."""
        account = self._desk.account
        held = account.instrument_positions(asset)
        if not held:
            return
        for position in held:
            if position.symbol in account.isolated:
                covered = position.isolated_wallet + account.unrealised(position, at_ms)
                if covered < maintenance_margin(abs(account.value(position, at_ms))):
                    self._liquidate([position], at_ms)
        crossed = [each for each in held if each.symbol not in account.isolated]
        if crossed and cross_cover(account, asset, at_ms) < 0:
            self._liquidate(crossed, at_ms)

    def _liquidate(self, positions: list[Position], at_ms: int) -> None:
        """Cancel the instruments' orders, close the positions; the fund pays what is missing.

        A cross loss ends at an empty wallet, an isolated one at what was set aside.
        """
        desk, account = self._desk, self._desk.account
        symbol = positions[0].symbol
        asset = account.asset_of(symbol)
        for position in positions:
            for order in desk.orders.open_of(position.symbol):
                desk.cancel(order, at_ms)
        aside = sum(position.isolated_wallet for position in positions)
        least = account.wallets[asset] - aside if aside else 0
        for position in positions:
            self._liquidations += 1
            desk.close_position(position, at_ms, f"autoclose-{at_ms}{self._liquidations}")
        missing = least - account.wallets[asset]
        if missing > 0:
            account.earn(IncomeKind.INSURANCE, symbol, missing, at_ms)
            change = AccountChange(Cause.INSURANCE, {asset: missing}, [], at_ms)
            self._listener.on_account(change)
