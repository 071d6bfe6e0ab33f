"""Orders, trades, positions and balances: what is told, what is reckoned, what stays unknown."""

from typing import Any

import ccxt
import pytest

from connector.errors import Malformed
from connector.exchange.parse import parse_symbol_info
from connector.exchange.parse_account import Figures, Wallets, parse_account, parse_balances
from connector.exchange.parse_account import parse_position as position_of
from connector.exchange.parse_orders import OrderReader
from connector.trading import Balance, OrderStatus, OrderType, Position
from tests.exchange.structures import COMPLETE, NOW_MS

ORDER, TRADE, POSITION = COMPLETE[3], COMPLETE[4], COMPLETE[5]


def reader(size: object = None) -> OrderReader:
    return OrderReader(size, lambda _, __: 7, NOW_MS)


@pytest.mark.parametrize(
    ("told", "executed", "status"),
    [
        ({"filled": "0", "remaining": None}, "0", OrderStatus.NEW),
        ({"filled": None, "remaining": "0.150"}, "0.100", OrderStatus.PARTIALLY_FILLED),
        ({"filled": None, "remaining": None}, "0", OrderStatus.NEW),
        ({"status": None, "filled": "0.250"}, "0.250", OrderStatus.FILLED),
        ({"status": "closed", "filled": None, "remaining": None}, "0.250", OrderStatus.FILLED),
        ({"status": "closed", "filled": "0.100"}, "0.100", OrderStatus.CANCELED),
        ({"status": "canceling"}, "0.100", OrderStatus.PARTIALLY_FILLED),
        ({"status": "PENDING_CANCEL", "filled": "0"}, "0", OrderStatus.NEW),
        ({"status": "Triggered", "filled": "0"}, "0", OrderStatus.NEW),
        ({"status": "rejected", "filled": None, "remaining": None}, "0", OrderStatus.REJECTED),
        ({"status": "EXPIRED_IN_MATCH", "filled": "0"}, "0", OrderStatus.EXPIRED),
    ],
)
def test_what_is_executed_and_where_the_order_stands(
    told: dict[str, Any], executed: str, status: OrderStatus
) -> None:
    order = reader().order({**ORDER, **told, "remaining": told.get("remaining")})
    assert (order.executed_qty, order.status) == (executed, status)


@pytest.mark.parametrize("exchange_id", [0, "0", "", None])
def test_an_order_without_an_id_is_malformed(exchange_id: object) -> None:
    with pytest.raises(Malformed):
        reader().order({**ORDER, "id": exchange_id})


@pytest.mark.parametrize("status", ["no such word", 1, True, {}, "NaN"])
def test_a_status_that_is_none_is_malformed(status: object) -> None:
    with pytest.raises(Malformed):
        reader().order({**ORDER, "status": status})


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("MARKET", OrderType.MARKET),
        ("stop_market", OrderType.MARKET),
        ("LIMIT", OrderType.LIMIT),
        ("trigger", OrderType.LIMIT),
        ("post_only", OrderType.LIMIT),
        (None, OrderType.LIMIT),
    ],
)
def test_an_orders_type_is_market_or_limit(told: object, kind: OrderType) -> None:
    assert reader().order({**ORDER, "type": told}).type is kind


def test_a_market_order_names_no_price_and_nothing_executed_has_no_average() -> None:
    told = {"type": "market", "price": "0", "average": "0", "filled": "0", "remaining": "0.250"}
    order = reader().order({**ORDER, **told})
    assert (order.price, order.avg_price) == (None, None)


@pytest.mark.parametrize(
    ("told", "fee"),
    [
        ({"fee": {"cost": "0.05", "currency": "USDT"}}, ("0.05", "USDT")),
        ({"fee": {"cost": "-0.05", "currency": "BNB"}}, ("-0.05", "BNB")),
        ({"fees": [{"cost": "0.05", "currency": "USDT"}]}, ("0.05", "USDT")),
        ({"fees": [{"cost": "0.05", "currency": "A"}, {"cost": "0.10", "currency": "A"}]},
         ("0.15", "A")),
        ({"fees": [{"cost": "0.05", "currency": "A"}, {"cost": "0.10", "currency": "B"}]},
         (None, "")),
        ({"fee": {"cost": None, "currency": "USDT"}, "fees": None}, (None, "")),
        ({"fee": None, "fees": []}, (None, "")),
    ],
)  # fmt: skip
def test_a_fee_is_told_once_in_one_asset(told: dict[str, Any], fee: tuple[str | None, str]) -> None:
    trade = reader().trade({**TRADE, "fee": None, "fees": None, **told})
    assert (trade.fee, trade.fee_asset) == fee


