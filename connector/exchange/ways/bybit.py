"""Bybit v5, unified account."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import ccxt

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
from connector.exchange.pages import Pages, by_cursor
from connector.exchange.parse_account import Figures
from connector.exchange.parse_fields import Raw, instant
from connector.exchange.ways.bybit_frames import read_bybit
from connector.exchange.ways.in_json import AnswersInJson
from connector.exchange.ways.in_time import WINDOW
from connector.exchange.ways.reading import table, told
from connector.exchange.ways.way import TickerFigures, Way
from connector.trading import KeyPermissions, MarginMode


def _candle(frame: Any, open_ms: int, market: Raw) -> tuple[list[Any], bool] | None:
    """Read a kline frame: ccxt keeps its text and drops `confirm`.

    Source:  `{"topic":"kline.1.BTCUSDT","data":[{"start":…,"open":"16649.5","confirm":false}]}`,
             Bybit v5 "Kline" stream.
    """
    rows = frame.get("data") if isinstance(frame, dict) else None
    for kline in rows if isinstance(rows, list) else ():
        if isinstance(kline, dict) and instant(kline.get("start")) == open_ms:
            volume = "turnover" if market.get("inverse") else "volume"
            keys = ("open", "high", "low", "close", volume)
            return [open_ms, *(kline.get(key) for key in keys)], kline.get("confirm") is True
    return None


def _ticker(ticker: Raw, market: Raw) -> TickerFigures:
    """Turn an inverse contract's volume about: it is counted in USD, its turnover in the coin.

    Source:  `{"symbol":"BTCUSD","volume24h":"49337318","turnover24h":"2352.94950046",
             "openInterest":"373504107","openInterestValue":"22505.67"}`, Bybit v5 "Get Tickers".
    """
    info = table(ticker, "info")
    if market.get("inverse"):
        return TickerFigures(
            told(info, "turnover24h"), told(info, "volume24h"), told(info, "openInterestValue")
        )
    return TickerFigures(open_interest=told(info, "openInterest"))


async def _fetch_order(
    exchange: Any, symbol: str, order_id: str | None, sent_id: str | None
) -> Raw:
    """Ask for an order among the open and latest ones, then in the history.

    ccxt's fetch_order knows the exchange's id alone: of a client id it would ask for `None`. The
    first list forgets what ended before the exchange's last restart, the second lags behind.
    """
    by = {"orderId": order_id} if sent_id is None else {"orderLinkId": sent_id}
    for ask in (exchange.fetch_open_orders, exchange.fetch_canceled_and_closed_orders):
        for raw in await ask(symbol, None, None, by):
            return raw
    raise ccxt.OrderNotFound(f"{exchange.id} no order {order_id or sent_id} of {symbol}")


def _figures(balance: Raw) -> Figures:
    """Read the unified account's totals, which Bybit tells in USD.

    Source:  `{"result":{"list":[{"accountType":"UNIFIED","totalEquity":…,"totalMarginBalance":…,
             "totalWalletBalance":…,"totalAvailableBalance":…,"totalMaintenanceMargin":…}]}}`,
             Bybit v5 "Get Wallet Balance"; of an account with isolated margin they are empty.
    """
    account = table(balance, "info", "result", "list")
    unified = account.get("accountType") == "UNIFIED"
    return Figures(
        wallet=told(account, "totalWalletBalance"),
        margin_balance=told(account, "totalMarginBalance"),
        available=told(account, "totalAvailableBalance"),
        maintenance=told(account, "totalMaintenanceMargin"),
        mode=MarginMode.UNIFIED if unified else MarginMode.REGULAR,
    )


def _permissions(raw: Raw) -> KeyPermissions:
    """Read what the key may do.

    Source:  `{"result":{"readOnly":0,"permissions":{"ContractTrade":["Order","Position"],
             "Spot":["SpotTrade"],"Wallet":["AccountTransfer"]},"ips":["*"]}}`, Bybit v5 "Get API
             Key Information".
    """
    granted = table(raw, "result", "permissions")
    ips = table(raw, "result").get("ips")
    trades = ("ContractTrade", "Order"), ("Spot", "SpotTrade"), ("Derivatives", "DerivativesTrade")
    return KeyPermissions(
        read=True,  # "any permission can access this endpoint"
        trade=table(raw, "result").get("readOnly") == 0
        and any(word in (granted.get(kind) or ()) for kind, word in trades),
        withdraw="Withdraw" in (granted.get("Wallet") or ()),
        bound_to_addresses=bool(ips) and ips != ["*"],
    )


_LISTS = frozenset(
    f"v5/{each}" for each in ("order/realtime", "order/history", "execution/list", "position/list")
)


class _AsTold:
    """What ccxt makes of the account's answers is what Bybit said.

    Bybit tells apart from a batch's orders which of them it cancelled; ccxt leaves that out. And
    where an answer has no list, ccxt reads an empty one: no such order, nothing open. One without
    a code is no refusal, whatever its words.

    Source:  `{"result":{"list":[{"orderId":…},{"orderId":""}]},"retExtInfo":{"list":[{"code":0,
             "msg":"OK"},{"code":110001,"msg":"…"}]}}`, Bybit v5 "Batch Cancel Order".
    """

    def handle_errors(self, *told: Any) -> Any:
        read = super().handle_errors  # pyright: ignore[reportAttributeAccessIssue]
        try:
            return read(*told)
        except ccxt.ExchangeError as error:
            answer = told[6]
            if isinstance(answer, dict) and not _codes(answer):
                raise ccxt.BadResponse("bybit: an answer without a code") from error
            raise

    async def request(self, path: str, *args: Any, **named: Any) -> Any:
        ask = super().request  # pyright: ignore[reportAttributeAccessIssue]
        answer = await ask(path, *args, **named)
        if path in _LISTS and not isinstance(table(answer, "result").get("list"), list):
            raise ccxt.BadResponse(f"bybit {path}: an answer without a list")
        if path != "v5/order/cancel-batch":
            return answer
        try:
            rows, parts = (answer[part].get("list") or [] for part in ("result", "retExtInfo"))
            for row, part in zip(rows, parts, strict=False):
                done = str(part.get("code")) == "0"
                row |= {"orderStatus": "Cancelled"} if done else part
        except (AttributeError, KeyError, TypeError) as error:  # what it cancelled is looked up
            raise ccxt.BadResponse(f"bybit {path}: an answer that can't be read") from error
        return answer


def _codes(answer: Raw) -> list[object]:
    told = (answer.get(key) for key in ("retCode", "ret_code"))
    return [code for code in told if isinstance(code, int | str) and code != ""]


_CURSOR = by_cursor("nextPageCursor", "cursor")


def _pages(size: int) -> Mapping[MarketType, Pages]:
    """Follow the cursor: asked for 50 orders or 100 executions; unasked it gives 20 and 50.

    Source:  `{"result":{"nextPageCursor":"page_token%3D39380%26","list":[…]}}`, Bybit v5
             "Get Open & Closed Orders", "Get Trade History".
    """
    # a short page may be followed by others: the cursor alone tells the end
    pages = Pages(
        follow=_CURSOR,
        asked={"limit": size},
        since=lambda ms: {"startTime": ms},
        of_order=lambda order_id: {"orderId": order_id},
    )
    return MappingProxyType(dict.fromkeys(MarketType, pages))


_ORDER_FAULTS = (
    # v5 "Error Codes": 10*** common, 110*** derivatives, 170*** spot.
    Row(DuplicateOrder, "110072 170141 110030 12141 10014"),
    Row(Lost, "5004 10000 10016 170001 170007 170032 170146 170147 170234"),
    Row(Lost, "", "request timeout|server timeout"),
    Row(PostOnlyWouldTake, "170218"),
    Row(PostOnlyWouldTake, "", "ec_postonlywilltakeliquidity"),
    Row(InsufficientFunds, "110004 110006 110007 110012 110014 110044 110045 110051 110052 110053"),
    Row(InsufficientFunds, "130021 131001 131212 170033 170034 170131 175003 175006 176015"),
    Row(InsufficientFunds, "", "oc_diff|new_oc"),
    Row(OrderNotFound, "110001 110008 110010 170139 170142 170143 170190 170213 175007 -2013"),
    Row(OrderNotFound, "", "unknown orderinfo"),
    Row(UnknownSymbol, "170121 10029"),
    Row(Denied, "10001 10003 10004", "sign params error|invalid api_key|error sign"),
    Row(UnknownSymbol, "10001", "symbol"),
    Row(RateLimited, "10006 10018 10429 170005 170222 20003 429"),
    Row(Transient, "10002 10019 -1 -1021"),
    Row(Denied, "10003 10004 10005 10007 10008 10009 10010 10024 10027 10028 33004 100028 -2015"),
    Row(Denied, "110065 110067 110068 110069 170201 170209 170224 170241"),
    Row(OrderRejected, "110009 110017 110020 110021 110023 110040 110063 110066 110074 110090"),
    Row(OrderRejected, "170149 170150 170151 170157 170191 170210 170223 170226"),
    Row(InvalidOrder, "10001 12137 110003 110019 110032 110092 110093 110094 -1140 -1197"),
    Row(InvalidOrder, "1701?? 17019? 17020? 170217 170371 170372"),
)

BYBIT = Way(
    # orderLinkId: "a max of 36 characters. Combinations of numbers, letters (upper and lower
    # cases), dashes, and underscores are supported", v5 "Place Order"; ccxt bybit.py too.
    client_ids=ClientIdRule(36, "A-Za-z0-9_-"),
    order_faults=_ORDER_FAULTS,
    # No options: six requests for markets that aren't served; with currencies, which ccxt needs for
    # transfers alone, they held the start up by a second. Spot and contracts stay together: with
    # one of them ccxt takes the other's `BTCUSDT` for its own.
    options=MappingProxyType({"fetchMarkets": {"types": ["spot", "linear", "inverse"]}, **WINDOW}),
    asks_currencies=False,
    overrides=(AnswersInJson, _AsTold),
    # "Spot can input up to 10 args for each subscription request", v5 "Connect"
    symbols_a_message=MappingProxyType({MarketType.SPOT: 10}),
    read_candle=_candle,
    fast_lane=read_bybit,
    ticker_figures=_ticker,
    batch_limit=10,
    # a row for each request, and its fault at the same place of a second list: "The structure of
    # the two lists are completely consistent", v5 "Batch Place Order", which shows the rows in the
    # order of the request and promises it in no words
    refused_in_order=True,
    cancel_batch_limit=10,
    fetch_order=_fetch_order,
    order_pages=_pages(50),
    trade_pages=_pages(100),
    position_pages=Pages(size=200, follow=_CURSOR),
    settled_in=lambda coin: {"settleCoin": coin},
    # isLeverage: "Whether to borrow. Unified account Spot trading only", v5 "Place Order"
    spot_margin=MappingProxyType({"isLeverage": 1}),
    # "The ack of create order request indicates that the request is successfully accepted", v5
    answers_ids_only=True,
    # "Profit and Loss for each close position execution", v5 "Execution" stream
    realized_in=("execPnl",),
    account_figures=_figures,
    key_permissions=("private_get_v5_user_query_api", _permissions),
)
