"""What a process before this one told of open orders."""

from pathlib import Path

from connector.exchange.order_ids import OrderIds
from connector.exchange.told_orders import ToldOrders
from tests.marbles.orders import order, trade


def test_open_orders_come_back_as_they_were_told_last_and_ended_ones_dont(tmp_path: Path) -> None:
    ids = OrderIds(tmp_path / "state.sqlite3", "one")
    told = ToldOrders(ids)
    assert told.before() == []
    first = order("new", number="1")
    partly = order("part", "0.4", 1_000, trade("t", "0.4"), number="1")
    for each in (first, partly, order("new", number="2"), order("canceled", number="2")):
        told.note(each)
    ids.close()

    again = OrderIds(tmp_path / "state.sqlite3", "one")
    other = OrderIds(tmp_path / "state.sqlite3", "other")
    found = ToldOrders(again).before()
    assert [(each.exchange_order_id, each.executed_qty) for each in found] == [
        (partly.exchange_order_id, "0.4")
    ]
    assert found[0].last_trade is None
    assert ToldOrders(other).before() == []
    again.note_told("unreadable", "{}", "BTC/USDT:USDT")
    again.flush()
    assert ToldOrders(again).before() == found
    again.close()
    other.close()
