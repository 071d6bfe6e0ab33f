"""Open orders and own trades beyond one page, asked on as each exchange's documents say."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from connector.domain import MarketType
from connector.errors import Unsupported
from connector.exchange.listings import list_open_orders, list_own_trades, list_trades_of_order
from tests.exchange.ways.places import AT_MS, BITGET, BYBIT, GATE, OKX, SYMBOL, Place
from tests.exchange.ways.venue import Venue, venue

FIRST_ID = 1_098_394_344_925_597_000
Answer = Callable[[dict[str, Any]], Any]


class List(NamedTuple):
    """Where a place lists something, and how it answers with rows from the newest on."""

    place: Place
    path: str
    rows: list[dict[str, Any]]
    answer: Callable[[Sequence[dict[str, Any]], dict[str, Any]], Any]


def _below(key: str, sent: str, most: int) -> Callable[..., Sequence[dict[str, Any]]]:
    def page(rows: Sequence[dict[str, Any]], asked: dict[str, Any]) -> Sequence[dict[str, Any]]:
        last = int(asked.get(sent) or FIRST_ID * 2)
        left = [row for row in rows if int(row[key]) < last]
        return left[: min(most, int(asked.get("limit") or most))]

    return page


def _rows(count: int, row: dict[str, Any], *ids: str) -> list[dict[str, Any]]:
    made = [row | dict.fromkeys(ids, str(FIRST_ID + number)) for number in range(count)]
    return made[::-1]


_OKX_PAGE, _OKX_FILLS = _below("ordId", "after", 100), _below("billId", "after", 100)
_OKX_TRADE = {
    "instType": "SWAP",
    "instId": "BTC-USDT-SWAP",
    "ordId": "312269865356374016",
    "clOrdId": "oc1",
    "fillPx": "104500",
    "fillSz": "1",
    "side": "buy",
    "posSide": "net",
    "execType": "T",
    "feeCcy": "USDT",
    "fee": "-0.5",
    "ts": str(AT_MS),
}
_BITGET_PAGE = _below("orderId", "idLessThan", 100)


def _gate_page(rows: Sequence[dict[str, Any]], asked: dict[str, Any]) -> Any:
    first = int(asked.get("offset") or 0)
    return rows[first : first + int(asked.get("limit") or 100)]


def _bybit_page(rows: Sequence[dict[str, Any]], asked: dict[str, Any]) -> Any:
    first, limit = int(asked.get("cursor") or 0), min(50, int(asked.get("limit") or 20))
    # a cursor stands beside the last row, too
    result = {"list": rows[first : first + limit], "nextPageCursor": str(first + limit)}
    return BYBIT.nothing | {"result": result | {"category": "linear"}}


ORDERS = (
    List(
        OKX,
        "/api/v5/trade/orders-pending",
        _rows(250, OKX.order["data"][0], "ordId", "clOrdId"),
        lambda rows, asked: OKX.nothing | {"data": _OKX_PAGE(rows, asked)},
    ),
    List(
        BITGET,
        "/api/v2/mix/order/orders-pending",
        _rows(200, BITGET.order["data"], "orderId", "clientOid"),
        lambda rows, asked: (
            BITGET.nothing | {"data": {"entrustedList": _BITGET_PAGE(rows, asked) or None}}
        ),
    ),
    List(
        GATE,
        "/api/v4/futures/usdt/orders",
        _rows(201, GATE.order, "id", "text"),
        _gate_page,
    ),
    List(
        BYBIT,
        "/v5/order/realtime",
        _rows(60, BYBIT.order["result"]["list"][0], "orderId", "orderLinkId"),
        _bybit_page,
    ),
)
FILLS = List(
    OKX,
    "/api/v5/trade/fills-history",
    _rows(150, _OKX_TRADE, "tradeId", "billId"),
    lambda rows, asked: OKX.nothing | {"data": _OKX_FILLS(rows, asked)},
)


def _answers(listed: List) -> dict[str, Any]:
    def answer(asked: dict[str, Any]) -> Any:
        return listed.answer(listed.rows, asked)

    return {**listed.place.markets, listed.path: answer}


def _types(place: Place) -> list[str]:
    return ["linear"] if place.id == "bybit" else ["swap"]


@pytest.mark.parametrize("listed", ORDERS, ids=lambda listed: listed.place.id)
@pytest.mark.parametrize("symbol", [SYMBOL, None], ids=["of a symbol", "of all"])
async def test_every_page_of_open_orders_is_read(
    no_task_left: None, listed: List, symbol: str | None
) -> None:
    place = listed.place
    async with venue(place.id, place.nothing, _answers(listed), _types(place)) as at:
        rows = await list_open_orders(at.session, symbol)

    assert len(rows) == len(listed.rows)
    assert len({row["id"] for row in rows}) == len(listed.rows)


async def test_every_page_of_own_trades_is_read(no_task_left: None) -> None:
    async with venue("okx", OKX.nothing, _answers(FILLS), ["swap"]) as at:
        rows = await list_own_trades(at.session, SYMBOL, AT_MS - 1)

        assert len({row["id"] for row in rows}) == 150
        assert {asked["begin"] for asked in at.asked_on(FILLS.path)} == {str(AT_MS - 1)}


@pytest.mark.parametrize(
    ("place", "path", "named"),
    [
        (OKX, "/api/v5/trade/fills-history", "ordId"),
        (BITGET, "/api/v2/mix/order/fills", "orderId"),
        (BYBIT, "/v5/execution/list", "orderId"),
    ],
    ids=lambda each: getattr(each, "id", ""),
)
async def test_an_orders_own_trades_are_asked_for_by_its_id_and_without_a_beginning(
    no_task_left: None, place: Place, path: str, named: str
) -> None:
    answers = {**place.markets, path: place.nothing}
    async with venue(place.id, place.nothing, answers, _types(place)) as at:
        await list_trades_of_order(at.session, SYMBOL, "312269865356374016", AT_MS)

        (asked,) = at.asked_on(path)
        assert asked[named] == "312269865356374016"
        assert not {"begin", "startTime", "since"} & set(asked)


async def test_where_an_order_can_not_be_named_its_trades_are_taken_from_those_since(
    no_task_left: None,
) -> None:
    async with venue("okx", OKX.nothing, _answers(FILLS), ["swap"]) as at:
        pages = replace(at.session.way.trade_pages[MarketType.SWAP], of_order=None)
        at.session.way = replace(at.session.way, trade_pages={MarketType.SWAP: pages})
        rows = await list_trades_of_order(at.session, SYMBOL, _OKX_TRADE["ordId"], AT_MS - 1)
        others = await list_trades_of_order(at.session, SYMBOL, "another", AT_MS - 1)

    assert (len(rows), others) == (150, [])


async def test_numbered_pages_are_read_until_two_readings_agree(no_task_left: None) -> None:
    listed = ORDERS[2]
    left = list(listed.rows)

    def answer(asked: dict[str, Any]) -> Any:
        page = _gate_page(left, asked)
        if len(left) == len(listed.rows):
            del left[0]  # it ends after the first page was read: all others move up
        return page

    async with venue("gate", GATE.nothing, {**GATE.markets, listed.path: answer}, ["swap"]) as at:
        rows = await list_open_orders(at.session, SYMBOL)

    assert {row["id"] for row in rows} == {row["id"] for row in left}


async def test_a_full_page_that_nobody_knows_how_to_go_on_from_is_an_error(
    no_task_left: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = ORDERS[0]
    async with venue("okx", OKX.nothing, _answers(listed), ["swap"]) as at:
        monkeypatch.setattr(at.session, "way", _without_pages(at))
        with pytest.raises(Unsupported, match="more than 100"):
            await list_open_orders(at.session, SYMBOL)


def _without_pages(at: Venue) -> Any:
    return replace(at.session.way, order_pages={})
