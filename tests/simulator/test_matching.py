"""Which orders are filled, when, at what price, and what becomes of the rest."""

from itertools import pairwise

import pytest

from connector.simulator.market.catalogue import catalogue
from connector.simulator.market.funding import FUNDING_INTERVAL_MS
from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.account import USUAL_LEVERAGE, IncomeKind
from connector.simulator.trading.brackets import BRACKETS, maintenance_margin
from connector.simulator.trading.events import Cause
from connector.simulator.trading.margin import asset_margin, entry_mark, liquidation_mark
from connector.simulator.trading.money import MONEY_UNIT, money_of, rounded
from connector.simulator.trading.order import Leg, Lifetime, Side, Status
from connector.simulator.trading.refusal import Reason, Refused
from tests.simulator.trading_floor import START_MONEY, Floor

BUY, SELL = Side.BUY, Side.SELL
ASK, BID = 971_232, 971_231
"""BTCUSDT at the start, in ticks of 0.10."""


def test_a_trade_through_or_at_a_resting_order_fills_it_at_its_own_price() -> None:
    floor = Floor()
    order = floor.place(BUY, 10, 970_000)
    floor.trade(970_001, 100, taker_bought=False)
    floor.trade(970_000, 100, taker_bought=True)
    assert order.status is Status.NEW
    floor.trade(970_000, 4, taker_bought=False)
    assert (order.status, order.filled) == (Status.PARTIALLY_FILLED, 4)
    floor.trade(969_000, 100, taker_bought=True)
    assert (order.status, order.filled) == (Status.FILLED, 10)
    assert [(fill.price, fill.steps, fill.maker) for fill in floor.fills()] == [
        (970_000, 4, True),
        (970_000, 6, True),
    ]
    assert floor.sequence == ["placed", "account", "traded", "account", "traded"]


def test_a_share_of_a_trade_goes_to_the_best_price_first_then_to_the_oldest() -> None:
    floor = Floor(fill_millionths=500_000)
    old = floor.place(BUY, 4, 970_000)
    young = floor.place(BUY, 4, 970_000)
    best = floor.place(BUY, 4, 970_500)
    floor.trade(969_900, 18, taker_bought=False)
    assert (best.filled, old.filled, young.filled) == (4, 4, 1)
    floor.trade(969_900, 1, taker_bought=False)
    assert young.filled == 2


def test_without_a_share_resting_orders_are_filled_by_hand_only() -> None:
    floor = Floor(fill_millionths=0)
    order = floor.place(SELL, 5, 972_000)
    floor.trade(980_000, 100, taker_bought=True)
    assert order.filled == 0
    floor.desk.fill_by_hand(order, 2, 0, floor.now_ms)
    floor.desk.fill_by_hand(order, 99, 972_100, floor.now_ms)
    assert [(fill.price, fill.steps) for fill in floor.fills()] == [(972_000, 2), (972_100, 3)]


def test_a_taker_walks_through_the_book_up_to_its_limit() -> None:
    floor = Floor()
    book = floor.market.listings["BTCUSDT"].book
    first, second = book.steps_at(ASK), book.steps_at(ASK + 1)
    order = floor.place(BUY, first + second + 10, ASK + 1)
    assert [(fill.price, fill.steps) for fill in floor.fills()] == [
        (ASK, first),
        (ASK + 1, second),
    ]
    assert (order.status, order.remaining) == (Status.PARTIALLY_FILLED, 10)
    market = floor.place(SELL, 5)
    assert (market.status, floor.fills()[-1].price) == (Status.FILLED, BID)


def test_what_must_not_rest_expires_and_what_must_not_take_is_refused() -> None:
    floor = Floor()
    depth = floor.market.listings["BTCUSDT"].book.steps_at(ASK)
    some = floor.place(BUY, depth + 5, ASK, lifetime=Lifetime.IMMEDIATE)
    assert (some.status, some.filled) == (Status.EXPIRED, depth)
    with pytest.raises(Refused, match=Reason.NOT_WHOLE):
        floor.place(BUY, depth + 5, ASK, lifetime=Lifetime.WHOLE)
    whole = floor.place(BUY, depth, ASK, lifetime=Lifetime.WHOLE)
    assert whole.status is Status.FILLED
    with pytest.raises(Refused, match=Reason.WOULD_TAKE):
        floor.place(BUY, 5, ASK, lifetime=Lifetime.POST_ONLY)
    rests = floor.place(BUY, 5, BID, lifetime=Lifetime.POST_ONLY)
    assert rests.status is Status.NEW
    huge = floor.place(BUY, 3_500)
    assert huge.status is Status.FILLED
    assert huge.turnover > 3_500 * ASK


