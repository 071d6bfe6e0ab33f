"""A desk without sockets: a market in given time, and what it tells of the account."""

from dataclasses import dataclass

from connector.simulator import SimulatorConfig
from connector.simulator.market.bar import Bar
from connector.simulator.market.listing import Listing, Trade
from connector.simulator.market.market import Market
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.events import AccountChange, Change
from connector.simulator.trading.money import MONEY_UNIT
from connector.simulator.trading.order import Fill, Kind, Leg, Lifetime, Order, OrderRequest, Side
from connector.simulator.trading.rules import Rules
from connector.simulator.trading.settings import Settings
from connector.simulator.trading.upkeep import Upkeep
from tests.simulator.on_loopback import START_MS

START_MONEY = 100_000 * MONEY_UNIT


@dataclass(frozen=True)
class Told:
    """What was told of an order, when it was."""

    order_id: int
    change: Change
    status: str
    filled: int
    steps: int
    fill: Fill | None


class Floor:
    """Notes what it is told; the market moves by hand or by `pass_time`."""

    def __init__(
        self,
        *,
        fill_millionths: int = 1_000_000,
        money: int = START_MONEY,
        rules: Rules | None = None,
    ) -> None:
        config = SimulatorConfig(symbols=("BTCUSDT", "DOGEUSDT", "BTCUSDC"), updates_per_second=0.2)
        self.market = Market(config, START_MS, self)
        self.told: list[Told] = []
        self.changes: list[AccountChange] = []
        self.sequence: list[str] = []
        listings = self.market.listings
        self.desk = Desk(
            listings, {"USDT": money}, START_MS, fill_millionths, self, rules or Rules()
        )
        self.account = self.desk.account
        self.upkeep = Upkeep(self.desk, self)
        self.settings = Settings(self.desk, self)
        self._last_id = 0

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        self.desk.on_trade(listing, trade)
        self.upkeep.on_trade(listing, trade.at_ms)

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        self.upkeep.on_minute(listing, at_ms)

    def on_second(self, number: int, at_ms: int) -> None:
        self.upkeep.on_second(at_ms)

    def on_order(self, order: Order, change: Change, fill: Fill | None, at_ms: int) -> None:
        self.sequence.append(change.value)
        self.told.append(
            Told(order.order_id, change, order.status, order.filled, order.steps, fill)
        )

    def on_account(self, change: AccountChange) -> None:
        self.sequence.append("account")
        self.changes.append(change)

    def on_leverage(self, symbol: str, leverage: int, at_ms: int) -> None:
        self.sequence.append("leverage")

    @property
    def now_ms(self) -> int:
        return self.market.now_ms

    def pass_time(self, seconds: float) -> None:
        self.market.advance(int((self.now_ms / 1000 + seconds) * 1_000_000))

    def place(
        self,
        side: Side,
        steps: int,
        price: int = 0,
        *,
        symbol: str = "BTCUSDT",
        lifetime: Lifetime = Lifetime.UNTIL_CANCELED,
        reduce_only: bool = False,
        leg: Leg = Leg.NET,
        expires_ms: int = 0,
    ) -> Order:
        """At a price in ticks, or at the market's."""
        self._last_id += 1
        request = OrderRequest(
            symbol=symbol,
            side=side,
            kind=Kind.LIMIT if price else Kind.MARKET,
            steps=steps,
            price=price,
            lifetime=lifetime,
            leg=leg,
            reduce_only=reduce_only,
            client_id=f"floor-{self._last_id}",
            expires_ms=expires_ms,
        )
        return self.desk.place(request, self.now_ms)

    def trade(self, price: int, steps: int, *, taker_bought: bool) -> None:
        """Trade BTCUSDT at a price in ticks."""
        it = self.market.listings["BTCUSDT"].instrument
        text = it.price_text(price), it.quantity_text(steps)
        self.market.trade("BTCUSDT", *text, taker_bought)

    def position(self, symbol: str = "BTCUSDT") -> int:
        return self.account.position(symbol, Leg.NET).steps

    def fills(self) -> list[Fill]:
        return list(self.desk.orders.fills)
