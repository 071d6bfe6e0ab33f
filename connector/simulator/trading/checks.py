"""What an order must satisfy before it is taken, in the order in which it is looked at."""

from connector.simulator.market.listing import Listing
from connector.simulator.trading.account import Account
from connector.simulator.trading.brackets import greatest_notional
from connector.simulator.trading.margin import asset_margin
from connector.simulator.trading.matching import BAND_PERCENT, Take
from connector.simulator.trading.money import rounded
from connector.simulator.trading.order import Kind, Leg, Lifetime, Order, Side
from connector.simulator.trading.order_store import OrderStore
from connector.simulator.trading.refusal import Reason, Refused
from connector.simulator.trading.rules import Rules

MOST_OPEN_ORDERS = 200
"""Of one instrument."""
LEAST_LIFE_MS = 600_000
"""An order with a date must be sent this much before it."""
_MARKET_SHARE = 10
"""A market order may be a tenth of the largest limit order."""


def check(
    account: Account,
    orders: OrderStore,
    listing: Listing,
    order: Order,
    plan: list[Take],
    rules: Rules,
    at_ms: int,
) -> Reason | None:
    """Refuse what must not be taken; `plan` is what the order would take at once.

    Gives why an order is to be ended as soon as it is taken, where the rules have it so.
    """
    used = orders.has_had if rules.client_ids_for_good else orders.open_with
    if used(order.client_id):
        raise Refused(Reason.DUPLICATE_CLIENT_ID)
    if (order.leg is Leg.NET) is account.hedged:
        raise Refused(Reason.LEG_MISMATCH)
    if order.lifetime is Lifetime.UNTIL_DATE and order.expires_ms < at_ms + LEAST_LIFE_MS:
        raise Refused(Reason.EXPIRY)
    _check_size(account, listing, order, at_ms)
    _check_price(account, listing, order, plan, at_ms)
    if len(orders.open_of(order.symbol)) >= MOST_OPEN_ORDERS:
        raise Refused(Reason.TOO_MANY_OPEN)
    _check_reduction(account, order)
    unfit = _unfit(order, plan)
    if unfit is not None and not rules.takes_before_it_looks:
        raise Refused(unfit)
    _check_margin(account, orders, listing, order, plan, at_ms)
    return unfit


def check_amendment(
    account: Account,
    orders: OrderStore,
    listing: Listing,
    order: Order,
    price: int,
    steps: int,
    plan: list[Take],
    at_ms: int,
) -> None:
    """Refuse an amendment that must not be made."""
    if order.kind is not Kind.LIMIT:
        raise Refused(Reason.NOT_AMENDABLE)
    if (price, steps) == (order.price, order.steps):
        raise Refused(Reason.NOT_CHANGED)
    before = order.price, order.steps
    bound = account.order_margin(order.symbol, orders, at_ms)
    order.price, order.steps = price, steps
    try:
        _check_size(account, listing, order, at_ms)
        _check_price(account, listing, order, plan, at_ms)
        if order.lifetime is Lifetime.POST_ONLY and plan:
            raise Refused(Reason.WOULD_TAKE)
        binds_more = account.order_margin(order.symbol, orders, at_ms) > bound
        free = asset_margin(account, orders, listing.instrument.quote, at_ms).available
        if binds_more and not free:
            raise Refused(Reason.MARGIN)
    finally:
        order.price, order.steps = before


def _unfit(order: Order, plan: list[Take]) -> Reason | None:
    if order.lifetime is Lifetime.POST_ONLY and plan:
        return Reason.WOULD_TAKE
    if order.lifetime is Lifetime.WHOLE and sum(take.steps for take in plan) < order.steps:
        return Reason.NOT_WHOLE
    return None


def _check_size(account: Account, listing: Listing, order: Order, at_ms: int) -> None:
    it = listing.instrument
    most = it.most_steps if order.kind is Kind.LIMIT else it.most_steps // _MARKET_SHARE
    if order.steps > most:
        raise Refused(Reason.QUANTITY_TOO_LARGE, it.quantity_text(most))
    if order.price > it.dearest_price:
        raise Refused(Reason.PRICE_TOO_HIGH, it.price_text(it.dearest_price))
    if order.price:
        notional = order.price * order.steps * it.money_in_lot
    else:
        notional = it.value_at_mark(account.mark(order.symbol, at_ms), order.steps)
    if notional < it.least_notional and not order.reduces:
        raise Refused(Reason.NOTIONAL_TOO_SMALL, it.terms.min_notional)


def _check_price(
    account: Account, listing: Listing, order: Order, plan: list[Take], at_ms: int
) -> None:
    it = listing.instrument
    band = 100 + order.side.sign * BAND_PERCENT
    bound = rounded(account.mark(order.symbol, at_ms) * band, 100 * it.mark_units)
    if order.kind is Kind.MARKET:
        if not plan or (plan[0].price - bound) * order.side.sign > 0:
            raise Refused(Reason.NO_COUNTERPARTY)
    elif (order.price - bound) * order.side.sign > 0:
        above = order.side is Side.BUY
        reason = Reason.PRICE_ABOVE_CAP if above else Reason.PRICE_BELOW_FLOOR
        raise Refused(reason, it.price_text(bound))


def _check_reduction(account: Account, order: Order) -> None:
    if not order.reduces:
        return
    position = account.position(order.symbol, order.leg)
    if order.side.sign * position.steps >= 0:
        raise Refused(Reason.REDUCE_ONLY)


def _check_margin(
    account: Account,
    orders: OrderStore,
    listing: Listing,
    order: Order,
    plan: list[Take],
    at_ms: int,
) -> None:
    """Refuse what would bind more than is free, fee and instant loss included."""
    if order.reduces:
        return
    it = listing.instrument
    symbol = order.symbol
    before_exposure = account.exposure(symbol, order.leg, orders, at_ms)
    price = order.price
    if order.kind is Kind.MARKET:
        order.price = plan[-1].price
    elif order.side is Side.SELL:
        order.price = max(order.price, listing.book.bid)
    try:
        exposure = account.exposure(symbol, order.leg, orders, at_ms, order)
        if exposure <= before_exposure:
            return
        if exposure > greatest_notional(account.leverage(symbol)):
            raise Refused(Reason.NOTIONAL_AT_LEVERAGE)
        before = account.order_margin(symbol, orders, at_ms)
        bound = account.order_margin(symbol, orders, at_ms, order) - before
    finally:
        order.price = price
    if bound > asset_margin(account, orders, it.quote, at_ms).available:
        raise Refused(Reason.MARGIN)
