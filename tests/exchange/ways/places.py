"""Four exchanges' documented payloads: one short position, one open order, one account each.

Everywhere an order of 0.5 BTC at 104,500 of which 0.2 are executed, and 0.3 BTC short.
"""

from typing import Any, NamedTuple

from connector.trading import MarginMode

SYMBOL = "BTC/USDT:USDT"
SENT = "oc1"
AT_MS = 1_749_993_300_000


class Place(NamedTuple):
    """What an exchange answers, and what it must have been asked."""

    id: str
    nothing: Any
    markets: dict[str, Any]
    create: str
    created: Any
    post_only: dict[str, Any]
    """Of the request: a post-only, reduce-only buy of 0.5 BTC at 104,500."""
    detail: str
    order: Any
    looked_up: dict[str, Any]
    """Of the request that finds an order by its client id."""
    position: str
    positions: Any
    balance: str
    balances: Any
    account: tuple[str, str, str, str, MarginMode]
    """Wallet, margin balance, available, maintenance margin, mode."""
    hedge: str
    hedged: Any


def _okx(*rows: Any) -> dict[str, Any]:
    return {"code": "0", "msg": "", "data": list(rows)}


OKX = Place(
    id="okx",
    nothing=_okx(),
    markets={
        "/api/v5/account/config": _okx({"uid": "1", "acctLv": "3", "posMode": "net_mode"}),
        "/api/v5/public/instruments": _okx(
            {
                "instType": "SWAP",
                "instId": "BTC-USDT-SWAP",
                "uly": "BTC-USDT",
                "settleCcy": "USDT",
                "ctVal": "0.01",
                "ctMult": "1",
                "ctValCcy": "BTC",
                "ctType": "linear",
                "lever": "100",
                "tickSz": "0.1",
                "lotSz": "0.01",
                "minSz": "0.01",
                "state": "live",
            }
        ),
    },
    create="/api/v5/trade/batch-orders",
    created=_okx({"clOrdId": SENT, "ordId": "312269865356374016", "sCode": "0", "sMsg": ""}),
    post_only={"ordType": "post_only", "sz": "50", "px": "104500", "reduceOnly": True},
    detail="/api/v5/trade/order",
    order=_okx(
        {
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "ordId": "312269865356374016",
            "clOrdId": SENT,
            "px": "104500",
            "sz": "50",
            "ordType": "limit",
            "side": "buy",
            "posSide": "net",
            "tdMode": "cross",
            "accFillSz": "20",
            "avgPx": "104500",
            "state": "partially_filled",
            "cTime": str(AT_MS),
            "uTime": str(AT_MS),
        }
    ),
    looked_up={"clOrdId": SENT, "instId": "BTC-USDT-SWAP"},
    position="/api/v5/account/positions",
    positions=_okx(
        {
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "mgnMode": "cross",
            "posSide": "net",
            "pos": "-30",
            "avgPx": "105000",
            "markPx": "104500",
            "upl": "150",
            "lever": "3",
            "liqPx": "150000",
            "imr": "10450",
            "mmr": "125.4",
            "notionalUsd": "31350",
        }
    ),
    balance="/api/v5/account/balance",
    balances=_okx(
        {
            "totalEq": "10150",
            "adjEq": "10100",
            "availEq": "5000",
            "imr": "5000",
            "mmr": "125.4",
            "details": [{"ccy": "USDT", "eq": "10150", "cashBal": "10000", "availEq": "5000"}],
        }
    ),
    account=("10150", "10100", "5000", "125.4", MarginMode.UNIFIED),
    hedge="/api/v5/account/config",
    hedged=_okx({"uid": "1", "acctLv": "3", "posMode": "long_short_mode"}),
)


def _bybit(*rows: Any, **result: Any) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": {"list": list(rows), **result}, "time": AT_MS}


