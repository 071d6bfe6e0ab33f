"""What holds whatever is ordered, traded, changed and settled, in any order."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from connector.simulator.trading.account import IncomeKind
from connector.simulator.trading.events import Change
from connector.simulator.trading.money import MILLION, rounded
from connector.simulator.trading.order import Kind, Leg, Lifetime, Order, Side, Status
from connector.simulator.trading.refusal import Refused
from tests.simulator.trading_floor import START_MONEY, Floor

NEAR = st.integers(-60, 60)
STEPS = st.integers(2, 400)
SIDES = st.sampled_from(Side)
LIFETIMES = st.sampled_from([each for each in Lifetime if each is not Lifetime.UNTIL_DATE])
MIDDLE = 971_231

Action = Callable[[Floor], object]


@st.composite
def actions(draw: DrawFn) -> Action:
    kind = draw(st.sampled_from(["limit", "market", "trade", "cancel", "amend", "fill", "time"]))
    side, steps, away = draw(SIDES), draw(STEPS), draw(NEAR)
    reduce_only, lifetime = draw(st.booleans()), draw(LIFETIMES)
    if kind == "limit":
        price = MIDDLE + away
        return lambda floor: floor.place(
            side, steps, price, lifetime=lifetime, reduce_only=reduce_only
        )
    if kind == "market":
        return lambda floor: floor.place(side, steps, reduce_only=reduce_only)
    if kind == "trade":
        return lambda floor: floor.trade(MIDDLE + away, steps, taker_bought=side is Side.BUY)
    if kind == "time":
        return lambda floor: floor.pass_time(steps * 60)
    return _with_an_open_order(kind, steps, away)


def _with_an_open_order(kind: str, steps: int, away: int) -> Action:
    def act(floor: Floor) -> None:
        orders = floor.desk.orders.every_open()
        if not orders:
            return
        order = orders[steps % len(orders)]
        if kind == "cancel":
            floor.desk.cancel(order, floor.now_ms)
        elif kind == "amend":
            floor.desk.amend(order, MIDDLE + away, steps, floor.now_ms)
        else:
            floor.desk.fill_by_hand(order, 1 + steps // 4, 0, floor.now_ms)

    return act


@settings(max_examples=60)
@given(
    done=st.lists(actions(), min_size=1, max_size=25),
    money=st.sampled_from([START_MONEY, START_MONEY // 500]),
    isolated=st.booleans(),
)
def test_money_positions_and_orders_are_accounted_for(
    done: list[Action], money: int, isolated: bool
) -> None:
    floor = Floor(fill_millionths=600_000, money=money)
    if isolated:
        floor.settings.set_isolated("BTCUSDT", True, floor.now_ms)
    for action in done:
        with suppress(Refused):
            action(floor)
    orders = list(floor.desk.orders.every())
    assert_money_is_conserved(floor, money)
    assert_positions_are_sums_of_fills(floor)
    assert_fills_keep_to_their_orders(floor, orders)
    assert_orders_live_forward(floor, orders)


def assert_money_is_conserved(floor: Floor, money: int) -> None:
    account = floor.account
    assert account.wallets["USDT"] == money + sum(each.amount for each in account.income)
    fees = sum(each.amount for each in account.income if each.kind is IncomeKind.COMMISSION)
    realised = sum(each.amount for each in account.income if each.kind is IncomeKind.REALISED)
    assert fees == -sum(fill.fee for fill in floor.fills())
    it = floor.market.listings["BTCUSDT"].instrument
    received = sum(
        -fill.side.sign * fill.price * fill.steps * it.money_in_lot for fill in floor.fills()
    )
    position = account.position("BTCUSDT", Leg.NET)
    assert realised == position.realised == received + position.cost
    if not position.steps:
        assert position.cost == position.isolated_wallet == position.fees == 0
    assert (position.cost > 0) is (position.steps > 0)
    assert position.isolated_wallet == 0 or "BTCUSDT" in account.isolated


def assert_positions_are_sums_of_fills(floor: Floor) -> None:
    assert floor.position() == sum(fill.side.sign * fill.steps for fill in floor.fills())


def assert_fills_keep_to_their_orders(floor: Floor, orders: list[Order]) -> None:
    fills = defaultdict(list)
    for fill in floor.fills():
        fills[fill.order_id].append(fill)
    assert len({fill.trade_id for fill in floor.fills()}) == len(floor.fills())
    for order in orders:
        own = fills.pop(order.order_id, [])
        assert order.filled == sum(fill.steps for fill in own)
        assert order.turnover == sum(fill.steps * fill.price for fill in own)
        assert 0 <= order.filled <= order.steps
        assert (order.status is Status.FILLED) is (order.filled == order.steps)
        for fill in own:
            rate = 200 if fill.maker else 500
            assert fill.fee == rounded(fill.price * fill.steps * 10_000 * rate, MILLION)
    assert not fills


def assert_orders_live_forward(floor: Floor, orders: list[Order]) -> None:
    told = defaultdict(list)
    for each in floor.told:
        told[each.order_id].append(each)
    ended = {Status.FILLED, Status.CANCELED, Status.EXPIRED}
    assert set(told) == {order.order_id for order in orders}
    for order in orders:
        steps = told[order.order_id]
        assert steps[0].change is Change.PLACED
        executed = [each.filled for each in steps]
        assert executed == sorted(executed)
        assert all(each.status not in ended for each in steps[:-1])
        assert steps[-1].status == order.status
        assert order.is_open or order.status in ended
        if order.kind is Kind.MARKET or order.lifetime is Lifetime.IMMEDIATE:
            assert not order.is_open


@settings(max_examples=40)
@given(
    side=SIDES,
    steps=st.integers(1, 3_000),
    away=st.integers(0, 60),
    trades=st.lists(st.tuples(NEAR, st.integers(1, 300), st.booleans()), max_size=15),
)
def test_no_fill_is_worse_than_the_limit(
    side: Side, steps: int, away: int, trades: list[tuple[int, int, bool]]
) -> None:
    floor = Floor(fill_millionths=1_000_000)
    limit = MIDDLE + side.sign * away
    with suppress(Refused):
        floor.place(side, steps, limit)
    for moved, size, bought in trades:
        floor.trade(MIDDLE + moved, size, taker_bought=bought)
    for fill in floor.fills():
        assert (limit - fill.price) * side.sign >= 0
        assert not fill.maker or fill.price == limit
