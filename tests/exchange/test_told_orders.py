"""What a process before this one told of open orders."""

from pathlib import Path

import msgspec
from msgspec.structs import replace

from connector.exchange.order_ids import OrderIds
from connector.exchange.told_orders import ToldOrders
from tests.marbles.orders import order, trade


def test_open_orders_come_back_as_they_were_told_last_and_ended_ones_dont(tmp_path: Path) -> None:
    ids = OrderIds(tmp_path / "state.sqlite3", "one")
    told = ToldOrders(ids)
    assert told.before() == {}
    first = order("new", number="1")
    partly = order("part", "0.4", 1_000, trade("t", "0.4"), number="1")
    for each in (first, partly, order("new", number="2"), order("canceled", number="2")):
        told.note(each)
    ids.close()

    again = OrderIds(tmp_path / "state.sqlite3", "one")
    other = OrderIds(tmp_path / "state.sqlite3", "other")
    found = ToldOrders(again).before()
    assert found == {replace(partly, last_trade=None): {"t"}}
    assert ToldOrders(other).before() == {}
    again.note_told("unreadable", "{}", "BTC/USDT:USDT")
    again.flush()
    assert ToldOrders(again).before() == found
    again.close()
    other.close()


def test_an_order_keeps_which_trades_of_its_latest_instant_were_told(tmp_path: Path) -> None:
    ids = OrderIds(tmp_path / "state.sqlite3", "one")
    told = ToldOrders(ids)
    for executed, at_ms, trade_id in (("0.1", 999, "a"), ("0.2", 1_000, "b"), ("0.3", 1_000, "c")):
        told.note(order("part", executed, at_ms, trade(trade_id, "0.1", at_ms)))
    ids.flush()
    after = ToldOrders(ids)
    assert list(after.before().values()) == [{"b", "c"}]

    after.note(order("part", "0.4", 1_000, trade("d", "0.1", 1_000)))
    ids.flush()
    assert list(ToldOrders(ids).before().values()) == [{"b", "c", "d"}]
    ids.close()


def test_an_order_that_an_earlier_version_wrote_is_read() -> None:
    ids = OrderIds(":memory:", "one")
    text = msgspec.json.encode(order("new")).decode()
    ids.told = lambda: [text]

    assert ToldOrders(ids).before() == {order("new"): None}
    ids.close()
