"""Which orders an exchange's list may lack although they are open."""

from connector.exchange.order_recency import RECENT_S, RecentOrders
from tests.marbles.orders import order


def test_an_order_placed_a_moment_ago_is_missing_in_a_list_without_it() -> None:
    recent = RecentOrders(lambda: 0)
    first, second = order("new", number="1"), order("part", "0.5", number="2", symbol="ETHUSDT")
    recent.note_placed(first)
    recent.note_placed(second)

    assert recent.missing_in([], None) == [first, second]
    assert recent.missing_in([], "ETHUSDT") == [second]
    assert recent.missing_in([first], None) == [second]
    assert recent.missing_in([first], "BTCUSDT") == []


def test_a_finished_order_is_not_missing() -> None:
    recent = RecentOrders(lambda: 0)
    recent.note_placed(order("filled", "1", number="1"))
    recent.note_placed(order("new", number="2"))
    recent.note_ended("BTCUSDT", "2")
    recent.note_ended("BTCUSDT", "never heard of")

    assert recent.missing_in([], None) == []


def test_after_a_while_the_list_is_believed() -> None:
    now = [0.0]
    recent = RecentOrders(lambda: now[0])
    recent.note_placed(order("new", number="1"))
    now[0] = RECENT_S - 1
    recent.note_placed(order("new", number="2"))
    now[0] = RECENT_S

    assert [each.exchange_order_id for each in recent.missing_in([], None)] == ["2"]
