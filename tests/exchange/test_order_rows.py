"""Whose each row of a batch's answer is."""

from collections.abc import Sequence
from typing import Any

import pytest

from connector.errors import ConnectorError, Transient
from connector.exchange.order_rows import rows_of
from connector.trading import Order, OrderRequest, OrderType, Side, TimeInForce
from tests.marbles.orders import order

LIMIT, GTC = OrderType.LIMIT, TimeInForce.GTC
SENT = {
    index: (OrderRequest("BTCUSDT", Side.BUY, LIMIT, GTC, str(index), "100", name), f"sent-{name}")
    for index, name in enumerate("abc", 1)
}
SHORT, TAKES = ({"id": None, "info": {"msg": text}} for text in ("short of funds", "would take"))
PLACED: dict[str, dict[str, Any]] = {n: {"id": n, "clientOrderId": f"sent-{n}"} for n in "abc"}


def nameless(exchange_id: str) -> dict[str, Any]:
    return {"id": exchange_id, "clientOrderId": None, "symbol": "BTCUSDT"}


async def whose(
    *rows: dict[str, Any], orders: Sequence[Order | ConnectorError] = (), in_order: bool = False
) -> dict[str, Any]:
    """Match rows to a, b and c; `orders` are what looking the nameless ones up gives."""

    async def look_up(asked: Sequence[tuple[str, str]]) -> Sequence[Order | ConnectorError]:
        named = [row["id"] for row in rows if row["id"] and not row["clientOrderId"]]
        assert asked == [("BTCUSDT", each) for each in named]
        return orders

    found = await rows_of(SENT, rows, look_up, in_order)
    return {SENT[index][0].client_order_id: row for index, row in found.items()}


async def test_rows_are_matched_by_client_id_wherever_they_stand() -> None:
    assert await whose(PLACED["c"], PLACED["a"], PLACED["b"]) == PLACED
    assert await whose({**PLACED["a"], "clientOrderId": "a stranger's"}, PLACED["b"]) == {
        "b": PLACED["b"]
    }


async def test_a_row_without_client_id_is_matched_by_the_one_that_its_order_has() -> None:
    first, second = nameless("1"), nameless("2")
    orders = [order("new", client="c"), order("new", client="a")]
    found = await whose(first, second, TAKES, orders=orders)
    assert found == {"c": first, "a": second, "b": TAKES}


async def test_a_row_whose_order_is_anothers_is_nobodys() -> None:
    row = nameless("1")
    orders = [order("new", client="another's")]
    assert await whose(PLACED["a"], PLACED["b"], row, orders=orders) == {
        "a": PLACED["a"],
        "b": PLACED["b"],
    }


async def test_where_no_order_has_a_client_id_it_is_the_one_that_is_like_it() -> None:
    rows = [nameless(number) for number in "123"]
    orders = [order("new", client="", quantity=quantity) for quantity in ("2", "3", "1")]
    assert await whose(*rows, orders=orders) == {"b": rows[0], "c": rows[1], "a": rows[2]}


async def test_what_is_looked_up_in_vain_is_matched_where_one_alone_is_left() -> None:
    row, lost = nameless("1"), Transient("no answer")
    assert (await whose(PLACED["a"], row, PLACED["c"], orders=[lost]))["b"] is row
    assert await whose(PLACED["a"], row, TAKES, orders=[lost], in_order=True) == {"a": PLACED["a"]}
    assert await whose(PLACED["a"], row, orders=[lost]) == {"a": PLACED["a"]}


@pytest.mark.parametrize("in_order", [True, False])
async def test_refusals_that_name_nothing_are_matched_in_order_only_where_that_is_promised(
    in_order: bool,
) -> None:
    differ = await whose(SHORT, TAKES, PLACED["b"], in_order=in_order)
    assert differ == {"b": PLACED["b"]} | ({"a": SHORT, "c": TAKES} if in_order else {})
    alike = await whose(SHORT, SHORT, PLACED["b"], in_order=in_order)
    assert alike == {"a": SHORT, "b": PLACED["b"], "c": SHORT}
    assert await whose(SHORT, PLACED["b"], in_order=in_order) == {"b": PLACED["b"]}
