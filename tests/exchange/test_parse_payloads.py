"""Each exchange's documented payloads, through ccxt's own parsers and then through ours."""

from typing import Any

import ccxt.pro
import pytest

from connector.domain import PriceSource
from connector.exchange.parse import (
    parse_candle,
    parse_funding,
    parse_open_interest,
    parse_price,
    parse_symbol_info,
    parse_ticker,
)
from connector.exchange.parse_account import parse_balances, parse_position
from connector.exchange.parse_fields import in_base_units
from connector.exchange.parse_orders import OrderReader
from connector.exchange.ways import way_of
from connector.trading import OrderStatus, OrderType, Side
from tests.exchange.payloads import AT_MS, NEXT_MS, PAYLOADS, Payloads

NOW_MS = AT_MS + 1_000


class At:
    """A ccxt class that knows one market, and an exchange's payloads."""

    def __init__(self, told: Payloads) -> None:
        self.told, swap = told, told.contract_size is not None
        self.symbol = "BTC/USDT:USDT" if swap else "BTC/USDT"
        self.ccxt: Any = getattr(ccxt.pro, told.id)()
        self.ccxt.number = str
        market = {
            "id": told.market_id,
            "symbol": self.symbol,
            "base": "BTC",
            "quote": "USDT",
            "settle": "USDT" if swap else None,
            "baseId": "BTC",
            "quoteId": "USDT",
            "settleId": "USDT" if swap else None,
            "type": "swap" if swap else "spot",
            "spot": not swap,
            "swap": swap,
            "contract": swap,
            "linear": True if swap else None,
            "inverse": False if swap else None,
            "contractSize": told.contract_size,
            "precision": {"price": "0.10", "amount": "1" if told.id == "gate" else "0.001"},
            "limits": {"amount": {"min": "1" if told.id == "gate" else "0.001"}, "cost": {}},
            "info": {},
        }
        self.ccxt.set_markets([self.ccxt.safe_market_structure(market)])
        self.market = self.ccxt.market(self.symbol)
        self.reader = OrderReader(
            self.market["contractSize"], lambda _, __: 7, NOW_MS, way_of(told.id).realized_in
        )


@pytest.fixture(params=PAYLOADS, ids=lambda told: told.id)
def at(request: pytest.FixtureRequest) -> At:
    return At(request.param)


def test_a_ticker(at: At) -> None:
    raw = at.ccxt.parse_ticker(at.told.ticker, at.market)
    ticker = parse_ticker(raw, NOW_MS)
    assert (ticker.symbol, ticker.last_price) == (at.symbol, "97123.10")
    assert ticker.price_change_ratio is not None
    assert ticker.price_change_ratio.startswith("-0.0020")
    figures_of = way_of(at.told.id).ticker_figures
    volume = figures_of(raw, at.market).volume if figures_of is not None else None
    assert (volume or ticker.volume) == "13907.038"
    assert parse_price(raw, PriceSource.TICKER, NOW_MS).price == "97123.10"


def test_an_order(at: At) -> None:
    order = at.reader.order(at.ccxt.parse_order(at.told.order, at.market))
    assert (order.symbol, order.side, order.type) == (at.symbol, Side.SELL, OrderType.LIMIT)
    assert order.status is OrderStatus.PARTIALLY_FILLED
    assert order.price == "97000.10"
    assert (order.quantity.rstrip("0"), order.executed_qty.rstrip("0")) == ("0.5", "0.2")
    assert order.avg_price is not None
    assert order.avg_price.rstrip("0") == "97000.2"
    assert order.client_order_id in ("mine-1", "mine1", "t-mine-1")
    assert order.created_at_ms == AT_MS
    assert order.exchange_order_id == str(
        at.told.order.get("orderId") or at.told.order.get("ordId") or at.told.order.get("id")
    )


def test_an_own_trade(at: At) -> None:
    trade = at.reader.trade(at.ccxt.parse_trade(at.told.trade, at.market))
    assert (trade.symbol, trade.side, trade.price) == (at.symbol, Side.SELL, "97000.20")
    assert trade.quantity.rstrip("0") == "0.2"
    assert trade.fee is not None
    assert (trade.fee.rstrip("0"), trade.fee_asset) == ("7.760016", "USDT")
    assert trade.timestamp_ms == AT_MS
    told = at.told.id in ("binanceusdm", "bybit", "okx", "bitget")
    assert (trade.realized_pnl or "").rstrip("0") == ("-1.25" if told else "")
    order_id = at.reader.order(at.ccxt.parse_order(at.told.order, at.market)).exchange_order_id
    assert trade.exchange_order_id == order_id


def test_a_bar(at: At) -> None:
    row = at.ccxt.parse_ohlcv(at.told.bar, at.market)
    if way_of(at.told.id).candles_count_contracts:
        row = [*row[:5], in_base_units(row[5], at.market)]
    bar = parse_candle(at.symbol, row, True)
    assert (bar.open, bar.high, bar.low, bar.close) == (
        *("97000.10", "97200.00", "96900.00", "97123.10"),
    )
    assert (bar.volume.rstrip("0"), bar.timestamp_ms) == ("12.345", AT_MS)


def test_a_position(at: At) -> None:
    if at.told.position is None:
        assert at.market["spot"]
        return
    method, payload = at.told.position
    raw = getattr(at.ccxt, method)(payload, at.market)
    position = parse_position(raw, at.market["contractSize"])
    assert position.symbol == at.symbol
    assert position.size.rstrip("0") == "-0.3"
    assert (position.entry_price, position.leverage) == ("97010.5", 5)
    assert position.mark_price is not None
    assert position.mark_price.rstrip("0") == "97120.5"
    assert position.unrealized_pnl is not None
    assert position.unrealized_pnl.rstrip("0") == "-33."
    assert position.liquidation_price is not None
    assert position.liquidation_price.rstrip("0") == "150000.1"


def test_a_balance(at: At) -> None:
    method, *payload = at.told.balance
    raw = getattr(at.ccxt, method)(*payload)
    if method == "parse_balance_helper":
        raw = at.ccxt.safe_balance({"USDT": raw})
    own = parse_balances(raw)["USDT"]
    # Binance USD-M: ccxt takes the margin balance for the total; the Way's figures tell the wallet
    assert own.total == ("99966.97" if at.told.id == "binanceusdm" else "100000.25")
    assert own.free is not None
    assert own.free.rstrip("0") == "60000.1"


def test_a_funding_rate(at: At) -> None:
    if at.told.funding is None:
        assert at.market["spot"]
        return
    funding = parse_funding(at.ccxt.parse_funding_rate(at.told.funding, at.market), NOW_MS)
    assert (funding.symbol, funding.rate) == (at.symbol, "0.00010000")
    assert funding.next_funding_time_ms == NEXT_MS


def test_a_market(at: At) -> None:
    info = parse_symbol_info(at.market, "BTCUSDT", at.ccxt.precisionMode)
    assert (info.base_asset, info.quote_asset) == ("BTC", "USDT")
    assert (info.tick_size, info.price_precision) == ("0.10", 1)
    step = {"okx": "0.00001", "gate": "0.0001"}.get(at.told.id, "0.001")
    assert (info.step_size, info.min_quantity) == (step, step)
    assert info.min_notional is None


def test_open_interest_in_contracts_is_told_in_base_units(at: At) -> None:
    size = at.told.contract_size
    told = parse_open_interest({"openInterestAmount": "150"}, at.market)
    assert told == {"0.01": "1.50", "0.0001": "0.0150"}.get(size or "", "150")
