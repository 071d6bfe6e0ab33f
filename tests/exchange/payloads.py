"""One account seen by each exchange: documented payloads, the same deal in each one's own words.

A sell of 0.5 BTC at 97000.10, 0.2 of it done at 97000.20, a short of 0.3 BTC at 97010.5. Where
contracts are counted, one is 0.01 BTC on OKX and 0.0001 on Gate. Shapes are those of the exchanges'
public references (Binance "Query Order", Bybit v5 "Get Open & Closed Orders", OKX v5 "Order
details", Bitget v2 "Get Order Detail", Gate v4 "Get a single order"), and so on for the rest.
"""

from dataclasses import dataclass
from typing import Any

AT_MS = 1_700_000_000_000
AT = str(AT_MS)
NEXT_MS = 1_700_006_400_000
NEXT = str(NEXT_MS)


@dataclass(frozen=True)
class Payloads:
    """An exchange's words, and which of ccxt's parsers reads them where it isn't the usual one."""

    id: str
    market_id: str
    contract_size: str | None
    ticker: dict[str, Any]
    order: dict[str, Any]
    trade: dict[str, Any]
    bar: Any
    balance: tuple[Any, ...]
    position: tuple[str, dict[str, Any]] | None = None
    funding: dict[str, Any] | None = None


_BINANCE_TICKER = {
    "symbol": "BTCUSDT",
    "priceChange": "-203.40000000",
    "priceChangePercent": "-0.209",
    "lastPrice": "97123.10",
    "openPrice": "97326.50",
    "highPrice": "98000.00",
    "lowPrice": "96000.00",
    "volume": "13907.038",
    "quoteVolume": "1350000000.50",
    "closeTime": AT_MS,
    "count": 1,
}
_BINANCE_ORDER = {
    "orderId": 283194212,
    "symbol": "BTCUSDT",
    "status": "PARTIALLY_FILLED",
    "clientOrderId": "mine-1",
    "price": "97000.10",
    "origQty": "0.500",
    "executedQty": "0.200",
    "cumQuote": "19400.04",
    "cummulativeQuoteQty": "19400.04",
    "timeInForce": "GTX",
    "type": "LIMIT",
    "side": "SELL",
    "stopPrice": "0",
    "time": AT_MS,
    "updateTime": AT_MS + 5,
}
_BINANCE_BAR = [
    *(AT_MS, "97000.10", "97200.00", "96900.00", "97123.10", "12.345"),
    *(AT_MS + 59_999, "1197000.1", 40, "6.1", "591000.2", "0"),
]

