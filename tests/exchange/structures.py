"""Dictionaries as ccxt may hand them over: complete ones, and what may be wrong with them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

NOW_MS = 1_700_000_000_000
BTC = "BTC/USDT:USDT"

COMPLETE: list[dict[str, Any]] = [
    {  # a ticker, book ticker, mark price
        "symbol": BTC,
        "timestamp": NOW_MS,
        "last": "97123.10",
        "close": "97123.10",
        "bid": "97123.00",
        "ask": "97123.20",
        "markPrice": "97120.5",
        "change": "-203.40",
        "percentage": "-0.209",
        "baseVolume": "13907.0386",
        "quoteVolume": "519127705.303",
        "openInterestAmount": "52234.134",
    },
    {  # a funding rate, an entry of its history
        "symbol": BTC,
        "timestamp": NOW_MS,
        "fundingRate": "0.00010000",
        "fundingTimestamp": NOW_MS + 1,
        "nextFundingRate": None,
        "nextFundingTimestamp": None,
    },
    {  # a market
        "id": "BTCUSDT",
        "symbol": BTC,
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "swap": True,
        "active": True,
        "contractSize": "0.01",
        "precision": {"price": "0.10", "amount": "0.001"},
        "limits": {"amount": {"min": "0.001"}, "cost": {"min": "100"}},
    },
    {  # an order
        "id": "8389765",
        "clientOrderId": "mine-1",
        "symbol": BTC,
        "type": "limit",
        "timeInForce": "GTC",
        "side": "sell",
        "status": "open",
        "price": "97000.0",
        "amount": "0.250",
        "filled": "0.100",
        "remaining": "0.150",
        "average": "97010.1",
        "timestamp": NOW_MS,
        "lastTradeTimestamp": NOW_MS + 1,
        "lastUpdateTimestamp": NOW_MS + 2,
    },
    {  # one of the account's own trades
        "id": "77",
        "order": "8389765",
        "symbol": BTC,
        "side": "buy",
        "price": "97000.0",
        "amount": "0.100",
        "fee": {"cost": "0.05", "currency": "USDT"},
        "fees": [{"cost": "0.05", "currency": "USDT"}],
        "timestamp": NOW_MS,
        "info": {"rp": "12.5"},
    },
    {  # a position
        "symbol": BTC,
        "side": "short",
        "contracts": "2",
        "notional": "194000",
        "entryPrice": "97000.0",
        "markPrice": "97120.5",
        "liquidationPrice": "120000",
        "unrealizedPnl": "-241",
        "leverage": "5",
        "marginMode": "isolated",
        "collateral": "38800",
        "maintenanceMargin": "776",
    },
    {  # candle frames, a mark price frame
        "symbol": BTC,
        "t": NOW_MS,
        "o": "97000.0",
        "h": "97200.0",
        "l": "96900.0",
        "c": "97123.1",
        "v": "12.345",
        "x": True,
        "start": NOW_MS,
        "open": "97000.0",
        "high": "97200.0",
        "low": "96900.0",
        "volume": "12.345",
        "confirm": True,
        "n": "1m_BTCUSDT",
        "a": "12.345",
        "w": True,
        "id": "BTCUSDT",
        "instId": "BTCUSDT",
        "arg": {"instId": "BTCUSDT"},
        "contract": True,
        "info": {"r": "0.0001", "T": NOW_MS + 1},
    },
    {  # balances
        "total": {"USDT": "100000.00", "BTC": "0.5"},
        "free": {"USDT": "60000.00", "BTC": None},
        "used": {"USDT": "40000.00", "BTC": "0.1"},
        "info": {"totalWalletBalance": "100000.00", "totalMaintMargin": "776"},
    },
]
ROW = [NOW_MS, "97000.0", "97200.0", "96900.0", "97123.1", "12.345"]

_KEYS = sorted({key for each in COMPLETE for key in each} | {"min", "cost", "currency", "USDT"})

WORDS = [
    *("trigger", "stop", "post_only", "LIMIT", "Market", "stop_market", "TAKE_PROFIT"),
    *(
        "canceling",
        "triggered",
        "rejected",
        "closed",
        "CANCELED",
        "PartiallyFilled",
        "no such word",
    ),
    *("GTD", "PO", "gtc", "Ioc", "BUY", "Sell", "long", "SHORT", "both", "cross", "ISOLATED"),
    *("BTC", "USDT", BTC, "币安人生/USDT:USDT", "\ud800", "\n"),
]
NUMBERS = [
    *("0", "-0", "0.00", "1", "-1", "+5", ".5", "5.", "97123.10", "1e-8", "1E+3", "0E-60"),
    *("1e400", "-1e400", "NaN", "nan", "inf", "-Infinity", "--", "", " 1 ", "1_000", "0x10", "١"),
    *("9" * 40, "9" * 101, "9" * 5_000, "0." + "1" * 200, "1." + "0" * 90, "1e-40", "1e40"),
    *(0, 1, -1, 10**30, 10**5_000, -(10**5_000), 1.5, 1e-8, 1e300, -0.0),
    *(float("nan"), float("inf"), float("-inf"), True, False),
    *(Decimal("1.10"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+999999")),
    *(NOW_MS, str(NOW_MS), NOW_MS / 1000, NOW_MS * 1_000_000, "2026-01-01T00:00:00Z"),
]
_LEAVES = (
    st.none()
    | st.sampled_from(NUMBERS)
    | st.sampled_from(WORDS)
    | st.integers(-5, 10**6).map(lambda whole: f"{whole / 1000}")
    | st.binary(max_size=3)
    | st.text(max_size=6)
)
_INNER = st.lists(_LEAVES, max_size=2) | st.dictionaries(
    st.sampled_from(_KEYS), _LEAVES, max_size=3
)
VALUES = _LEAVES | _INNER | st.lists(_INNER, max_size=2)


def _bent(
    complete: Mapping[str, Any], changes: Mapping[str, Any], without: set[str]
) -> dict[str, Any]:
    return {k: v for k, v in {**complete, **changes}.items() if k not in without}


def _row(changes: Mapping[int, Any], length: int, otherwise: Any) -> Any:
    bent = [changes.get(index, cell) for index, cell in enumerate(ROW[:length])]
    return bent if length else otherwise


STRUCTURES = st.builds(
    _bent,
    st.sampled_from(COMPLETE),
    st.dictionaries(st.sampled_from(_KEYS), VALUES, max_size=6),
    st.sets(st.sampled_from(_KEYS), max_size=2),
)
ROWS = st.builds(
    _row,
    st.dictionaries(st.integers(0, 5), _LEAVES, max_size=2),
    st.sampled_from([6, 6, 6, 5, 0]),
    VALUES,
)
