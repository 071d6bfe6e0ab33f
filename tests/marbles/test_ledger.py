"""What a ledger tells of what it hears: pure, without a stream."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from connector.operators import Ledger
from connector.operators.ledger import KEPT_MS, KEPT_ORDERS, KEPT_STRAYS, KEPT_UNTOLD
from connector.trading import Order, OrderType, Trade
from tests.marbles.orders import brief, order, trade

START = datetime(2025, 1, 1, tzinfo=UTC)


def at(ms: int) -> datetime:
    return START + timedelta(milliseconds=ms)


def told(ledger: Ledger, *heard: Order | Trade) -> list[str]:
    return [brief(update) for each in heard for update in ledger.apply(each, START)]


def overdue(ledger: Ledger) -> list[str]:
    return [brief(update) for update in ledger.overdue(START)]


# Repeats and what goes backwards


def test_a_life_is_told_as_it_comes() -> None:
    assert told(
        Ledger(),
        order("new"),
        trade("a", "0.3", 1_100),
        order("part", "0.3", 1_100),
        trade("b", "0.7", 1_200),
        order("filled", "1", 1_200),
    ) == ["new 0", "part 0.3 a", "filled 1 b"]


@pytest.mark.parametrize(
    "repeat",
    [
        order("new"),
        order("new", at_ms=2_000),
        order("new", at_ms=2_000, average=None),
        order("new", at_ms=2_000, quantity="1.00", price="100.0"),
        order("new", at_ms=500, price="99"),
        order("new", at_ms=1_000, price="99"),
    ],
)
def test_a_repeat_and_what_is_older_is_not_told(repeat: Order) -> None:
    assert told(Ledger(), order("new"), repeat) == ["new 0"]


@pytest.mark.parametrize("change", [{"price": "99"}, {"quantity": "2"}])
def test_a_later_change_of_an_open_order_is_told(change: dict[str, str]) -> None:
    amended = order("new", at_ms=2_000, **change)  # pyright: ignore[reportArgumentType]
    ledger = Ledger()
    told(ledger, order("new"))
    assert ledger.apply(amended, START) == (amended,)


def test_a_market_orders_price_is_no_change() -> None:
    market = OrderType.MARKET
    heard = [order("new", type_=market, price=None), order("new", at_ms=2_000, type_=market)]
    assert told(Ledger(), *heard) == ["new 0"]


def test_an_executed_quantity_that_falls_is_not_told() -> None:
    ledger = Ledger()
    told(ledger, order("part", "0.3", 1_100, trade("a", "0.3", 1_100)))
    assert told(ledger, order("new", "0", 1_200), order("part", "0.2", 1_200)) == []


def test_an_end_keeps_what_was_executed_though_its_report_says_less() -> None:
    ledger = Ledger()
    told(ledger, order("part", "0.3", 1_100, trade("a", "0.3", 1_100)))
    assert told(ledger, order("canceled", "0", 1_200)) == ["canceled 0.3"]


def test_an_end_is_told_though_its_time_is_older() -> None:
    ledger = Ledger()
    told(ledger, order("new", at_ms=1_000))
    (update,) = ledger.apply(order("canceled", at_ms=900), START)
    assert (brief(update), update.update_time_ms) == ("canceled 0", 1_000)


@pytest.mark.parametrize("after", ["new", "canceled", "filled", "expired", "rejected"])
@pytest.mark.parametrize("end", ["canceled", "filled"])
def test_nothing_follows_an_end(end: str, after: str) -> None:
    ledger = Ledger()
    told(ledger, order(end, "0", 1_000))
    assert told(ledger, order(after, "0", 2_000)) == []


# Fills and their trades


def test_an_update_waits_for_its_trade() -> None:
    ledger = Ledger()
    assert told(ledger, order("new"), order("part", "0.3", 1_100)) == ["new 0"]
    assert told(ledger, trade("a", "0.3", 1_100)) == ["part 0.3 a"]
    assert ledger.waiting_since is None


def test_a_trade_waits_for_its_update() -> None:
    ledger = Ledger()
    assert told(ledger, order("new"), trade("a", "0.3", 1_100)) == ["new 0"]
    assert told(ledger, order("part", "0.3", 1_100)) == ["part 0.3 a"]


def test_an_update_that_carries_its_trade_waits_for_nothing() -> None:
    ledger = Ledger()
    a = trade("a", "0.3", 1_100)
    assert told(ledger, order("part", "0.3", 1_100, a), a) == ["part 0.3 a"]
    assert ledger.get("BTCUSDT", "1") == order("part", "0.3", 1_100)


def test_several_fills_in_one_state_are_told_one_by_one_exactly() -> None:
    ledger = Ledger()
    fills = [trade("a", "0.1", 1_100), trade("b", "0.2", 1_101), trade("c", "0.7", 1_102)]
    assert told(ledger, order("new"), *fills, order("filled", "1", 1_102)) == [
        "new 0",
        "part 0.1 a",
        "part 0.3 b",
        "filled 1 c",
    ]


def test_sums_are_exact_however_many_digits_they_have() -> None:
    ledger = Ledger()
    quantity = "12345678901234567890.000000000000000003"
    fills = [trade("a", "12345678901234567890"), trade("b", "0.000000000000000001", 1_001)]
    end = [trade("c", "0.000000000000000002", 1_002), order("filled", quantity, quantity=quantity)]
    assert told(ledger, *fills, *end) == [
        "part 12345678901234567890.000000000000000000 a",
        "part 12345678901234567890.000000000000000001 b",
        f"filled {quantity} c",
    ]


def test_each_of_several_fills_has_its_own_time() -> None:
    ledger = Ledger()
    fills = [trade("a", "0.1", 1_100), trade("b", "0.9", 1_102)]
    told(ledger, *fills)
    updates = ledger.apply(order("filled", "1", 1_103), START)
    assert [each.update_time_ms for each in updates] == [1_100, 1_103]


def test_fills_are_told_in_the_order_of_their_times() -> None:
    ledger = Ledger()
    late = [trade("b", "0.2", 1_101), trade("a", "0.1", 1_100)]
    assert told(ledger, order("part", "0.3", 1_101), *late) == ["part 0.1 a", "part 0.3 b"]


def test_each_of_several_states_gets_its_own_trade() -> None:
    ledger = Ledger()
    states = [order("part", "0.1", 1_100), order("part", "0.3", 1_101), order("filled", "1", 1_102)]
    fills = [trade("a", "0.1", 1_100), trade("b", "0.2", 1_101), trade("c", "0.7", 1_102)]
    expected = ["part 0.1 a", "part 0.3 b", "filled 1 c"]
    assert told(Ledger(), *states, *fills) == expected
    assert told(ledger, *states, *reversed(fills)) == expected


def test_an_end_that_no_fill_made_is_told_after_the_fills_before_it() -> None:
    ledger = Ledger()
    told(ledger, order("new"))
    assert told(ledger, trade("a", "0.3", 1_100), order("canceled", "0.3", 1_200)) == [
        "part 0.3 a",
        "canceled 0.3",
    ]


def test_what_follows_a_waiting_update_waits_behind_it() -> None:
    ledger = Ledger()
    heard = [order("part", "0.3", 1_100), order("canceled", "0.3", 1_200)]
    assert told(ledger, *heard) == []
    assert told(ledger, trade("a", "0.3", 1_100)) == ["part 0.3 a", "canceled 0.3"]


def test_a_trade_is_told_once() -> None:
    ledger = Ledger()
    a = trade("a", "0.3", 1_100)
    assert told(ledger, a, a, order("part", "0.3", 1_100), a) == ["part 0.3 a"]
    assert overdue(ledger) == []


def test_a_trade_of_nothing_is_none() -> None:
    ledger = Ledger()
    empty = order("part", "0.3", 1_200, trade("b", "0", 1_200))
    assert told(ledger, order("new"), trade("a", "0", 1_100), empty) == ["new 0"]
    assert overdue(ledger) == ["part 0.3"]


def test_equal_numbers_of_two_symbols_are_two_orders() -> None:
    ledger = Ledger()
    other = order("new", symbol="ETHUSDT")
    assert told(ledger, order("new"), other) == ["new 0", "new 0"]
    assert told(ledger, trade("a", "0.3", symbol="ETHUSDT"), order("part", "0.3", 1_100)) == []
    assert ledger.get("ETHUSDT", "1") == other


# What waits in vain


def test_an_overdue_update_is_told_without_its_trade_and_the_trade_when_it_comes() -> None:
    ledger = Ledger()
    told(ledger, order("part", "0.3", 1_100))
    assert overdue(ledger) == ["part 0.3"]
    assert told(ledger, trade("a", "0.3", 1_100)) == ["part 0.3 a"]
    assert told(ledger, trade("a", "0.3", 1_100), order("part", "0.3", 1_100)) == []


def test_an_overdue_end_gets_its_trade_late_and_stays_an_end() -> None:
    ledger = Ledger()
    told(ledger, order("filled", "1", 1_100))
    assert overdue(ledger) == ["filled 1"]
    assert told(ledger, trade("a", "0.4", 1_100), trade("b", "0.6", 1_100)) == [
        "filled 1 a",
        "filled 1 b",
    ]


def test_an_overdue_update_goes_out_with_those_trades_that_came_as_its_last_ones() -> None:
    ledger = Ledger()
    told(ledger, order("filled", "1", 1_100), trade("b", "0.2", 1_099), trade("c", "0.5", 1_100))
    assert overdue(ledger) == ["part 0.5 b", "filled 1 c"]
    assert told(ledger, trade("a", "0.3", 1_098)) == ["filled 1 a"]


def test_an_overdue_update_takes_no_more_trades_than_it_has_room_for() -> None:
    ledger = Ledger()
    fills = [trade("a", "0.4", 1_098), trade("b", "0.2", 1_099), trade("c", "0.3", 1_100)]
    assert told(ledger, *fills, order("part", "0.5", 1_100)) == []
    assert overdue(ledger)[:2] == ["part 0.2 b", "part 0.5 c"]


def test_only_what_has_waited_long_enough_is_overdue() -> None:
    ledger = Ledger()
    ledger.apply(order("part", "0.3", 1_100), at(0))
    ledger.apply(order("part", "0.4", 1_100, number="2"), at(5))
    ledger.apply(order("part", "0.5", 1_101), at(6))
    assert ledger.waiting_since == at(0)
    assert [brief(each) for each in ledger.overdue(at(4))] == ["part 0.3"]
    assert ledger.waiting_since == at(5)
    assert [brief(each) for each in ledger.overdue(at(6))] == ["part 0.4", "part 0.5"]
    assert ledger.waiting_since is None


def test_an_overdue_trade_counts_by_itself_where_all_before_it_is_accounted_for() -> None:
    ledger = Ledger()
    told(ledger, order("new"), trade("a", "0.3", 1_100))
    assert overdue(ledger) == ["part 0.3 a"]
    assert told(ledger, order("part", "0.3", 1_100)) == []
    told(ledger, trade("b", "0.7", 1_200))
    assert overdue(ledger) == ["filled 1.0 b"]
    assert ledger.open_orders() == ledger.unfinished() == ()
    assert told(ledger, order("filled", "1", 1_200)) == []


def test_an_overdue_trade_does_not_count_where_older_fills_are_not_accounted_for() -> None:
    ledger = Ledger()
    ledger.seed(order("part", "0.5", 1_100))
    told(ledger, trade("b", "0.2", 1_200))
    assert overdue(ledger) == ["part 0.5 b"]


def test_an_overdue_trade_never_counts_beyond_the_quantity() -> None:
    ledger = Ledger()
    told(ledger, order("new"), trade("a", "1.5", 1_100))
    assert overdue(ledger) == ["new 0 a"]


def test_a_trade_told_ahead_is_not_waited_for_again() -> None:
    ledger = Ledger()
    told(ledger, order("part", "0.1", 1_100))
    overdue(ledger)
    told(ledger, trade("b", "0.2", 1_200))
    assert overdue(ledger) == ["part 0.1 b"]
    assert told(ledger, order("part", "0.2", 1_200)) == ["part 0.2"]


def test_a_newer_trade_is_not_taken_for_one_that_is_missing() -> None:
    ledger = Ledger()
    told(ledger, order("part", "0.3", 1_100))
    overdue(ledger)
    assert told(ledger, trade("b", "0.2", 1_200)) == []
    assert told(ledger, order("part", "0.5", 1_200)) == ["part 0.5 b"]
    assert told(ledger, trade("a", "0.3", 1_100)) == ["part 0.5 a"]


def test_a_trade_of_an_unknown_order_waits_for_it() -> None:
    ledger = Ledger()
    assert told(ledger, trade("a", "0.3", 1_100)) == []
    assert ledger.waiting_since is None
    assert overdue(ledger) == []
    assert told(ledger, order("part", "0.3", 1_100)) == ["part 0.3 a"]


# After the end


def test_a_fill_that_comes_after_a_cancel_is_not_hidden() -> None:
    ledger = Ledger()
    told(ledger, order("new"), order("canceled", "0", 1_100))
    assert told(ledger, trade("a", "1", 1_200), order("filled", "1", 1_200)) == ["filled 1 a"]
    assert ledger.get("BTCUSDT", "1") == order("filled", "1", 1_200)


def test_a_part_that_comes_after_a_cancel_does_not_open_the_order_again() -> None:
    ledger = Ledger()
    told(ledger, order("new"), order("canceled", "0", 1_100))
    fills = [trade("a", "0.1", 1_050), trade("b", "0.2", 1_051)]
    late = [*fills, order("part", "0.3", 1_051)]
    assert told(ledger, *late) == ["canceled 0.1 a", "canceled 0.3 b"]
    assert ledger.get("BTCUSDT", "1") == order("canceled", "0.3", 1_051)
    assert ledger.open_orders() == ledger.unfinished() == ()


def test_a_late_trade_alone_keeps_the_end() -> None:
    ledger = Ledger()
    told(ledger, order("new"), order("canceled", "0", 1_100), trade("a", "0.1", 1_050))
    assert overdue(ledger) == ["canceled 0.1 a"]


@pytest.mark.parametrize("killed", [order("expired", "0", 1_100), order("rejected", "0", 1_100)])
def test_an_order_that_the_exchange_killed_is_canceled_too(killed: Order) -> None:
    ledger = Ledger()
    told(ledger, order("new"))
    updates = ledger.apply(killed, START)
    assert [brief(each) for each in updates] == [f"{killed.status.value} 0", "canceled 0"]
    assert told(ledger, killed, order("canceled", "0", 1_200)) == []


def test_an_order_that_expires_with_fills_keeps_them() -> None:
    ledger = Ledger()
    told(ledger, order("new"), trade("a", "0.3", 1_100))
    assert told(ledger, order("expired", "0.3", 1_200)) == [
        "part 0.3 a",
        "expired 0.3",
        "canceled 0.3",
    ]
    assert told(ledger, order("part", "0.5", 1_150, trade("b", "0.2", 1_150))) == ["canceled 0.5 b"]


def test_a_rejected_market_order_is_not_canceled() -> None:
    rejected = order("rejected", type_=OrderType.MARKET)
    assert told(Ledger(), rejected) == ["rejected 0"]


# Fields


def test_what_an_update_lacks_is_filled_from_what_is_known() -> None:
    ledger = Ledger()
    told(ledger, order("new", created_ms=950))
    (update,) = ledger.apply(
        order("canceled", at_ms=0, client="", price=None, quantity="0", created_ms=0), START
    )
    assert update == order("canceled", at_ms=1_000, created_ms=950)


def test_the_earliest_creation_is_kept() -> None:
    ledger = Ledger()
    told(ledger, order("new", created_ms=0))
    known = ledger.get("BTCUSDT", "1")
    assert known is not None
    assert known.created_at_ms == 1_000
    told(ledger, order("new", created_ms=950), order("new", created_ms=990))
    (update,) = ledger.apply(order("canceled", at_ms=2_000, created_ms=2_000), START)
    assert update.created_at_ms == 950


def test_a_missing_average_is_the_known_one() -> None:
    ledger = Ledger()
    told(ledger, order("part", "0.3", 1_100, trade("a", "0.3", 1_100), average="99.5"))
    told(ledger, trade("b", "0.1", 1_150))
    (update,) = ledger.apply(order("part", "0.4", 1_150, average="99.7"), START)
    assert update.avg_price == "99.7"
    (update,) = ledger.apply(order("canceled", "0.4", 1_200, average=None), START)
    assert update.avg_price == "99.7"


def test_nothing_executed_has_no_average_though_an_answer_knows_one() -> None:
    ledger = Ledger()
    ledger.note_placed(order("filled", "1", 1_100))
    (update,) = ledger.apply(order("new", average=None), START)
    assert update.avg_price is None


@pytest.mark.parametrize(("given", "then"), [(0, 7), (8, 8)])
def test_an_order_id_is_filled_where_it_is_missing(given: int, then: int) -> None:
    ledger = Ledger()
    told(ledger, order("new"))
    (update,) = ledger.apply(replace(order("canceled"), order_id=given), START)
    assert update.order_id == then


def test_an_open_order_with_fills_is_partially_filled() -> None:
    assert told(Ledger(), order("new", "0.3", trade=trade("a", "0.3"))) == ["part 0.3 a"]


# Known, and told


def test_an_answer_does_not_keep_the_stream_from_telling() -> None:
    ledger = Ledger()
    ledger.note_placed(order("filled", "1", 1_100))
    assert told(ledger, order("new"), trade("a", "1", 1_100), order("filled", "1", 1_100)) == [
        "new 0",
        "filled 1 a",
    ]


def test_an_answer_that_nothing_followed_is_to_be_looked_up() -> None:
    ledger = Ledger()
    filled = order("filled", "1", 1_100)
    ledger.note_placed(filled)
    assert ledger.open_orders() == ()
    assert ledger.unfinished() == (filled,)
    told(ledger, filled)
    overdue(ledger)
    assert ledger.unfinished() == ()


def test_an_order_is_open_from_its_answer_on() -> None:
    ledger = Ledger()
    ledger.note_placed(order("new"))
    assert ledger.open_orders() == ledger.unfinished() == (order("new"),)


def test_an_answer_tells_trades_what_their_order_is() -> None:
    ledger = Ledger()
    told(ledger, trade("a", "0.3", 1_100))
    ledger.note_placed(order("new"))
    assert overdue(ledger) == ["part 0.3 a"]


def test_an_answer_is_no_step_back_of_what_is_known() -> None:
    ledger = Ledger()
    told(ledger, order("canceled", "0", 1_100))
    ledger.note_seen(order("new"))
    assert ledger.get("BTCUSDT", "1") == order("canceled", "0", 1_100)


def test_an_old_order_that_was_asked_for_is_not_to_be_told() -> None:
    ledger = Ledger()
    ledger.note_seen(order("filled", "1"))
    assert ledger.get("BTCUSDT", "1") is None
    assert ledger.unfinished() == ()
    ledger.note_seen(order("new", number="2"))
    ledger.note_seen(order("filled", "1", number="2"))
    assert [brief(each) for each in ledger.unfinished()] == ["filled 1"]


def test_a_seeded_order_is_told_from_its_next_change_on() -> None:
    ledger = Ledger()
    ledger.seed(order("part", "0.3", 1_000))
    ledger.seed(trade("z", "0.1", 1_001))
    before = [order("part", "0.3", 1_000), trade("y", "0.3", 1_000), trade("z", "0.1", 1_001)]
    assert told(ledger, *before) == []
    assert overdue(ledger) == []
    assert told(ledger, trade("a", "0.7", 1_100), order("filled", "1", 1_100)) == ["filled 1 a"]


def test_of_the_instant_that_was_told_last_before_a_trade_that_was_not_told_is_news() -> None:
    ledger = Ledger()
    ledger.seed(order("part", "0.3", 1_000), ["y"])
    assert told(ledger, trade("y", "0.3", 1_000), order("part", "0.3", 1_000)) == []
    assert told(ledger, order("filled", "1", 1_000), trade("a", "0.7", 1_000)) == ["filled 1 a"]
    assert overdue(ledger) == []


def test_a_trade_heard_before_its_order_is_seeded_is_from_before() -> None:
    ledger = Ledger()
    told(ledger, trade("a", "0.3", 1_000), trade("b", "0.2", 1_001))
    ledger.seed(order("part", "0.3", 1_000))
    assert told(ledger, order("part", "0.5", 1_001)) == ["part 0.5 b"]


def test_a_seeded_end_is_no_open_order() -> None:
    ledger = Ledger()
    ledger.seed(order("filled", "1"))
    assert ledger.open_orders() == ledger.unfinished() == ()
    assert ledger.get("BTCUSDT", "1") == order("filled", "1")


def test_seeding_makes_nothing_told_that_was_placed_by_us() -> None:
    ledger = Ledger()
    ledger.note_placed(order("new"))
    ledger.seed(order("part", "0.3", 1_100))
    assert ledger.get("BTCUSDT", "1") == order("part", "0.3", 1_100)
    assert told(ledger, order("new")) == ["new 0"]


# Bounds


def test_finished_orders_are_forgotten_beyond_a_number() -> None:
    ledger = Ledger()
    told(ledger, order("new", number="open"))
    for number in range(KEPT_ORDERS + 1):
        told(ledger, order("canceled", number=str(number)))
    assert ledger.get("BTCUSDT", "0") is None
    assert ledger.get("BTCUSDT", "1") is not None
    assert ledger.get("BTCUSDT", "open") is not None


def test_finished_orders_are_forgotten_after_a_day_and_open_ones_never() -> None:
    ledger = Ledger()
    told(ledger, order("new", number="open"), order("canceled", number="old"))
    told(ledger, order("canceled", number="day", at_ms=1_000 + KEPT_MS - 1))
    assert ledger.get("BTCUSDT", "old") is not None
    told(ledger, order("canceled", number="later", at_ms=1_000 + KEPT_MS))
    assert ledger.get("BTCUSDT", "old") is None
    assert [each.exchange_order_id for each in ledger.open_orders()] == ["open"]


def test_placed_orders_are_forgotten_beyond_a_number_while_nobody_listens() -> None:
    ledger = Ledger()
    told(ledger, order("new", number="told"))
    ledger.note_placed(order("new", number="told"))
    for number in range(KEPT_UNTOLD + 1):
        ledger.note_placed(order("new", number=str(number)))
    known = [each.exchange_order_id for each in ledger.open_orders()]
    assert known == ["told", *(str(number) for number in range(1, KEPT_UNTOLD + 1))]


def test_trades_of_unknown_orders_are_bounded() -> None:
    ledger = Ledger()
    for number in range(KEPT_STRAYS + 1):
        told(ledger, trade("a", "1", number=str(number)))
    assert told(ledger, order("filled", "1", number="0")) == []
    assert told(ledger, order("filled", "1", number="1")) == ["filled 1 a"]


def test_seeded_trades_of_unknown_orders_are_bounded() -> None:
    ledger = Ledger()
    for number in range(KEPT_STRAYS + 1):
        ledger.seed(trade("a", "1", number=str(number)))
    first, second = (trade("a", "1", number=number) for number in "01")
    assert told(ledger, second, order("filled", "1", number="1")) == []
    assert told(ledger, first, order("filled", "1", number="0")) == ["filled 1 a"]


def test_an_order_whose_trade_came_first_is_never_taken_for_a_stray() -> None:
    ledger = Ledger()
    told(ledger, trade("a", "0.3", number="open"), order("new", number="open"))
    for number in range(KEPT_STRAYS + 1):
        told(ledger, trade("a", "1", number=str(number)))
    assert [each.exchange_order_id for each in ledger.open_orders()] == ["open"]


def test_nothing_waits_for_what_has_come() -> None:
    ledger = Ledger()
    for number in map(str, range(100)):
        told(ledger, trade("a", "1", number=number), order("filled", "1", number=number))
    assert ledger.waiting_since is None


def test_nothing_is_told_of_a_disowned_order_also_when_it_was_heard_of_before() -> None:
    for heard in ([], [order("new")]):
        ledger = Ledger()
        told(ledger, *heard)
        ledger.disown(order("canceled", "0", 1_100))
        assert not ledger.owns(order("new"))
        assert told(ledger, order("new"), order("canceled", "0", 1_100)) == []
        assert overdue(ledger) == []
        assert ledger.unfinished() == ledger.open_orders() == ()
        assert told(ledger, order("new", number="2")) == ["new 0"]
        assert ledger.owns(order("new", number="2"))


def test_an_end_that_is_known_and_not_told_is_owed_however_old() -> None:
    ledger = Ledger()
    ledger.seed(order("new", number="old"))
    ended = order("filled", "1", 2_000, number="old")
    ledger.note_seen(ended)

    told(ledger, order("canceled", "0", 2_000 + 2 * KEPT_MS, number="newer"))

    assert ledger.unfinished() == (ended,)
    assert ledger.open_orders() == ()
    assert told(ledger, trade("a", "1", 1_500, number="old"), ended) == ["filled 1 a"]
    assert ledger.unfinished() == ()
