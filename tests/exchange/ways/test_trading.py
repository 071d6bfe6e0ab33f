"""Orders, positions and the account of each exchange, from its documented payloads."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from connector.errors import Transient
from connector.exchange.account import HedgeMode
from connector.exchange.ways import way_of
from connector.trading import OrderRequest, OrderStatus, OrderType, Side, TimeInForce
from tests.exchange.ways.places import PLACES, SENT, SYMBOL, Place
from tests.exchange.ways.venue import Venue, venue

REQUEST = OrderRequest(
    SYMBOL, Side.BUY, OrderType.LIMIT, TimeInForce.GTX, "0.5", "104500", "oc1", reduce_only=True
)


@pytest.fixture(params=PLACES, ids=lambda place: place.id)
def place(request: pytest.FixtureRequest) -> Place:
    return request.param


@pytest.fixture
async def at(place: Place, no_task_left: None) -> AsyncIterator[Venue]:
    types = ["linear"] if place.id == "bybit" else ["swap"]
    answers = {
        **place.markets,
        place.create: place.created,
        place.detail: place.order,
        place.position: place.positions,
        place.balance: place.balances,
    }
    async with venue(place.id, place.nothing, answers, types) as opened:
        yield opened


async def test_an_answer_that_holds_only_an_id_is_merged_with_its_request(
    place: Place, at: Venue
) -> None:
    order = await at.orders.place(replace(REQUEST, time_in_force=TimeInForce.GTC))

    assert (order.symbol, order.side, order.status) == (SYMBOL, Side.BUY, OrderStatus.NEW)
    assert (Decimal(order.quantity), Decimal(order.price or 0)) == (Decimal("0.5"), Decimal(104500))
    assert order.client_order_id == "oc1"
    assert order.order_id > 0


async def test_post_only_and_reduce_only_are_asked_for_in_the_exchanges_words(
    place: Place, at: Venue
) -> None:
    await at.orders.place(REQUEST)

    (asked,) = at.asked_on(place.create)
    sent: dict[str, Any] = asked[0] if isinstance(asked, list) else asked
    assert {key: sent.get(key) for key in place.post_only} == place.post_only


async def test_an_order_is_found_by_its_client_id_in_base_units(place: Place, at: Venue) -> None:
    sent_id = f"t-{SENT}" if place.id == "gate" else SENT

    order = await at.orders.find(SYMBOL, sent_id)

    assert order is not None
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert (Decimal(order.quantity), Decimal(order.executed_qty)) == (
        Decimal("0.5"),
        Decimal("0.2"),
    )
    (asked,) = at.asked_on(place.detail)
    assert {key: asked.get(key) for key in place.looked_up} == place.looked_up


async def test_an_order_of_another_client_id_is_not_taken_for_it(place: Place, at: Venue) -> None:
    other = "t-other" if place.id == "gate" else "other"
    at.answers[place.detail.replace(SENT, "other")] = place.order

    assert await at.orders.find(SYMBOL, other) is None


async def test_a_short_position_is_negative_and_in_base_units(at: Venue) -> None:
    (position,) = await at.account.positions()

    assert Decimal(position.size) == Decimal("-0.3")
    assert Decimal(position.entry_price or 0) == 105000
    assert Decimal(position.mark_price or 0) == 104500
    assert Decimal(position.liquidation_price or 0) == 150000
    assert Decimal(position.unrealized_pnl or 0) == 150
    assert position.leverage == 3


async def test_the_account_is_told_by_the_exchanges_own_figures(place: Place, at: Venue) -> None:
    account = await at.account.account()

    told = (
        account.total_wallet_balance,
        account.total_margin_balance,
        account.available_balance,
        account.total_maintenance_margin,
    )
    assert [Decimal(each or "NaN") for each in told] == [
        Decimal(each) for each in place.account[:4]
    ]
    assert account.margin_mode is place.account[4]
    assert account.health_score is not None
    assert Decimal("0.98") < Decimal(account.health_score) < 1


_BINANCE_USDC = {
    "asset": "USDC",
    "walletBalance": "500",
    "marginBalance": "510",
    "availableBalance": "400",
    "maintMargin": "4",
}
_BINANCE_TOTAL = {
    "totalWalletBalance": "20.0",
    "totalMarginBalance": "21",
    "totalMaintMargin": "0.00",
    "availableBalance": "19",
}
_BINANCE_USDT = {
    "asset": "USDT",
    "walletBalance": "20",
    "marginBalance": "21",
    "availableBalance": "19",
    "maintMargin": "0",
}
_OKX = [
    {"ccy": "BTC", "eq": "3", "cashBal": "3", "availEq": "3", "eqUsd": "300000", "mmr": ""},
    {"ccy": "USDC", "eq": "510", "cashBal": "500", "availEq": "400", "eqUsd": "510", "mmr": "4"},
]


@pytest.mark.parametrize(
    ("exchange", "info", "told"),
    [
        (
            "binanceusdm",  # single-asset mode: the totals are USDT's
            _BINANCE_TOTAL | {"assets": [_BINANCE_USDC, _BINANCE_USDT]},
            ("500", "510", "400", "4"),
        ),
        (
            "binanceusdm",  # multi-assets mode: they are everything's
            _BINANCE_TOTAL | {"totalMaintMargin": "4", "assets": [_BINANCE_USDC, _BINANCE_USDT]},
            ("20.0", "21", "19", "4"),
        ),
        ("okx", {"data": [{"totalEq": "300510", "details": _OKX}]}, ("500", "510", "400", "4")),
    ],
)
def test_an_asset_that_is_an_account_of_its_own_has_its_own_figures(
    exchange: str, info: dict[str, Any], told: tuple[str, ...]
) -> None:
    read = way_of(exchange).account_figures
    assert read is not None
    own = read({"info": info}).of("USDC")

    assert (own.wallet, own.margin_balance, own.available, own.maintenance) == told


async def test_a_unified_account_of_unknown_health_is_not_told(
    at: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = replace(await at.account.account(), is_unified=True, health_score=None)
    monkeypatch.setattr(at.account, "complete", lambda *_: account)

    with pytest.raises(Transient, match="health is not known"):
        await at.account.account()


async def test_hedge_mode_is_noticed(place: Place, at: Venue) -> None:
    await at.account.validate()
    at.answers[place.hedge] = place.hedged

    with pytest.raises(HedgeMode):
        await at.account.validate()