def test_an_amendment_that_would_make_a_post_only_order_take_cancels_it() -> None:
    floor = Floor()
    rests = floor.place(BUY, 5, BID, lifetime=Lifetime.POST_ONLY)
    floor.desk.amend(rests, ASK, 5, floor.now_ms)
    assert (rests.status, rests.filled) == (Status.CANCELED, 0)
    taker = floor.place(BUY, 5, BID)
    floor.desk.amend(taker, ASK, 5, floor.now_ms)
    assert taker.status is Status.FILLED


def test_a_date_ends_an_order() -> None:
    floor = Floor()
    order = floor.place(
        BUY, 5, 960_000, lifetime=Lifetime.UNTIL_DATE, expires_ms=floor.now_ms + 600_000
    )
    floor.pass_time(599)
    assert order.is_open
    floor.pass_time(2)
    assert order.status is Status.EXPIRED


def test_reduce_only_never_opens_and_expires_when_nothing_is_left() -> None:
    floor = Floor()
    with pytest.raises(Refused, match=Reason.REDUCE_ONLY):
        floor.place(SELL, 10, 972_000, reduce_only=True)
    floor.place(BUY, 10)
    with pytest.raises(Refused, match=Reason.REDUCE_ONLY):
        floor.place(BUY, 10, 960_000, reduce_only=True)
    resting = floor.place(SELL, 8, 972_000, reduce_only=True)
    small = floor.place(SELL, 1, 972_000, reduce_only=True)
    assert small.is_open
    larger = floor.place(SELL, 50, reduce_only=True)
    assert (larger.status, larger.filled) == (Status.EXPIRED, 10)
    assert floor.position() == 0
    assert resting.status is small.status is Status.EXPIRED