_BYBIT_ID = "c6f055d9-7f21-4079-913d-e6523a9cfffa"
BYBIT = Place(
    id="bybit",
    nothing=_bybit(),
    markets={
        "/v5/user/query-api": _bybit(unified=0, uta=1),
        "/v5/market/instruments-info": lambda asked: (
            _bybit()
            if asked.get("status") == "PreLaunch"
            else _bybit(
                {
                    "symbol": "BTCUSDT",
                    "contractType": "LinearPerpetual",
                    "status": "Trading",
                    "baseCoin": "BTC",
                    "quoteCoin": "USDT",
                    "settleCoin": "USDT",
                    "launchTime": "1584230400000",
                    "deliveryTime": "0",
                    "priceScale": "2",
                    "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00"},
                    "priceFilter": {"tickSize": "0.10"},
                    "lotSizeFilter": {"minOrderQty": "0.001", "qtyStep": "0.001"},
                    "fundingInterval": 480,
                },
                category="linear",
            )
        ),
    },
    create="/v5/order/create",
    created={
        "retCode": 0,
        "retMsg": "OK",
        "result": {"orderId": _BYBIT_ID, "orderLinkId": SENT},
        "time": AT_MS,
    },
    post_only={"timeInForce": "PostOnly", "qty": "0.5", "price": "104500", "reduceOnly": True},
    detail="/v5/order/realtime",
    order=_bybit(
        {
            "orderId": _BYBIT_ID,
            "orderLinkId": SENT,
            "symbol": "BTCUSDT",
            "price": "104500",
            "qty": "0.500",
            "side": "Buy",
            "positionIdx": 0,
            "orderStatus": "PartiallyFilled",
            "avgPrice": "104500",
            "leavesQty": "0.300",
            "cumExecQty": "0.200",
            "cumExecValue": "20900",
            "timeInForce": "GTC",
            "orderType": "Limit",
            "tpslMode": "UNKNOWN",
            "createdTime": str(AT_MS),
            "updatedTime": str(AT_MS),
        },
        category="linear",
    ),
    looked_up={"orderLinkId": SENT, "symbol": "BTCUSDT"},
    position="/v5/position/list",
    positions=_bybit(
        {
            "symbol": "BTCUSDT",
            "side": "Sell",
            "size": "0.300",
            "positionIdx": 0,
            "avgPrice": "105000",
            "markPrice": "104500",
            "positionValue": "31500",
            "leverage": "3",
            "unrealisedPnl": "150",
            "liqPrice": "150000",
            "positionIM": "10450",
            "positionMM": "125.4",
            "tradeMode": 0,
            "createdTime": str(AT_MS),
            "updatedTime": str(AT_MS),
        },
        category="linear",
    ),
    balance="/v5/account/wallet-balance",
    balances=_bybit(
        {
            "accountType": "UNIFIED",
            "totalEquity": "10150",
            "totalWalletBalance": "10000",
            "totalMarginBalance": "10150",
            "totalAvailableBalance": "5000",
            "totalMaintenanceMargin": "125.4",
            "coin": [{"coin": "USDT", "equity": "10150", "walletBalance": "10000", "locked": "0"}],
        }
    ),
    account=("10000", "10150", "5000", "125.4", MarginMode.UNIFIED),
    hedge="/v5/position/list",
    hedged=_bybit(
        {"symbol": "BTCUSDT", "side": "", "size": "0", "positionIdx": 1, "avgPrice": "0"},
        {"symbol": "BTCUSDT", "side": "", "size": "0", "positionIdx": 2, "avgPrice": "0"},
        category="linear",
    ),
)

_GATE_ORDER = {
    "id": 15675394,
    "user": 100000,
    "contract": "BTC_USDT",
    "create_time": AT_MS / 1000,
    "size": 5000,
    "left": 3000,
    "price": "104500",
    "fill_price": "104500",
    "tif": "gtc",
    "text": f"t-{SENT}",
    "status": "open",
    "is_reduce_only": False,
}
GATE = Place(
    id="gate",
    nothing=[],
    markets={
        "/api/v4/account/detail": {"user_id": 1, "key": {"mode": 1}},
        "/api/v4/futures/usdt/contracts": [
            {
                "name": "BTC_USDT",
                "type": "direct",
                "quanto_multiplier": "0.0001",
                "order_size_min": 1,
                "order_size_max": 1000000,
                "order_price_round": "0.1",
                "order_price_deviate": "0.5",
                "mark_price": "104500",
                "maker_fee_rate": "-0.00025",
                "taker_fee_rate": "0.00075",
                "leverage_min": "1",
                "leverage_max": "100",
                "status": "trading",
                "funding_interval": 28800,
            }
        ],
    },
    create="/api/v4/futures/usdt/orders",
    created=lambda asked: [] if "status" in asked else _GATE_ORDER | {"left": 5000},
    post_only={"tif": "poc", "size": 5000, "price": "104500", "reduce_only": True},
    detail=f"/api/v4/futures/usdt/orders/t-{SENT}",
    order=_GATE_ORDER,
    looked_up={},
    position="/api/v4/futures/usdt/positions",
    positions=[
        {
            "contract": "BTC_USDT",
            "size": -3000,
            "mode": "single",
            "value": "31350",
            "leverage": "0",
            "cross_leverage_limit": "3",
            "entry_price": "105000",
            "mark_price": "104500",
            "unrealised_pnl": "150",
            "liq_price": "150000",
            "margin": "0",
            "initial_margin": "10450",
            "maintenance_margin": "125.4",
            "update_time": AT_MS // 1000,
        }
    ],
    balance="/api/v4/futures/usdt/accounts",
    balances={
        "currency": "USDT",
        "total": "10000",
        "unrealised_pnl": "150",
        "available": "5000",
        "maintenance_margin": "125.4",
        "in_dual_mode": False,
    },
    account=("10000", "10150", "5000", "125.4", MarginMode.REGULAR),
    hedge="/api/v4/futures/usdt/accounts",
    hedged={"currency": "USDT", "total": "1", "available": "1", "in_dual_mode": True},
)


