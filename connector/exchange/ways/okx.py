"""OKX v5: perpetuals are counted in contracts."""

from types import MappingProxyType
from typing import Any

from connector.domain import MarketType
from connector.errors import (
    Denied,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderRejected,
    PostOnlyWouldTake,
    RateLimited,
    Transient,
    UnknownSymbol,
)
from connector.exchange.client_ids import ClientIdRule
from connector.exchange.order_fault_rows import Lost, Row
from connector.exchange.pages import Pages, older_than
from connector.exchange.parse_account import Figures
from connector.exchange.parse_fields import Raw, instant
from connector.exchange.ways.in_json import AnswersInJson
from connector.exchange.ways.in_time import WINDOW, carries_deadline
from connector.exchange.ways.reading import rows_by, table, told
from connector.exchange.ways.way import TickerFigures, Way
from connector.trading import KeyPermissions, MarginMode


def _candle(frame: Any, open_ms: int, market: Raw) -> tuple[list[Any], bool] | None:
    """Read a candle frame: ccxt drops `confirm`, the last of its row.

    Source:  `{"arg":{"channel":"candle1m","instId":"BTC-USDT-SWAP"},"data":[["1597026383085",
             "8533.02","8553.74","8527.17","8548.26","45247","529.5858061","5529651.5","0"]]}`:
             volume in contracts (base units for spot), in base, in quote, and whether it is
             complete; OKX v5 "Candlesticks channel".
    """
    rows = frame.get("data") if isinstance(frame, dict) else None
    if not isinstance(rows, list) or table(frame, "arg").get("instId") != market.get("id"):
        return None
    for row in rows:
        if isinstance(row, list) and len(row) > 8 and instant(row[0]) == open_ms:
            return [open_ms, *row[1:5], row[6 if market.get("contract") else 5]], row[8] == "1"
    return None


def _ticker(ticker: Raw, market: Raw) -> TickerFigures:
    """Read the volume in base units, which for contracts is `volCcy24h`; `vol24h` counts them.

    Source:  `{"instId":"LTC-USD-SWAP","vol24h":"2222","volCcy24h":"2222.0000"}`, OKX v5
             "Get Tickers".
    """
    if not market.get("contract"):
        return TickerFigures()
    return TickerFigures(volume=told(table(ticker, "info"), "volCcy24h"))


def _figures(balance: Raw) -> Figures:
    """Read the trading account's totals, in USD where it borrows across currencies.

    `adjEq` and `mmr` are told of the multi-currency and portfolio modes alone, which are the
    unified ones; else each currency is an account, `eq` its money with what its positions made.

    Source:  `{"data":[{"totalEq":"55837.43","adjEq":"55415.62","imr":"0","mmr":"0","availEq":…,
             "details":[{"ccy":"USDT","eq":"4992.89","cashBal":"4850.43","availEq":"4834.31",
             "upl":"142.4","mmr":""}]}]}`, OKX v5 "Get balance".
    """
    account = table(balance, "info", "data")
    adjusted = told(account, "adjEq")
    if adjusted is not None:
        return Figures(
            wallet=told(account, "totalEq"),
            margin_balance=adjusted,
            available=told(account, "availEq"),
            maintenance=told(account, "mmr"),
            mode=MarginMode.UNIFIED,
        )
    apart = {
        currency: Figures(
            wallet=told(row, "cashBal"),
            margin_balance=told(row, "eq"),
            available=told(row, "availEq"),
            maintenance=told(row, "mmr"),
        )
        for currency, row in rows_by(account, "details", "ccy").items()
    }
    return Figures(apart=apart)


def _permissions(raw: Raw) -> KeyPermissions:
    """Read what the key may do.

    Source:  `{"code":"0","data":[{"perm":"read_only,withdraw,trade","ip":""}]}`, OKX v5 "Get
             account configuration".
    """
    account = table(raw, "data")
    granted = str(account.get("perm") or "").split(",")
    return KeyPermissions(
        read="read_only" in granted,
        trade="trade" in granted,
        withdraw="withdraw" in granted,
        bound_to_addresses=bool(account.get("ip")),
    )


# "limit: Number of results per request. The maximum is 100", `after` and `begin` of v5 "Get order
# List" and "Get transaction details"
_HUNDRED = {"limit": 100}
_ORDERS = Pages(size=100, asked=_HUNDRED, follow=older_than("after"))
_TRADES = Pages(
    size=100,
    asked=_HUNDRED,
    follow=older_than("after", "billId"),
    since=lambda ms: {"begin": ms},
    of_order=lambda order_id: {"ordId": order_id},
)

_ORDER_FAULTS = (
    # v5 "Error Code": sCode of the order where there is one, else the answer's own code.
    Row(DuplicateOrder, "51016 51011"),
    Row(Lost, "50004 50026 51054 51149 63999 500"),
    Row(PostOnlyWouldTake, "", "post[- ]only.*(immediately|taker|liquidity)"),
    Row(InsufficientFunds, "51008 51119 51127 51131 51502 59200 59201"),
    Row(UnknownSymbol, "51001 51012 51014 51015"),
    Row(UnknownSymbol, "51000", "instid"),
    Row(OrderNotFound, "51400 51401 51402 51405 51503 51509 51510 51603"),
    Row(RateLimited, "50011 50061 51113 60014"),
    Row(Transient, "50001 50005 50013 50036 50037 50102 50112"),
    Row(Denied, "50007 50008 50009 50012 50027 50030 50035 50100 50101 50103 50104 50105 50106"),
    Row(Denied, "50107 50110 50111 50113 50114 50119 51009 51010 51024 51155 59113"),
    Row(OrderRejected, "50017 50018 50019 50020 50021 50022 50023 50028 51021 51022 51023"),
    Row(
        OrderRejected,
        "51025 51027 51028 51029 51030 51102 51103 51115 51117 51174 51205 51403 51404 51410",
    ),
    Row(InvalidOrder, "50000 50002 50006 50014 50015 50016 50024 5100* 51020 51031 511* 512*"),
)

OKX = Way(
    # clOrdId: "a combination of case-sensitive alphanumerics, all numbers, or all letters of up
    # to 32 characters", v5 "Place order"; ccxt okx.py: "up to 32 characters".
    client_ids=ClientIdRule(32, "A-Za-z0-9"),
    order_faults=_ORDER_FAULTS,
    options=WINDOW,
    # "the request will not be processed if the current system time of the server is after the
    # expTime", v5 "Transaction Timeouts"
    overrides=(
        AnswersInJson,
        carries_deadline("expTime", ("trade/order", "trade/batch-orders")),
    ),
    read_candle=_candle,
    ticker_figures=_ticker,
    # `{"oi":"5000","oiCcy":"555.55"}`: contracts, and the coin itself; v5 "Get Open Interest"
    open_interest=lambda raw: table(raw, "info").get("oiCcy"),
    # "Last filled profit and loss" of v5 "Order channel", and of "Get transaction details"
    realized_in=("fillPnl",),
    account_figures=_figures,
    # tdMode cross: spot orders are `cash`, those that borrow `cross`; v5 "Place order"
    spot_margin=MappingProxyType({"marginMode": "cross"}),
    order_pages=MappingProxyType(dict.fromkeys(MarketType, _ORDERS)),
    trade_pages=MappingProxyType(dict.fromkeys(MarketType, _TRADES)),
    batch_limit=20,
    cancel_batch_limit=20,
    cancels_told_by_id=True,
    key_permissions=("private_get_account_config", _permissions),
)
