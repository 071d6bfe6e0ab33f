"""An order fitted to its market: price to the tick, quantity down to the step."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.domain import SymbolInfo
from connector.errors import InvalidOrder
from connector.exchange.rounding import contracts, fitted
from connector.trading import OrderRequest, OrderType, Side, TimeInForce

TICK, STEP = Decimal("0.05"), Decimal("0.003")
USUAL = OrderRequest(
    symbol="BTC/USDT:USDT",
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC,
    quantity="1",
    price="100",
    client_order_id="mine",
)
INFO = SymbolInfo(
    symbol="BTCUSDT",
    price_precision=2,
    quantity_precision=3,
    base_asset="BTC",
    quote_asset="USDT",
    min_quantity=None,
    min_notional=None,
    tick_size="0.05",
    step_size="0.003",
)
prices = st.decimals("0.05", "1000000", places=5).map(lambda price: format(price, "f"))
quantities = st.decimals("0.003", "1000000", places=8).map(lambda amount: format(amount, "f"))


def _info(**changed: Any) -> SymbolInfo:
    return replace(INFO, **changed)


@given(prices, st.sampled_from(Side), st.booleans())
def test_a_price_goes_to_the_nearest_tick_and_post_only_never_towards_the_market(
    price: str, side: Side, post_only: bool
) -> None:
    life = TimeInForce.GTX if post_only else TimeInForce.GTC
    order = fitted(replace(USUAL, price=price, side=side, time_in_force=life), INFO)

    assert order.price is not None
    moved = Decimal(order.price) - Decimal(price)
    assert Decimal(order.price) % TICK == 0
    if not post_only:
        assert abs(moved) <= TICK / 2
    elif side is Side.BUY:
        assert -TICK < moved <= 0
    else:
        assert 0 <= moved < TICK


@given(quantities)
def test_a_quantity_goes_down_to_its_step(quantity: str) -> None:
    order = fitted(replace(USUAL, quantity=quantity), INFO)

    assert Decimal(order.quantity) % STEP == 0
    assert 0 <= Decimal(quantity) - Decimal(order.quantity) < STEP


def test_the_price_of_a_market_order_is_ignored() -> None:
    assert fitted(replace(USUAL, type=OrderType.MARKET, price="0"), INFO).price is None


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"quantity": "0.0029"}, "quantity 0.0029 is below one step of 0.003"),
        ({"quantity": "0"}, "quantity 0 is not above zero"),
        ({"quantity": "-1"}, "quantity -1 is not above zero"),
        ({"quantity": "Infinity"}, "quantity 'Infinity' is no number"),
        ({"price": None}, "price '' is no number"),
        ({"price": "0.01"}, "price 0.01 is below one tick of 0.05"),
        ({"quantity": "0.009"}, "quantity 0.009 is below the least, 0.01"),
        ({"quantity": "0.012", "price": "100"}, "is 1.2, below the least, 5"),
    ],
)
def test_what_the_market_forbids_is_said(fields: dict[str, Any], says: str) -> None:
    info = _info(min_quantity="0.01", min_notional="5")

    with pytest.raises(InvalidOrder, match=says.replace("(", "\\(")):
        fitted(replace(USUAL, **fields), info)


def test_an_order_that_only_reduces_may_be_of_little_worth() -> None:
    info = _info(min_notional="5")

    assert fitted(replace(USUAL, quantity="0.012", reduce_only=True), info).quantity == "0.012"


@pytest.mark.parametrize(("size", "counted"), [(None, "1.5"), ("1", "1.5"), ("0.01", "150")])
def test_base_units_become_contracts(size: str | None, counted: str) -> None:
    assert contracts("1.5", size) == counted


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"quantity": f"0.0029{'9' * 40}", "price": "100"}, None),
        ({"quantity": f"0.0119{'9' * 40}"}, ("0.009", "100")),
        ({"price": f"100.074{'9' * 40}"}, ("0.999", "100.05")),
        ({"quantity": f"3{'0' * 36}.003"}, (f"3{'0' * 36}.003", "100")),
    ],
)
def test_no_digit_is_rounded_away_before_the_market_rounds(
    asked: dict[str, str], sent: tuple[str, str] | None
) -> None:
    if sent is None:
        with pytest.raises(InvalidOrder, match="below one step"):
            fitted(replace(USUAL, **asked), INFO)
        return
    order = fitted(replace(USUAL, **asked), INFO)
    assert (order.quantity, order.price) == sent
