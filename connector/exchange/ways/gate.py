"""Gate v4: perpetuals are counted in contracts of `quanto_multiplier`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connector.domain import Digits, MarketType
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
from connector.exchange.pages import Pages, by_number, by_offset
from connector.exchange.parse_account import Figures, total_of
from connector.exchange.parse_fields import Raw, in_base_units, instant, optional_id
from connector.exchange.ways.in_json import AnswersInJson
from connector.exchange.ways.in_time import WINDOW, carries_deadline
from connector.exchange.ways.reading import table, told
from connector.exchange.ways.way import NOTHING, TickerFigures, Way
from connector.trading import MarginMode


def _candle(frame: Any, open_ms: int, market: Raw) -> tuple[list[Any], bool] | None:
    """Read a candle frame: ccxt drops `w`, whether the bar is over, and takes spot's quote volume.

    Source:  `{"channel":"spot.candlesticks","result":{"t":"1606292580","v":"2362.32035",
             "c":"19128.1","h":…,"l":…,"o":…,"n":"1m_BTC_USDT","a":"3.8283","w":true}}`: of spot
             `v` is in quote and `a` in base units, of futures `v` counts contracts and `result` is
             a list; Gate v4 "Candlesticks Channel".
    """
    result = frame.get("result") if isinstance(frame, dict) else None
    for bar in result if isinstance(result, list) else [result]:
        if not isinstance(bar, dict) or (instant(bar.get("t")) or 0) * 1000 != open_ms:
            continue
        if optional_id(bar.get("n")).partition("_")[2] == market.get("id"):
            volume = bar.get("v" if market.get("contract") else "a")
            return [open_ms, *(bar.get(key) for key in "ohlc"), volume], bar.get("w") is True
    return None


def _ticker(ticker: Raw, market: Raw) -> TickerFigures:
    """Read the open contracts.

    Source:  `{"contract":"BTC_USDT","total_size":"32323904","quanto_multiplier":"0.0001",
             "volume_24h_base":"28613220"}`, Gate v4 "List futures tickers".
    """
    contracts = told(table(ticker, "info"), "total_size")
    if not market.get("linear"):
        return TickerFigures()
    return TickerFigures(open_interest=in_base_units(contracts, market))


def _figures(balance: Raw) -> Figures:
    """Read the futures account, or the unified one, which Gate tells in USD.

    Source:  `[{"currency":"USDT","total":"9707.80","unrealised_pnl":"3371.24","available":…,
             "maintenance_margin":"2384.6"}]`: `total` without what open positions have made, Gate
             v4 "Get futures account"; `{"total_margin_balance":…,"total_maintenance_margin":…,
             "total_available_margin":…,"unified_account_total_equity":…}`, "Get unified account".
    """
    info: Any = balance.get("info")
    if isinstance(info, Mapping) and "total_margin_balance" in info:
        return Figures(
            wallet=told(info, "unified_account_total_equity"),
            margin_balance=told(info, "total_margin_balance"),
            available=told(info, "total_available_margin"),
            maintenance=told(info, "total_maintenance_margin"),
            mode=MarginMode.UNIFIED,
        )
    own = table(balance, "info")
    wallet, made = told(own, "total"), told(own, "unrealised_pnl") or "0"
    return Figures(
        wallet=wallet,
        margin_balance=total_of((wallet, made)),
        available=told(own, "available"),
        maintenance=told(own, "maintenance_margin"),
    )


def _leverage(position: Raw) -> Digits | None:
    """Read a cross position's leverage.

    Source:  `{"leverage":"0","cross_leverage_limit":"10"}`: "0 means cross margin", Gate v4 "List
             all positions of a user".
    """
    return told(table(position, "info"), "cross_leverage_limit")


async def _is_hedged(exchange: Any, _: str) -> bool:
    """Ask the futures account. Source: `{"in_dual_mode":false}`, Gate v4 "Get futures account"."""
    rows: Any = await exchange.privateFuturesGetSettleAccounts({"settle": "usdt"})
    return rows.get("in_dual_mode") is True


def _since(ms: int) -> Mapping[str, int]:
    return {"from": ms // 1000}


# "limit: Maximum number of records returned in a single list" (of spot: in each currency pair) up
# to 100 orders and 1000 trades, `offset` and `page`; v4 "List futures orders", "List all open
# orders", "Query personal trading records"
_FOLLOW = {MarketType.SWAP: by_offset("offset"), MarketType.SPOT: by_number("page")}
_ORDER_PAGES = {
    market: Pages(size=100, asked={"limit": 100}, follow=follow, numbered=True)
    for market, follow in _FOLLOW.items()
}
_TRADE_PAGES = {
    market: Pages(size=1000, asked={"limit": 1000}, follow=follow, since=_since)
    for market, follow in _FOLLOW.items()
}


class _CancelsInLowerCase:
    """Gate's paths name the settlement coin in lower case; ccxt's batch of cancels alone doesn't.

    Source:  `POST /futures/{settle}/batch_cancel_orders`, settle `btc` or `usdt`, Gate v4.
    """

    async def cancel_orders(self, ids: Any, symbol: str, params: Raw = NOTHING) -> Any:
        exchange: Any = self
        settle = exchange.market(symbol)["settle"]
        named = {} if settle is None else {"settle": settle.lower()}
        ask = super().cancel_orders  # pyright: ignore[reportAttributeAccessIssue]
        return await ask(ids, symbol, {**params, **named})


_ORDER_FAULTS = (
    # v4 "Error Handling", labels. Gate has no word of its own for a client id used twice.
    Row(DuplicateOrder, "REPEATED_CREATION DUPLICATE_REQUEST"),
    Row(
        DuplicateOrder, "", r"duplicated? (order|text|client)|text.{0,20}(duplicate|already exist)"
    ),
    Row(Lost, "INTERNAL SERVER_ERROR TIMEOUT"),
    Row(PostOnlyWouldTake, "POC_FILL_IMMEDIATELY ORDER_POC_IMMEDIATE"),
    Row(InsufficientFunds, "BALANCE_NOT_ENOUGH FUTURES_BALANCE_NOT_ENOUGH INSUFFICIENT_AVAILABLE"),
    Row(InsufficientFunds, "MARGIN_BALANCE_NOT_ENOUGH"),
    Row(OrderNotFound, "ORDER_NOT_FOUND CLIENT_ID_NOT_FOUND ORDER_CLOSED ORDER_CANCELLED"),
    Row(OrderNotFound, "ORDER_FINISHED ORDER_NOT_OWNED"),
    Row(UnknownSymbol, "INVALID_CURRENCY INVALID_CURRENCY_PAIR CONTRACT_NOT_FOUND"),
    Row(RateLimited, "TOO_MANY_REQUESTS TOO_FAST"),
    Row(Transient, "TOO_BUSY REQUEST_EXPIRED"),
    Row(Denied, "INVALID_KEY INVALID_CREDENTIALS AUTHENTICATION_FAILED INVALID_SIGNATURE"),
    Row(Denied, "MISSING_REQUIRED_HEADER IP_FORBIDDEN READ_ONLY FORBIDDEN ACCOUNT_LOCKED"),
    Row(Denied, "SUB_ACCOUNT_LOCKED TRADE_RESTRICTED USER_NOT_FOUND"),
    Row(InvalidOrder, "INVALID_PARAM_VALUE INVALID_ARGUMENT INVALID_PRECISION BAD_REQUEST"),
    Row(InvalidOrder, "INVALID_PROTOCOL INVALID_REQUEST_BODY MISSING_REQUIRED_PARAM NO_CHANGE"),
    Row(InvalidOrder, "AMOUNT_TOO_LITTLE AMOUNT_TOO_MUCH SIZE_TOO_LARGE SIZE_TOO_SMALL"),
    Row(InvalidOrder, "PRICE_TOO_DEVIATED PRICE_THRESHOLD_EXCEEDED QUANTITY_NOT_ENOUGH"),
    Row(OrderRejected, "[A-Z]*"),
)

_ORDER_PATHS = ("orders", "batch_orders", "{settle}/orders", "{settle}/batch_orders")

GATE = Way(
    # text: "prefixed with t-, no longer than 28 bytes without t- prefix, can only include
    # 0-9, A-Z, a-z, underscores (_), hyphens (-) or dots (.)", v4. ccxt (gate.py) refuses
    # more than 28 *with* it, and prefixes only what doesn't begin with "t".
    client_ids=ClientIdRule(28, r"0-9A-Za-z._\-", prefix="t-"),
    order_faults=_ORDER_FAULTS,
    options=WINDOW,
    # "if the GATE receives the request time greater than the expiration time, the request will be
    # rejected", v4 "Create an order", "Create a batch of orders" of spot and of futures
    overrides=(
        AnswersInJson,
        _CancelsInLowerCase,
        carries_deadline("x-gate-exptime", _ORDER_PATHS),
    ),
    read_candle=_candle,
    candles_count_contracts=True,
    ticker_figures=_ticker,
    account_figures=_figures,
    position_leverage=_leverage,
    is_hedged=_is_hedged,
    spot_buys_by_cost=True,
    order_pages=MappingProxyType(_ORDER_PAGES),
    trade_pages=MappingProxyType(_TRADE_PAGES),
    settled_in=lambda coin: {"settle": coin.lower()},
    batch_limit=10,
    cancel_batch_limit=20,
    cancels_told_by_id=True,
)
