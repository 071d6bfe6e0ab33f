"""What an account's owner may set: leverage, margin type, position mode."""

from connector.simulator.trading.brackets import GREATEST_LEVERAGE, greatest_notional
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.events import AccountChange, Cause, TradingListener
from connector.simulator.trading.margin import asset_margin
from connector.simulator.trading.order import Leg
from connector.simulator.trading.refusal import Reason, Refused


class Settings:
    """Sets, or raises Refused and leaves all as it was."""

    def __init__(self, desk: Desk, listener: TradingListener) -> None:
        self._desk = desk
        self._listener = listener

    def set_leverage(self, symbol: str, leverage: int, at_ms: int) -> None:
        """Set it, if what is held and ordered fits under it.

        Errors:  Refused LEVERAGE out of range, NOTIONAL_AT_LEVERAGE, MARGIN, OPEN_POSITION for an
                 isolated position at less leverage.
        """
        account, orders = self._desk.account, self._desk.orders
        if not 1 <= leverage <= GREATEST_LEVERAGE:
            raise Refused(Reason.LEVERAGE, str(leverage))
        before = account.leverage(symbol)
        held = account.positions_of(symbol)
        if symbol in account.isolated and held and leverage < before:
            raise Refused(Reason.OPEN_POSITION)
        for leg in (Leg.LONG, Leg.SHORT) if account.hedged else (Leg.NET,):
            if account.exposure(symbol, leg, orders, at_ms) > greatest_notional(leverage):
                raise Refused(Reason.NOTIONAL_AT_LEVERAGE)
        account.set_leverage(symbol, leverage)
        figures = asset_margin(account, orders, account.asset_of(symbol), at_ms)
        if leverage < before and (held or orders.open_of(symbol)) and not figures.available:
            account.set_leverage(symbol, before)
            raise Refused(Reason.MARGIN)
        self._listener.on_leverage(symbol, leverage, at_ms)

    def set_isolated(self, symbol: str, isolated: bool, at_ms: int) -> None:
        """Set aside margin for an instrument alone, or not.

        Errors:  Refused NOT_CHANGED, OPEN_ORDERS, OPEN_POSITION.
        """
        account = self._desk.account
        if (symbol in account.isolated) is isolated:
            raise Refused(Reason.NOT_CHANGED)
        if self._desk.orders.open_of(symbol):
            raise Refused(Reason.OPEN_ORDERS)
        if account.positions_of(symbol):
            raise Refused(Reason.OPEN_POSITION)
        (account.isolated.add if isolated else account.isolated.discard)(symbol)
        legs = (Leg.LONG, Leg.SHORT) if account.hedged else (Leg.NET,)
        positions = [account.position(symbol, leg) for leg in legs]
        self._listener.on_account(AccountChange(Cause.MARGIN_TYPE, {}, positions, at_ms))

    def set_hedged(self, hedged: bool) -> None:
        """Hold long and short apart, or not.

        Errors:  Refused NOT_CHANGED, OPEN_ORDERS, OPEN_POSITION.
        """
        account = self._desk.account
        if account.hedged is hedged:
            raise Refused(Reason.NOT_CHANGED)
        if self._desk.orders.symbols:
            raise Refused(Reason.OPEN_ORDERS)
        if account.held():
            raise Refused(Reason.OPEN_POSITION)
        account.hedged = hedged
