"""The account's trading: orders come in, the market moves, what follows is told."""

from collections.abc import Mapping

from connector.simulator.market.listing import Listing, Trade
from connector.simulator.trading.account import Account, IncomeKind
from connector.simulator.trading.checks import check, check_amendment
from connector.simulator.trading.events import AccountChange, Cause, Change, TradingListener
from connector.simulator.trading.matching import Take, reached, takes
from connector.simulator.trading.money import MILLION, rounded
from connector.simulator.trading.order import (
    Fill,
    Kind,
    Leg,
    Lifetime,
    Order,
    OrderRequest,
    Side,
    Status,
)
from connector.simulator.trading.order_store import OrderStore
from connector.simulator.trading.position import Position
from connector.simulator.trading.refusal import Reason, Refused
from connector.simulator.trading.rules import Rules

MAKER_FEE = 200
TAKER_FEE = 500
"""Millionths of the notional."""

_FIRST_ORDER_ID = 8_389_000_000_000_000_000
_IDS_A_MS = 100
"""Ids begin where the start's instant puts them, so that another life repeats none."""


class Desk:
    """Takes orders and lets the market fill them.

    Guarantee:  nothing is filled worse than its limit or beyond its quantity; every order ends in
                one of FILLED, CANCELED, EXPIRED, and its executed quantity never falls.
    Differs:    what is taken from the book is offered again, own trades don't move the market, and
                own orders never meet each other.
    """

    def __init__(
        self,
        listings: dict[str, Listing],
        balances: Mapping[str, int],
        start_ms: int,
        fill_millionths: int,
        listener: TradingListener,
        rules: Rules,
    ) -> None:
        self.account = Account(balances, listings, start_ms)
        self.orders = OrderStore()
        self.listings = listings
        self._listener = listener
        self._rules = rules
        self._fill_millionths = fill_millionths
        self._next_order_id = _FIRST_ORDER_ID + start_ms * _IDS_A_MS
        self._next_trade_id = start_ms * _IDS_A_MS

    @property
    def next_order_id(self) -> int:
        """The id that the next order gets."""
        return self._next_order_id

    def place(self, request: OrderRequest, at_ms: int) -> Order:
        """Take an order; what it can take from the book, it takes at once.

        By the exchange's rules, one that may not be kept as asked is refused, or taken and ended.
        Errors:  Refused, and nothing was done.
        """
        listing = self.listings[request.symbol]
        limit = request.price if request.kind is Kind.LIMIT else 0
        plan = takes(listing.book, request.side, request.steps, limit)
        order = self._draft(request, at_ms)
        unfit = check(self.account, self.orders, listing, order, plan, self._rules, at_ms)
        self._next_order_id += 1
        self.orders.add(order)
        self._listener.on_order(order, Change.PLACED, None, at_ms)
        if unfit is not None:
            self._end(order, Status.CANCELED, at_ms, unfit)
            return order
        for take in plan:
            if order.is_open:
                self._fill(order, take, maker=False, at_ms=at_ms)
        rests = order.kind is Kind.LIMIT and order.lifetime is not Lifetime.IMMEDIATE
        if order.is_open and not rests:
            self._end(order, Status.EXPIRED, at_ms, Reason.NO_COUNTERPARTY)
        return order

    def cancel(self, order: Order, at_ms: int) -> None:
        """Cancel an open order; UNKNOWN_ORDER if it is not open."""
        if not order.is_open:
            raise Refused(Reason.UNKNOWN_ORDER)
        self._end(order, Status.CANCELED, at_ms)

    def expire(self, order: Order, at_ms: int) -> None:
        """End an open order as the exchange does by itself."""
        if not order.is_open:
            raise Refused(Reason.UNKNOWN_ORDER)
        self._end(order, Status.EXPIRED, at_ms)

    def amend(self, order: Order, price: int, steps: int, at_ms: int) -> None:
        """Give an open limit order another price and quantity; it keeps its id.

        A quantity at or below what is executed cancels it, and so does a price at which a post-only
        order would take. What else crosses takes.
        """
        if not order.is_open:
            raise Refused(Reason.UNKNOWN_ORDER)
        if steps <= order.filled:
            self._end(order, Status.CANCELED, at_ms)
            return
        listing = self.listings[order.symbol]
        plan = takes(listing.book, order.side, steps - order.filled, price)
        try:
            check_amendment(self.account, self.orders, listing, order, price, steps, plan, at_ms)
        except Refused as refused:
            if refused.reason is not Reason.WOULD_TAKE:
                raise
            self._end(order, Status.CANCELED, at_ms, refused.reason)
            return
        order.price, order.steps, order.updated_ms = price, steps, at_ms
        self._listener.on_order(order, Change.AMENDED, None, at_ms)
        for take in plan:
            if order.is_open:
                self._fill(order, take, maker=False, at_ms=at_ms)

    def fill_by_hand(self, order: Order, steps: int, price: int, at_ms: int) -> None:
        """Fill an open order as a maker, outside of the market; its own price if `price` is 0.

        Errors:  Refused UNKNOWN_ORDER if it is not open, ValueError for a price that it forbids.
        """
        if not order.is_open:
            raise Refused(Reason.UNKNOWN_ORDER)
        if price and (order.price - price) * order.side.sign < 0:
            raise ValueError(f"order {order.client_id} may not be filled worse than its limit")
        self._fill(order, Take(price or order.price, steps), maker=True, at_ms=at_ms)

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        """Let a market trade fill what it reaches: best price first, its share of the trade."""
        symbol = listing.instrument.name
        resting = self.orders.open_of(symbol)
        if resting and self._fill_millionths:
            left = max(1, trade.steps * self._fill_millionths // MILLION)
            for order in reached(resting, trade):
                if not left:
                    break
                if order.is_open:
                    steps = min(left, order.remaining)
                    left -= steps
                    self._fill(order, Take(order.price, steps), maker=True, at_ms=trade.at_ms)

    def expire_dated(self, at_ms: int) -> None:
        """Let the orders expire whose date has come."""
        for symbol in self.orders.symbols:
            for order in self.orders.open_of(symbol):
                if order.expires_ms and order.expires_ms <= at_ms:
                    self._end(order, Status.EXPIRED, at_ms)

    def close_position(self, position: Position, at_ms: int, client_id: str) -> None:
        """Close a position at the market as a liquidation: at the best price, whole."""
        listing = self.listings[position.symbol]
        side = Side.SELL if position.steps > 0 else Side.BUY
        price = listing.book.bid if side is Side.SELL else listing.book.ask
        request = OrderRequest(
            symbol=position.symbol,
            side=side,
            kind=Kind.LIMIT,
            steps=abs(position.steps),
            price=price,
            lifetime=Lifetime.IMMEDIATE,
            leg=position.leg,
            client_id=client_id,
        )
        order = self._draft(request, at_ms)
        order.liquidation = True
        self._next_order_id += 1
        self.orders.add(order)
        self._listener.on_order(order, Change.PLACED, None, at_ms)
        self._fill(order, Take(price, order.steps), maker=False, at_ms=at_ms)

    def _draft(self, request: OrderRequest, at_ms: int) -> Order:
        return Order(
            order_id=self._next_order_id,
            symbol=request.symbol,
            side=request.side,
            kind=request.kind,
            lifetime=request.lifetime,
            leg=request.leg,
            reduce_only=request.reduce_only,
            client_id=request.client_id,
            price=request.price,
            steps=request.steps,
            created_ms=at_ms,
            updated_ms=at_ms,
            expires_ms=request.expires_ms,
        )

    def _fill(self, order: Order, take: Take, *, maker: bool, at_ms: int) -> None:
        """Execute a part of an order, no more than it may: position, wallet, order, in words."""
        account = self.account
        position = account.position(order.symbol, order.leg)
        steps = min(take.steps, order.remaining)
        if order.reduces:
            steps = min(steps, max(0, -order.side.sign * position.steps))
        if steps:
            instrument = self.listings[order.symbol].instrument
            price_of_step = take.price * instrument.money_in_lot
            fee = rounded(price_of_step * steps * (MAKER_FEE if maker else TAKER_FEE), MILLION)
            taken = position.take(price_of_step, order.side.sign * steps, fee)
            if order.symbol in account.isolated:
                position.isolated_wallet += rounded(
                    taken.opened_cost, account.leverage(order.symbol)
                )
            position.updated_ms = at_ms
            trade_id = self._next_trade_id
            self._next_trade_id += 1
            earned = (order.symbol, taken.realised, at_ms, trade_id)
            account.earn(IncomeKind.REALISED, *earned)
            account.earn(IncomeKind.COMMISSION, order.symbol, -fee, at_ms, trade_id)
            order.filled += steps
            order.turnover += take.price * steps
            order.fee += fee
            order.updated_ms = at_ms
            order.status = Status.PARTIALLY_FILLED if order.remaining else Status.FILLED
            fill = Fill(
                trade_id=trade_id,
                order_id=order.order_id,
                client_id=order.client_id,
                symbol=order.symbol,
                side=order.side,
                leg=order.leg,
                price=take.price,
                steps=steps,
                fee=fee,
                realised=taken.realised,
                maker=maker,
                at_ms=at_ms,
            )
            self.orders.fills.append(fill)
            if not order.is_open:
                self.orders.finish(order)
            self._tell_account(order.symbol, position, at_ms)
            change = Change.LIQUIDATED if order.liquidation else Change.TRADED
            self._listener.on_order(order, change, fill, at_ms)
        self._expire_needless(order.symbol, order.leg, at_ms)

    def _tell_account(self, symbol: str, position: Position, at_ms: int) -> None:
        asset = self.account.asset_of(symbol)
        self._listener.on_account(AccountChange(Cause.ORDER, {asset: 0}, [position], at_ms))

    def _expire_needless(self, symbol: str, leg: Leg, at_ms: int) -> None:
        """Let reduce-only orders expire that have nothing left to reduce."""
        steps = self.account.position(symbol, leg).steps
        for order in self.orders.open_of(symbol):
            if order.reduces and order.leg is leg and order.side.sign * steps >= 0:
                self._end(order, Status.EXPIRED, at_ms, Reason.REDUCE_ONLY)

    def _end(self, order: Order, status: Status, at_ms: int, reason: Reason | None = None) -> None:
        order.status = status
        order.ended_by = reason
        order.updated_ms = at_ms
        self.orders.finish(order)
        change = Change.CANCELED if status is Status.CANCELED else Change.EXPIRED
        self._listener.on_order(order, change, None, at_ms)
