"""Orders, positions and the account of each exchange, from its documented payloads."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from connector.errors import Transient
from connector.exchange.account import HedgeMode
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
