"""Spot: binance as its documents show it, and which exchanges lend for an order."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from connector.domain import FundingRate, MarketType, SymbolInfo
from connector.errors import InvalidOrder, Unsupported
from connector.exchange.spot import holdings
from connector.trading import Balance, OrderRequest, OrderStatus, OrderType, Side, TimeInForce
from tests.exchange.ways.places import BITGET, BYBIT, GATE, OKX, Place
from tests.exchange.ways.venue import Venue, venue

BTC = "BTC/USDT"
AT_MS = 1_749_993_300_000


def market(base: str, quote: str) -> dict[str, Any]:
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": quote,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "stepSize": "0.00001"},
            {"filterType": "NOTIONAL", "minNotional": "5"},
        ],
    }


ORDER = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": "oc1",
    "transactTime": AT_MS,
    "price": "104500.00",
    "origQty": "0.50000",
    "executedQty": "0.00000",
    "cummulativeQuoteQty": "0.00",
    "status": "NEW",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
}
BALANCES = [
    {"asset": "BTC", "free": "0.30000000", "locked": "0.20000000"},
    {"asset": "ETH", "free": "0.00000500", "locked": "0.00000000"},
    {"asset": "USDT", "free": "9000.00", "locked": "1000.00"},
]
REQUEST = OrderRequest(BTC, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, "0.5", "104500", "oc1")


@pytest.fixture
async def binance(no_task_left: None) -> AsyncIterator[Venue]:
    answers: dict[str, Any] = {
        "/api/v3/exchangeInfo": {
            "symbols": [market("BTC", "USDT"), market("BTC", "EUR"), market("ETH", "USDT")]
        },
        "/api/v3/account": {"balances": BALANCES},
        "/api/v3/order": ORDER,
    }
    async with venue("binance", {}, answers, ["spot"]) as place:
        yield place


def test_what_is_owned_is_a_long_position() -> None:
    def info(base: str) -> SymbolInfo:
        symbol, step = f"{base}/USDT", "0.00001"
        return SymbolInfo(symbol, 2, 5, base, "USDT", None, None, "0.01", step)

    owned = {
        "BTC": Balance("BTC", "0.50000000", "0.3"),
        "DUST": Balance("DUST", "0.000009", "0.000009"),
        "SHORT": Balance("SHORT", "-1", "0"),
    }

    positions = holdings(owned, map(info, ("BTC", "DUST", "SHORT", "NONE")))

    assert [(each.symbol, each.size) for each in positions] == [("BTC/USDT", "0.50000000")]
    assert positions[0].liquidation_price is None
    assert (positions[0].entry_price, positions[0].leverage) == (None, 1)


async def test_binance_serves_spot(binance: Venue) -> None:
    assert binance.session.market_type is MarketType.SPOT
    assert binance.session.symbols.all() == ["BTCEUR", "BTCUSDT", "ETHUSDT"]


async def test_positions_are_what_is_owned_in_the_accounts_quote(binance: Venue) -> None:
    everything = await binance.account.positions()
    one = await binance.account.positions("BTC/EUR")

    assert [(each.symbol, each.size) for each in everything] == [(BTC, "0.5")]
    assert [(each.symbol, each.size) for each in one] == [("BTC/EUR", "0.5")]


async def test_a_spot_account_is_healthy(binance: Venue) -> None:
    account = await binance.account.account()

    assert (account.health_score, account.account_leverage) == ("1", 1)
    assert not account.is_unified
    assert account.available_balance == "9000.00"


async def test_spot_pays_no_funding(binance: Venue) -> None:
    rates: list[FundingRate] = []
    binance.market_data.listen_funding(BTC, rates.append, lambda _: None, poll_s=0.01)

    await binance.until(lambda: len(rates) >= 2)

    assert {(rate.rate, rate.next_funding_time_ms) for rate in rates} == {("0", 0)}


async def test_an_order_is_placed_and_post_only_is_a_limit_maker(binance: Venue) -> None:
    order = await binance.orders.place(REQUEST)
    binance.answers["/api/v3/order"] = ORDER | {"type": "LIMIT_MAKER", "clientOrderId": "oc2"}
    post_only = OrderRequest(
        BTC, Side.BUY, OrderType.LIMIT, TimeInForce.GTX, "0.5", "104500", "oc2"
    )
    await binance.orders.place(post_only)

    assert (order.order_id, order.status, order.quantity) == (28, OrderStatus.NEW, "0.50000")
    kinds = [asked["type"] for asked in binance.asked_on("/api/v3/order") if "type" in asked]
    assert kinds == ["LIMIT", "LIMIT_MAKER"]


async def test_margin_is_refused_where_its_orders_are_not_among_spots(binance: Venue) -> None:
    request = OrderRequest(
        BTC, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, "0.5", "104500", "oc3", use_margin=True
    )

    with pytest.raises(Unsupported, match="use_margin"):
        await binance.orders.place(request)
    assert not binance.asked_on("/api/v3/order")


async def test_reduce_only_sells_what_is_owned_and_buys_nothing(binance: Venue) -> None:
    sell = OrderRequest(
        BTC, Side.SELL, OrderType.LIMIT, TimeInForce.GTC, "0.5", "104500", "oc4", reduce_only=True
    )
    binance.answers["/api/v3/order"] = ORDER | {"side": "SELL", "clientOrderId": "oc4"}
    await binance.orders.place(sell)
    buy = OrderRequest(
        BTC, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, "0.5", "104500", "oc5", reduce_only=True
    )

    with pytest.raises(InvalidOrder, match="reduce_only"):
        await binance.orders.place(buy)
    (asked,) = binance.asked_on("/api/v3/order")
    assert "reduceOnly" not in asked


OKX_SPOT = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "baseCcy": "BTC",
    "quoteCcy": "USDT",
    "lever": "10",
    "tickSz": "0.1",
    "lotSz": "0.00000001",
    "minSz": "0.00001",
    "state": "live",
}
BYBIT_SPOT = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "status": "Trading",
    "marginTrading": "both",
    "lotSizeFilter": {"basePrecision": "0.000001", "minOrderQty": "0.00004"},
    "priceFilter": {"tickSize": "0.1"},
}
GATE_SPOT = {
    "id": "BTC_USDT",
    "base": "BTC",
    "quote": "USDT",
    "min_quote_amount": "1",
    "amount_precision": 6,
    "precision": 1,
    "trade_status": "tradable",
}
BITGET_SPOT = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "pricePrecision": "2",
    "quantityPrecision": "6",
    "quotePrecision": "8",
    "status": "online",
    "minTradeUSDT": "1",
}


@pytest.mark.parametrize(
    ("place", "markets", "lends"),
    [
        (OKX, {"/api/v5/public/instruments": [OKX_SPOT]}, {"tdMode": "cross"}),
        (BYBIT, {"/v5/market/instruments-info": [BYBIT_SPOT]}, {"isLeverage": 1}),
    ],
    ids=["okx", "bybit"],
)
async def test_margin_is_routed_where_spots_own_books_have_it(
    place: Place, markets: dict[str, Any], lends: dict[str, Any], no_task_left: None
) -> None:
    request = OrderRequest(
        BTC, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, "0.5", "104500", "oc1", use_margin=True
    )
    ((path, rows),) = markets.items()
    told: Any = {"result": {"list": rows}, "retCode": 0}
    answers = {
        **place.markets,
        path: told if place.id == "bybit" else {"code": "0", "data": rows},
        place.create: place.created,
    }
    async with venue(place.id, place.nothing, answers, ["spot"], market="spot") as at:
        await at.orders.place(request)
        (asked,) = at.asked_on(place.create)

    sent: dict[str, Any] = asked[0] if isinstance(asked, list) else asked
    assert {key: sent.get(key) for key in lends} == lends


@pytest.mark.parametrize(
    ("place", "markets", "book", "create", "created", "sent"),
    [
        (
            GATE,
            {"/api/v4/spot/currency_pairs": [GATE_SPOT]},
            {"/api/v4/spot/tickers": [{"currency_pair": "BTC_USDT", "lowest_ask": "104500"}]},
            "/api/v4/spot/orders",
            {"id": "1", "text": "t-oc1", "status": "closed", "left": "0", "amount": "0.5"},
            {"type": "limit", "time_in_force": "ioc", "amount": "0.5", "price": "105545"},
        ),
        (
            BITGET,
            {"/api/v2/spot/public/symbols": {"code": "00000", "data": [BITGET_SPOT]}},
            {
                "/api/v2/spot/market/tickers": {
                    "code": "00000",
                    "data": [{"symbol": "BTCUSDT", "askPr": "104500", "bidPr": "104499"}],
                },
                "/api/v2/spot/trade/orderInfo": {
                    "code": "00000",
                    "data": [
                        {
                            "symbol": "BTCUSDT",
                            "orderId": "1",
                            "clientOid": "oc1",
                            "orderType": "limit",
                            "side": "buy",
                            "price": "105545",
                            "size": "0.5",
                            "baseVolume": "0.5",
                            "status": "filled",
                            "cTime": str(AT_MS),
                        }
                    ],
                },
            },
            "/api/v2/spot/trade/place-order",
            {"code": "00000", "data": {"orderId": "1", "clientOid": "oc1"}},
            {"orderType": "limit", "force": "IOC", "size": "0.5", "price": "105545"},
        ),
    ],
    ids=["gate", "bitget"],
)
async def test_a_market_buy_keeps_its_quantity_where_it_would_be_told_in_quote_money(
    place: Place,
    markets: dict[str, Any],
    book: dict[str, Any],
    create: str,
    created: Any,
    sent: dict[str, Any],
    no_task_left: None,
) -> None:
    request = OrderRequest(BTC, Side.BUY, OrderType.MARKET, TimeInForce.GTC, "0.5", None, "oc1")
    answers = {**place.markets, **markets, **book, create: created}
    async with venue(place.id, place.nothing, answers, ["spot"], market="spot") as at:
        order = await at.orders.place(request)
        (asked,) = at.asked_on(create)

    assert (order.status, Decimal(order.executed_qty)) == (OrderStatus.FILLED, Decimal("0.5"))

    assert {key: asked.get(key) for key in sent} == sent