def test_profit_is_price_difference_and_fees_follow_the_side_that_took() -> None:
    floor = Floor(fill_millionths=1_000_000)
    floor.place(BUY, 20, 970_000)
    floor.trade(970_000, 20, taker_bought=False)
    floor.place(SELL, 10, 971_000)
    floor.trade(971_000, 10, taker_bought=True)
    opened, closed = floor.fills()
    assert opened.fee == rounded(97_000 * 20 * MONEY_UNIT // 1000 * 2, 10_000)
    assert closed.realised == 100 * 10 * MONEY_UNIT // 1000
    it = floor.market.listings["BTCUSDT"].instrument
    position = floor.account.position("BTCUSDT", Leg.NET)
    assert it.mark_text(entry_mark(it, position)) == "97000.00000000"
    floor.place(SELL, 30, 970_990)
    taken = floor.fills()[-1]
    assert not taken.maker
    assert taken.fee == rounded(taken.price * taken.steps * it.money_in_lot * 5, 10_000)


def test_turning_a_position_realises_the_closed_part_and_opens_at_the_new_price() -> None:
    floor = Floor()
    floor.place(BUY, 10, 970_000)
    floor.trade(970_000, 10, taker_bought=False)
    floor.place(SELL, 15, 975_000)
    floor.trade(975_000, 15, taker_bought=True)
    it = floor.market.listings["BTCUSDT"].instrument
    position = floor.account.position("BTCUSDT", Leg.NET)
    assert position.steps == -5
    assert it.mark_text(entry_mark(it, position)) == "97500.00000000"
    assert floor.fills()[-1].realised == 500 * 10 * MONEY_UNIT // 1000


def test_margin_is_bound_by_positions_and_orders_and_given_back() -> None:
    floor = Floor()
    free = asset_margin(floor.account, floor.desk.orders, "USDT", floor.now_ms)
    assert free.available == START_MONEY
    order = floor.place(BUY, 100, 970_000)
    bound = asset_margin(floor.account, floor.desk.orders, "USDT", floor.now_ms)
    assert bound.order_margin == 97_000 * 100 * MONEY_UNIT // 1000 // USUAL_LEVERAGE
    assert bound.available == START_MONEY - bound.order_margin
    other = floor.place(SELL, 90, 972_000)
    both = asset_margin(floor.account, floor.desk.orders, "USDT", floor.now_ms)
    assert both.order_margin == bound.order_margin
    for each in (order, other):
        floor.desk.cancel(each, floor.now_ms)
    assert asset_margin(floor.account, floor.desk.orders, "USDT", floor.now_ms) == free


def test_funding_is_paid_at_the_settlement_by_the_side_that_owes() -> None:
    floor = Floor()
    floor.place(BUY, 100)
    wallet = floor.account.wallets["USDT"]
    boundary = floor.now_ms - floor.now_ms % FUNDING_INTERVAL_MS + FUNDING_INTERVAL_MS
    floor.pass_time((boundary - floor.now_ms) / 1000 + 1)
    rate = floor.market.listings["BTCUSDT"].funding.settled_rate(boundary)
    paid = [each for each in floor.account.income if each.kind is IncomeKind.FUNDING]
    assert [each.at_ms for each in paid] == [boundary]
    assert paid[0].amount * rate < 0
    assert floor.account.wallets["USDT"] == wallet + paid[0].amount
    told = [change for change in floor.changes if change.cause is Cause.FUNDING]
    assert (told[0].assets, told[0].positions) == ({"USDT": paid[0].amount}, [])


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_cross_position_is_liquidated_where_it_was_said(side: Side) -> None:
    floor = Floor(money=1_000 * MONEY_UNIT)
    floor.settings.set_leverage("BTCUSDT", 100, floor.now_ms)
    floor.place(side, 500)
    other = SELL if side is BUY else BUY
    resting = floor.place(other, 5, ASK + side.sign * 30_000)
    it = floor.market.listings["BTCUSDT"].instrument
    position = floor.account.position("BTCUSDT", Leg.NET)
    mark = liquidation_mark(floor.account, it, position, floor.now_ms)
    ends = mark // it.mark_units
    room = ASK * 25 // 100_000
    floor.trade(ends + side.sign * room, 1, taker_bought=True)
    assert floor.position() == side.sign * 500
    floor.trade(ends - side.sign * room, 1, taker_bought=True)
    assert floor.position() == 0
    assert resting.status is Status.CANCELED
    assert "liquidated" in floor.sequence
    assert floor.account.wallets["USDT"] >= 0


def test_an_isolated_position_loses_no_more_than_was_set_aside() -> None:
    floor = Floor()
    floor.settings.set_leverage("BTCUSDT", 20, floor.now_ms)
    floor.settings.set_isolated("BTCUSDT", True, floor.now_ms)
    floor.place(BUY, 100)
    position = floor.account.position("BTCUSDT", Leg.NET)
    aside = position.isolated_wallet
    assert aside == rounded(position.cost, 20)
    wallet = floor.account.wallets["USDT"]
    floor.trade(900_000, 1, taker_bought=False)
    assert floor.position() == 0
    assert floor.account.wallets["USDT"] == wallet - aside
    assert floor.account.cross_wallet("USDT") == wallet - aside
    kinds = {each.kind for each in floor.account.income}
    assert IncomeKind.INSURANCE in kinds


def test_the_brackets_join_without_a_step() -> None:
    for lower, upper in pairwise(BRACKETS):
        assert lower.cap == upper.floor
        below, above = maintenance_margin(lower.cap - 1), maintenance_margin(lower.cap)
        assert 0 <= above - below <= 1


def test_money_fits_every_instrument_and_every_text() -> None:
    for terms in catalogue().values():
        it = Instrument(terms)
        assert isinstance(it.money_in_lot, int)
        assert it.money_in_lot > 0
        price = it.start_price * it.mark_units
        assert it.value_at_mark(price, 7) == it.start_price * 7 * it.money_in_lot
        assert it.value_at_mark(price, -7) == -it.value_at_mark(price, 7)
    assert money_of("100000.5", "it") == 10_000_050_000_000
    assert money_of("0.00", "it") == 0
    with pytest.raises(ValueError, match="it must be"):
        money_of("-1", "it")