PAYLOADS = (
    Payloads(
        id="binanceusdm",
        market_id="BTCUSDT",
        contract_size="1",
        ticker=_BINANCE_TICKER,
        order={**_BINANCE_ORDER, "avgPrice": "97000.20", "reduceOnly": False},
        trade={
            "symbol": "BTCUSDT",
            "id": 698759,
            "orderId": 283194212,
            "side": "SELL",
            "price": "97000.20",
            "qty": "0.200",
            "realizedPnl": "-1.25000000",
            "quoteQty": "19400.04",
            "commission": "7.76001600",
            "commissionAsset": "USDT",
            "time": AT_MS,
            "maker": True,
        },
        bar=_BINANCE_BAR,
        balance=(
            "parse_balance_custom",
            {
                "totalWalletBalance": "100000.25",
                "assets": [
                    {
                        "asset": "USDT",
                        "walletBalance": "100000.25",
                        "marginBalance": "99966.97",
                        "availableBalance": "60000.10",
                        "initialMargin": "40000.15",
                    }
                ],
                "positions": [],
            },
        ),
        position=(
            "parse_position_risk",
            {
                "symbol": "BTCUSDT",
                "positionAmt": "-0.300",
                "entryPrice": "97010.5",
                "markPrice": "97120.50000000",
                "unRealizedProfit": "-33.00000000",
                "liquidationPrice": "150000.10",
                "leverage": "5",
                "marginType": "isolated",
                "isolatedMargin": "5820.63",
                "notional": "-29136.15",
                "isolatedWallet": "5853.63",
                "positionSide": "BOTH",
                "updateTime": AT_MS,
            },
        ),
        funding={
            "symbol": "BTCUSDT",
            "markPrice": "97120.5",
            "indexPrice": "97121.1",
            "lastFundingRate": "0.00010000",
            "interestRate": "0.00010000",
            "nextFundingTime": NEXT_MS,
            "time": AT_MS,
        },
    ),
    Payloads(
        id="binance",
        market_id="BTCUSDT",
        contract_size=None,
        ticker=_BINANCE_TICKER,
        order=_BINANCE_ORDER,
        trade={
            "symbol": "BTCUSDT",
            "id": 698759,
            "orderId": 283194212,
            "price": "97000.20",
            "qty": "0.200",
            "quoteQty": "19400.04",
            "commission": "7.76001600",
            "commissionAsset": "USDT",
            "time": AT_MS,
            "isBuyer": False,
            "isMaker": True,
        },
        bar=_BINANCE_BAR,
        balance=(
            "parse_balance_custom",
            {"balances": [{"asset": "USDT", "free": "60000.10", "locked": "40000.15"}]},
            "spot",
        ),
    ),
    Payloads(
        id="bybit",
        market_id="BTCUSDT",
        contract_size="1",
        ticker={
            "symbol": "BTCUSDT",
            "lastPrice": "97123.10",
            "prevPrice24h": "97326.50",
            "price24hPcnt": "-0.00209",
            "highPrice24h": "98000.00",
            "lowPrice24h": "96000.00",
            "volume24h": "13907.038",
            "turnover24h": "1350000000.50",
            "markPrice": "97120.5",
            "time": AT,
        },
        order={
            "orderId": "fd4300ae-7847-404e-b947-b46980a4d140",
            "orderLinkId": "mine-1",
            "symbol": "BTCUSDT",
            "price": "97000.10",
            "qty": "0.500",
            "side": "Sell",
            "orderStatus": "PartiallyFilled",
            "avgPrice": "97000.20",
            "cumExecQty": "0.200",
            "cumExecValue": "19400.04",
            "cumExecFee": "7.76",
            "leavesQty": "0.300",
            "timeInForce": "PostOnly",
            "orderType": "Limit",
            "reduceOnly": False,
            "createdTime": AT,
            "updatedTime": str(AT_MS + 5),
        },
        trade={
            "symbol": "BTCUSDT",
            "orderId": "fd4300ae-7847-404e-b947-b46980a4d140",
            "orderLinkId": "mine-1",
            "side": "Sell",
            "execFee": "7.76001600",
            "feeCurrency": "",
            "execId": "c1a3-2f",
            "execPrice": "97000.20",
            "execQty": "0.200",
            "execType": "Trade",
            "execPnl": "-1.25",
            "execTime": AT,
            "isMaker": True,
        },
        bar=[AT, "97000.10", "97200.00", "96900.00", "97123.10", "12.345", "1197000.1"],
        balance=(
            "parse_balance",
            {
                "retCode": 0,
                "result": {
                    "list": [
                        {
                            "accountType": "UNIFIED",
                            "coin": [
                                {
                                    "coin": "USDT",
                                    "walletBalance": "100000.25",
                                    "totalOrderIM": "0",
                                    "totalPositionIM": "40000.15",
                                    "locked": "0",
                                }
                            ],
                        }
                    ]
                },
                "time": AT_MS,
            },
        ),
        position=(
            "parse_position",
            {
                "positionIdx": 0,
                "symbol": "BTCUSDT",
                "side": "Sell",
                "size": "0.300",
                "avgPrice": "97010.5",
                "positionValue": "29103.15",
                "tradeMode": 1,
                "markPrice": "97120.50000000",
                "unrealisedPnl": "-33.00000000",
                "liqPrice": "150000.10",
                "bustPrice": "151000",
                "leverage": "5",
                "positionIM": "5820.63",
                "positionMM": "145.51",
                "updatedTime": AT,
            },
        ),
        funding={
            "symbol": "BTCUSDT",
            "markPrice": "97120.5",
            "indexPrice": "97121.1",
            "fundingRate": "0.00010000",
            "nextFundingTime": NEXT,
            "fundingIntervalHour": "8",
        },
    ),
    Payloads(
        id="okx",
        market_id="BTC-USDT-SWAP",
        contract_size="0.01",
        ticker={
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "last": "97123.10",
            "open24h": "97326.50",
            "high24h": "98000.00",
            "low24h": "96000.00",
            "vol24h": "1390703.8",
            "volCcy24h": "13907.038",
            "ts": AT,
        },
        order={
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "ordId": "312269865356374016",
            "clOrdId": "mine1",
            "px": "97000.10",
            "sz": "50",
            "ordType": "post_only",
            "side": "sell",
            "posSide": "net",
            "accFillSz": "20",
            "avgPx": "97000.20",
            "state": "partially_filled",
            "fee": "-7.76",
            "feeCcy": "USDT",
            "cTime": AT,
            "uTime": str(AT_MS + 5),
        },
        trade={
            "instType": "SWAP",
            "instId": "BTC-USDT-SWAP",
            "tradeId": "744876980",
            "ordId": "312269865356374016",
            "clOrdId": "mine1",
            "fillPx": "97000.20",
            "fillSz": "20",
            "side": "sell",
            "posSide": "net",
            "execType": "M",
            "fillPnl": "-1.25",
            "feeCcy": "USDT",
            "fee": "-7.76001600",
            "ts": AT,
        },
        bar=[
            *(AT, "97000.10", "97200.00", "96900.00", "97123.10"),
            *("1234.5", "12.345", "1197000.1", "1"),
        ],
        balance=(
            "parse_trading_balance",
            {
                "code": "0",
                "data": [
                    {
                        "uTime": AT,
                        "totalEq": "100000",
                        "details": [
                            {
                                "ccy": "USDT",
                                "eq": "100000.25",
                                "availEq": "60000.10",
                                "availBal": "60000.10",
                                "frozenBal": "40000.15",
                            }
                        ],
                    }
                ],
            },
        ),
        position=(
            "parse_position",
            {
                "instType": "SWAP",
                "instId": "BTC-USDT-SWAP",
                "posSide": "net",
                "pos": "-30",
                "avgPx": "97010.5",
                "markPx": "97120.50000000",
                "upl": "-33.00000000",
                "liqPx": "150000.10",
                "lever": "5",
                "mgnMode": "isolated",
                "margin": "5853.63",
                "mmr": "145.51",
                "notionalUsd": "29136.15",
                "cTime": AT,
                "uTime": AT,
            },
        ),
        funding={
            "instId": "BTC-USDT-SWAP",
            "instType": "SWAP",
            "fundingRate": "0.00010000",
            "nextFundingRate": "",
            "fundingTime": NEXT,
            "nextFundingTime": str(NEXT_MS + 28_800_000),
            "ts": AT,
        },
    ),
    Payloads(
        id="bitget",
        market_id="BTCUSDT",
        contract_size="1",
        ticker={
            "symbol": "BTCUSDT",
            "lastPr": "97123.10",
            "open24h": "97326.50",
            "high24h": "98000.00",
            "low24h": "96000.00",
            "change24h": "-0.00209",
            "baseVolume": "13907.038",
            "quoteVolume": "1350000000.50",
            "markPrice": "97120.5",
            "ts": AT,
        },
        order={
            "symbol": "BTCUSDT",
            "orderId": "1111461743123927040",
            "clientOid": "mine-1",
            "size": "0.500",
            "baseVolume": "0.200",
            "price": "97000.10",
            "priceAvg": "97000.20",
            "state": "partially_filled",
            "side": "sell",
            "force": "post_only",
            "orderType": "limit",
            "posMode": "one_way_mode",
            "tradeSide": "sell_single",
            "reduceOnly": "NO",
            "fee": "-7.76",
            "cTime": AT,
            "uTime": str(AT_MS + 5),
        },
        trade={
            "tradeId": "1111468664328269825",
            "symbol": "BTCUSDT",
            "orderId": "1111461743123927040",
            "price": "97000.20",
            "baseVolume": "0.200",
            "side": "sell",
            "profit": "-1.25",
            "tradeSide": "sell_single",
            "posMode": "one_way_mode",
            "feeDetail": [{"feeCoin": "USDT", "totalFee": "-7.76001600"}],
            "cTime": AT,
        },
        bar=[AT, "97000.10", "97200.00", "96900.00", "97123.10", "12.345", "1197000.1"],
        balance=(
            "parse_balance",
            [
                {
                    "marginCoin": "USDT",
                    "locked": "0",
                    "available": "60000.10",
                    "crossedMaxAvailable": "60000.10",
                    "maxTransferOut": "60000.10",
                    "accountEquity": "100000.25",
                }
            ],
        ),
        position=(
            "parse_position",
            {
                "symbol": "BTCUSDT",
                "marginCoin": "USDT",
                "holdSide": "short",
                "total": "0.300",
                "available": "0.300",
                "marginSize": "5853.63",
                "leverage": "5",
                "openPriceAvg": "97010.5",
                "marginMode": "isolated",
                "posMode": "one_way_mode",
                "unrealizedPL": "-33.00000000",
                "liquidationPrice": "150000.10",
                "keepMarginRate": "0.004",
                "markPrice": "97120.50000000",
                "cTime": AT,
            },
        ),
        funding={
            "symbol": "BTCUSDT",
            "fundingRate": "0.00010000",
            "fundingRateInterval": "8",
            "nextUpdate": NEXT,
        },
    ),
    Payloads(
        id="gate",
        market_id="BTC_USDT",
        contract_size="0.0001",
        ticker={
            "contract": "BTC_USDT",
            "last": "97123.10",
            "change_percentage": "-0.209",
            "high_24h": "98000.00",
            "low_24h": "96000.00",
            "volume_24h": "139070380",
            "volume_24h_base": "13907.038",
            "volume_24h_quote": "1350000000.50",
            "mark_price": "97120.5",
        },
        order={
            "id": 74046514,
            "user": 100,
            "contract": "BTC_USDT",
            "create_time": AT_MS / 1000,
            "update_time": AT_MS / 1000 + 0.005,
            "size": -5000,
            "left": -3000,
            "price": "97000.10",
            "fill_price": "97000.20",
            "status": "open",
            "text": "t-mine-1",
            "tif": "poc",
            "is_reduce_only": False,
            "iceberg": 0,
        },
        trade={
            "id": 121234231,
            "create_time": AT_MS / 1000,
            "contract": "BTC_USDT",
            "order_id": "74046514",
            "size": -2000,
            "price": "97000.20",
            "fee": "7.76001600",
            "text": "t-mine-1",
            "role": "maker",
        },
        bar={
            "t": AT_MS // 1000,
            "o": "97000.10",
            "h": "97200.00",
            "l": "96900.00",
            "c": "97123.10",
            "v": 123450,
        },
        balance=(
            "parse_balance_helper",
            {"currency": "USDT", "total": "100000.25", "available": "60000.10"},
        ),
        position=(
            "parse_position",
            {
                "contract": "BTC_USDT",
                "size": -3000,
                "entry_price": "97010.5",
                "mark_price": "97120.50000000",
                "unrealised_pnl": "-33.00000000",
                "liq_price": "150000.10",
                "leverage": "5",
                "margin": "5853.63",
                "maintenance_rate": "0.005",
                "initial_margin": "5853.63",
                "maintenance_margin": "145.51",
                "value": "29136.15",
                "mode": "single",
                "update_time": AT_MS // 1000,
            },
        ),
        funding={
            "name": "BTC_USDT",
            "funding_rate": "0.00010000",
            "funding_rate_indicative": "0.00020000",
            "funding_interval": 28800,
            "funding_next_apply": NEXT_MS // 1000,
            "mark_price": "97120.5",
        },
    ),
)