def test_contracts_become_base_units_without_losing_a_digit() -> None:
    order = reader("0.00001").order({**ORDER, "amount": "123456789012345678901234567890.1"})
    assert order.quantity == "1234567890123456789012345.678901"


@pytest.mark.parametrize("size", ["0", "-1", "abc", None, True])
def test_a_contract_size_that_is_none_counts_for_one(size: object) -> None:
    assert reader(size).order(ORDER).quantity == "0.250"


def position(**told: Any) -> Position:
    return position_of({**POSITION, **told}, None)


def test_a_side_decides_the_sign_and_without_one_the_number_does() -> None:
    assert position(side="short").size == "-2"
    assert position(side="SHORT", contracts="-2").size == "-2"
    assert position(side="long", contracts="-2").size == "2"
    assert position(side=None, contracts="-2").size == "-2"
    assert position(side="short", contracts="0.00").size == "0.00"


def test_a_position_without_contracts_is_flat_only_where_it_is_worth_nothing() -> None:
    assert position(contracts=None, side=None, notional="0").size == "0"
    with pytest.raises(Malformed):
        position(contracts=None, side=None)


@pytest.mark.parametrize(
    ("told", "leverage"),
    [
        ("5", 5),
        ("2.6", 3),
        ("0.1", 1),
        *((each, None) for each in ("0", None, "-3", "1e11", "nan")),
    ],
)
def test_a_leverage_is_a_whole_number_that_can_be_one(told: object, leverage: int | None) -> None:
    assert position(leverage=told).leverage == leverage


def test_what_is_not_told_of_a_position_stays_unknown() -> None:
    told = position(entryPrice=None, markPrice=None, unrealizedPnl="--", marginMode=None)
    assert (told.entry_price, told.mark_price, told.unrealized_pnl) == (None, None, None)
    assert (told.margin_type, told.isolated_margin, told.liquidation_price) == ("", None, None)


def test_of_total_free_and_used_the_missing_one_is_reckoned() -> None:
    raw = {
        "total": {"A": "3", "B": None, "C": "3", "D": None},
        "free": {"A": None, "B": "2", "C": None, "D": "1"},
        "used": {"A": "1", "B": "1", "C": None, "D": None},
    }
    assert parse_balances(raw) == {
        "A": Balance("A", "3", "2"),
        "B": Balance("B", "3", "2"),
        "C": Balance("C", "3", None),
    }


def test_an_unknown_profit_makes_no_equity_and_no_health() -> None:
    wallets = Wallets({"USDT": Balance("USDT", "100", "50")}, Figures())
    account = parse_account(wallets, [position(unrealizedPnl=None)], "USDT")
    assert account.total_wallet_balance == "100"
    assert (account.total_margin_balance, account.health_score) == (None, None)
    assert parse_account(wallets, [position()], "USDT").total_margin_balance == "-141"


@pytest.mark.parametrize(
    ("mode", "tick", "places"),
    [
        (ccxt.TICK_SIZE, "0.5", 1),
        (ccxt.DECIMAL_PLACES, "0.00001", 5),
        (ccxt.SIGNIFICANT_DIGITS, None, 8),
    ],
)
def test_a_precision_is_a_step_only_where_it_is_counted_in_steps(
    mode: int, tick: str | None, places: int
) -> None:
    told = "0.5" if mode == ccxt.TICK_SIZE else "5"
    market = {**COMPLETE[2], "precision": {"price": told, "amount": told}, "contractSize": None}
    info = parse_symbol_info(market, "BTCUSDT", mode)
    assert (info.tick_size, info.step_size) == (tick, tick)
    assert (info.price_precision, info.quantity_precision) == (places, places)
