"""Wallets, positions, leverage, margin."""

from collections import deque
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from connector.simulator.market.listing import Listing
from connector.simulator.trading.money import rounded
from connector.simulator.trading.order import Leg, Order, Side
from connector.simulator.trading.order_store import OrderStore
from connector.simulator.trading.position import Position

USUAL_LEVERAGE = 10
"""Exchanges begin with 20, with which an engine that trades up to 10 would refuse to trade here."""
_KEPT_INCOME = 20_000


class IncomeKind(StrEnum):
    """Why a wallet changed."""

    REALISED = "realised"
    COMMISSION = "commission"
    FUNDING = "funding"
    INSURANCE = "insurance"


class Income(msgspec.Struct, frozen=True):
    """One change of a wallet, in money."""

    income_id: int
    kind: IncomeKind
    symbol: str
    asset: str
    amount: int
    at_ms: int
    trade_id: int


class Account:
    """What one account has. Amounts are money (10^-8) of an asset.

    Guarantee:  a wallet is what it started with plus the sum of its income, always.
    """

    def __init__(
        self, balances: Mapping[str, int], listings: dict[str, Listing], start_ms: int
    ) -> None:
        assets = dict.fromkeys(each.instrument.quote for each in listings.values())
        self.wallets: dict[str, int] = {asset: 0 for asset in (*assets, *balances)}
        self.wallets.update(balances)
        self.positions: dict[tuple[str, Leg], Position] = {}
        """Every one that was ever held; a flat one has 0 steps."""
        self.income: deque[Income] = deque(maxlen=_KEPT_INCOME)
        self.isolated: set[str] = set()
        self.hedged = False
        self.updated_ms: dict[str, int] = dict.fromkeys(self.wallets, start_ms)
        self._leverage: dict[str, int] = {}
        self._listings = listings
        self._next_income = 1

    def leverage(self, symbol: str) -> int:
        """Give the leverage that is set for an instrument."""
        return self._leverage.get(symbol, USUAL_LEVERAGE)

    def set_leverage(self, symbol: str, leverage: int) -> None:
        """Set it."""
        self._leverage[symbol] = leverage

    def position(self, symbol: str, leg: Leg) -> Position:
        """Give a position, flat if there never was one."""
        found = self.positions.get((symbol, leg))
        if found is None:
            found = self.positions[symbol, leg] = Position(symbol=symbol, leg=leg)
        return found

    def positions_of(self, symbol: str) -> list[Position]:
        """Give those of an instrument that are not flat."""
        return [
            position
            for leg in Leg
            if (position := self.positions.get((symbol, leg))) is not None and position.steps
        ]

    def held(self) -> list[Position]:
        """Give those that are not flat."""
        return [position for position in self.positions.values() if position.steps]

    def earn(
        self, kind: IncomeKind, symbol: str, amount: int, at_ms: int, trade_id: int = 0
    ) -> None:
        """Change the wallet of an instrument's quote asset."""
        asset = self._listings[symbol].instrument.quote
        if not amount:
            return
        self.wallets[asset] += amount
        self.updated_ms[asset] = at_ms
        self.income.append(Income(self._next_income, kind, symbol, asset, amount, at_ms, trade_id))
        self._next_income += 1

    def mark(self, symbol: str, at_ms: int) -> int:
        """Give the mark price, in mark units."""
        listing = self._listings[symbol]
        return listing.funding.mark(listing.last.price, at_ms)

    def value(self, position: Position, at_ms: int) -> int:
        """Give what a position is worth at the mark, signed."""
        instrument = self._listings[position.symbol].instrument
        return instrument.value_at_mark(self.mark(position.symbol, at_ms), position.steps)

    def unrealised(self, position: Position, at_ms: int) -> int:
        """Give its open profit at the mark."""
        return self.value(position, at_ms) - position.cost

    def asset_of(self, symbol: str) -> str:
        """Give what an instrument is settled in."""
        return self._listings[symbol].instrument.quote

    def instrument_positions(self, asset: str) -> list[Position]:
        """Give the positions that are settled in an asset."""
        return [each for each in self.held() if self.asset_of(each.symbol) == asset]

    def cross_wallet(self, asset: str) -> int:
        """Give a wallet without what is set aside for isolated positions."""
        aside = sum(each.isolated_wallet for each in self.instrument_positions(asset))
        return self.wallets[asset] - aside

    def initial_margin(self, position: Position, at_ms: int) -> int:
        """Give what a position binds at its leverage."""
        notional = abs(self.value(position, at_ms))
        return rounded(notional, self.leverage(position.symbol))

    def exposure(
        self, symbol: str, leg: Leg, orders: OrderStore, at_ms: int, added: Order | None = None
    ) -> int:
        """Give the largest notional that a leg and its open orders can become.

        `added` is counted as if it were open too.
        """
        position = self.positions.get((symbol, leg))
        value = self.value(position, at_ms) if position is not None else 0
        lot = self._listings[symbol].instrument.money_in_lot
        bids = asks = 0
        rows = orders.open_of(symbol)
        if added is not None:
            rows.append(added)
        for order in rows:
            if order.leg is not leg or order.reduces:
                continue
            if order.side is Side.BUY:
                bids += order.price * order.remaining
            else:
                asks += order.price * order.remaining
        bids, asks = bids * lot, asks * lot
        if leg is Leg.LONG:
            return abs(value + bids)
        if leg is Leg.SHORT:
            return abs(value - asks)
        return max(abs(value + bids), abs(value - asks))

    def order_margin(
        self, symbol: str, orders: OrderStore, at_ms: int, added: Order | None = None
    ) -> int:
        """Give what an instrument's open orders bind beyond its positions."""
        bound = 0
        for leg in (Leg.LONG, Leg.SHORT) if self.hedged else (Leg.NET,):
            position = self.positions.get((symbol, leg))
            value = abs(self.value(position, at_ms)) if position is not None else 0
            wanted = added if added is not None and added.leg is leg else None
            beyond = self.exposure(symbol, leg, orders, at_ms, wanted) - value
            bound += rounded(max(beyond, 0), self.leverage(symbol))
        return bound