def _bitget(data: Any) -> dict[str, Any]:
    return {"code": "00000", "msg": "success", "requestTime": AT_MS, "data": data}


BITGET = Place(
    id="bitget",
    nothing=_bitget([]),
    markets={
        "/api/v3/account/settings": {"code": "40084", "msg": "not a unified account"},
        "/api/v2/mix/market/contracts": lambda asked: _bitget(
            [
                {
                    "symbol": "BTCUSDT",
                    "baseCoin": "BTC",
                    "quoteCoin": "USDT",
                    "supportMarginCoins": ["USDT"],
                    "symbolType": "perpetual",
                    "symbolStatus": "normal",
                    "minTradeNum": "0.001",
                    "volumePlace": "3",
                    "pricePlace": "1",
                    "priceEndStep": "1",
                    "sizeMultiplier": "0.001",
                    "minTradeUSDT": "5",
                    "minLever": "1",
                    "maxLever": "125",
                    "fundInterval": "8",
                }
            ]
            if asked["productType"] == "USDT-FUTURES"
            else []
        ),
    },
    create="/api/v2/mix/order/place-order",
    created=_bitget({"clientOid": SENT, "orderId": "1098394344925597697"}),
    post_only={"force": "post_only", "size": "0.5", "price": "104500", "reduceOnly": "YES"},
    detail="/api/v2/mix/order/detail",
    order=_bitget(
        {
            "symbol": "BTCUSDT",
            "size": "0.5",
            "orderId": "1098394344925597697",
            "clientOid": SENT,
            "baseVolume": "0.2",
            "price": "104500",
            "priceAvg": "104500",
            "state": "partially_filled",
            "side": "buy",
            "force": "gtc",
            "orderType": "limit",
            "posMode": "one_way_mode",
            "reduceOnly": "NO",
            "tradeSide": "buy_single",
            "quoteVolume": "20900",
            "cTime": str(AT_MS),
            "uTime": str(AT_MS),
        }
    ),
    looked_up={"clientOid": SENT, "symbol": "BTCUSDT"},
    position="/api/v2/mix/position/all-position",
    positions=_bitget(
        [
            {
                "marginCoin": "USDT",
                "symbol": "BTCUSDT",
                "holdSide": "short",
                "marginSize": "10450",
                "available": "0.3",
                "locked": "0",
                "total": "0.3",
                "leverage": "3",
                "openPriceAvg": "105000",
                "marginMode": "crossed",
                "posMode": "one_way_mode",
                "unrealizedPL": "150",
                "liquidationPrice": "150000",
                "keepMarginRate": "0.004",
                "markPrice": "104500",
                "cTime": str(AT_MS),
            }
        ]
    ),
    balance="/api/v2/mix/account/accounts",
    balances=_bitget(
        [
            {
                "marginCoin": "USDT",
                "locked": "0",
                "available": "9999",
                "crossedMaxAvailable": "5000",
                "maxTransferOut": "5000",
                "accountEquity": "10150",
                "unrealizedPL": "150",
            }
        ]
    ),
    account=("10000", "10150", "5000", "144.21", MarginMode.REGULAR),
    hedge="/api/v2/mix/account/account",
    hedged=_bitget({"marginCoin": "USDT", "posMode": "hedge_mode"}),
)

PLACES = (OKX, BYBIT, GATE, BITGET)
