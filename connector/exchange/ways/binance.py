"""Binance: USD-M perpetuals (`binanceusdm`) and spot (`binance`)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import ccxt

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
from connector.exchange.pages import WHOLE, Pages, from_the_newest
from connector.exchange.parse_account import Figures
from connector.exchange.parse_fields import EXACT, Raw, instant, plain
from connector.exchange.ways.binance_frames import read_binance
from connector.exchange.ways.in_time import WINDOW
from connector.exchange.ways.reading import rows_by, table, told
from connector.exchange.ways.way import Way
from connector.trading import KeyPermissions


def _candle(frame: Any, open_ms: int, _: Raw) -> tuple[list[Any], bool] | None:
    """Read a kline frame: ccxt turns its text to floats and drops `x`.

    Source:  `{"e":"kline","s":"BTCUSDT","k":{"t":1626943740000,"o":"32013.60","x":false,…}}`,
             Binance USD-M "Kline/Candlestick Streams".
    """
    kline = frame.get("k") if isinstance(frame, dict) else None
    if not isinstance(kline, dict) or instant(kline.get("t")) != open_ms:
        return None
    row = [open_ms, *(kline.get(key) for key in ("o", "h", "l", "c", "v"))]
    return row, kline.get("x") is True


def _funding(mark: Raw) -> Mapping[str, Any] | None:
    """Read a mark price frame: `r` is the running interval's rate, `T` when it is paid.

    Source:  `{"e":"markPriceUpdate","E":…,"s":"BTCUSDT","p":"11794.15","r":"0.00038167","T":…}`,
             Binance USD-M "Mark Price Stream".
    """
    info = mark.get("info")
    if not isinstance(info, Mapping):
        return None
    return {
        "symbol": mark.get("symbol"),
        "timestamp": mark.get("timestamp"),
        "fundingRate": info.get("r"),
        "fundingTimestamp": info.get("T"),
    }


def _figures(balance: Raw) -> Figures:
    """Read the account endpoint's own totals, and each asset's where its account is its own.

    In single-asset mode the totals are USDT's alone; in multi-assets mode they are all assets', in
    USD, and what an asset's row tells is no account. The answer doesn't say which mode it is.

    Source:  `{"totalWalletBalance":"100000.00","totalMarginBalance":…,"totalMaintMargin":…,
             "availableBalance":…,"assets":[{"asset":"USDT","walletBalance":…,"marginBalance":…,
             "maintMargin":…,"availableBalance":…}]}`, Binance USD-M "Account Information V3".
    """
    info = table(balance, "info")
    total = Figures(
        wallet=told(info, "totalWalletBalance"),
        margin_balance=told(info, "totalMarginBalance"),
        available=told(info, "availableBalance"),
        maintenance=told(info, "totalMaintMargin"),
    )
    apart = {
        asset: Figures(
            wallet=told(row, "walletBalance"),
            margin_balance=told(row, "marginBalance"),
            available=told(row, "availableBalance"),
            maintenance=told(row, "maintMargin"),
        )
        for asset, row in rows_by(info, "assets", "asset").items()
    }
    is_single = _worth(apart.get("USDT", Figures())) == _worth(total)
    return replace(total, apart=apart) if is_single else total


def _worth(figures: Figures) -> tuple[Decimal, ...]:
    told = (figures.wallet, figures.margin_balance, figures.maintenance)
    return tuple(Decimal(each or 0) for each in told)


def _leverage(position: Raw) -> Digits | None:
    """Reckon a position's leverage: version 3 of the answer tells the margin that it asks.

    Source:  `{"symbol":"ADAUSDT","notional":"-10.1","positionInitialMargin":"0.5",
             "openOrderInitialMargin":"0","initialMargin":"0.5"}`, Binance USD-M "Position
             Information V3".
    """
    info = table(position, "info")
    worth, margin = told(info, "notional"), told(info, "positionInitialMargin")
    if worth is None or margin is None or not Decimal(margin):
        return None
    return plain(abs(EXACT.divide(Decimal(worth), Decimal(margin))))


def _forget_key(exchange: Any) -> None:
    for kind in ("linear", "inverse"):
        kept = exchange.options.get(kind)
        if isinstance(kept, dict):
            exchange.options[kind] = {**kept, "listenKey": None, "lastAuthenticatedTime": 0}


class _ListenKeyEnds:
    """Binance tells the end of a listen key in a frame that ccxt passes over; then it is silent.

    And one timer renews the key, whichever it is: ccxt starts another with each key that it asks
    for, and each goes on for ever, with a request every 20 minutes.

    Source:  `{"e":"listenKeyExpired","E":1699596037418,"listenKey":"…"}`, Binance USD-M
             "Event: User Data Stream Expired"; ccxt 4.5.90, `pro/binance.py` (`authenticate`,
             `keep_alive_listen_key`).
    """

    _renewal: asyncio.TimerHandle | None = None

    def delay(self, timeout: float, method: Callable[..., Any], *args: Any) -> Any:
        timer = super().delay(timeout, method, *args)  # pyright: ignore[reportAttributeAccessIssue]
        if method.__name__ == "keep_alive_listen_key":
            if self._renewal is not None:
                self._renewal.cancel()
            self._renewal = timer
        return timer

    def handle_message(self, client: Any, message: Any) -> None:
        if isinstance(message, dict) and message.get("e") == "listenKeyExpired":
            _forget_key(self)
            client.on_error(ccxt.NetworkError("the listen key expired"))
            return
        super().handle_message(client, message)  # pyright: ignore[reportAttributeAccessIssue]


class _SocketByChannel:
    """Binance: one socket for each kind of update, whatever list of symbols asked for it.

    ccxt spreads by the list, so that a symbol of a list could not be let go alone. A socket takes
    1,024 streams, which is more than the exchange has symbols of a type.
    """

    def stream(self, type: str, subscription_hash: str | None, num_subscriptions: int = 1) -> str:
        channel = (subscription_hash or "").partition("::")[0]
        return str(_SOCKETS.get(channel, 0))


_SOCKETS = {
    "ticker": 1,
    "bookTicker": 2,
    "markPrice": 3,
    "multipleOHLCV": 4,
    "multipleTrades": 5,
}

_OPTIONS: Mapping[str, Any] = MappingProxyType(
    {
        "watchTickers": {"name": "ticker"},
        "watchTrades": {"name": "aggTrade"},
        "watchTradesForSymbols": {"name": "aggTrade"},
        "ws": {"cost": 2},
        "fetchOpenOrders": {"warnWithoutSymbol": False},
        **WINDOW,
    }
)


def _permissions(trading: str) -> Callable[[Raw], KeyPermissions]:
    """Read what the key may do; `trading` is the switch of the market type.

    Source:  `{"ipRestrict":false,"enableFutures":false,"enableReading":true,
             "enableSpotAndMarginTrading":false,"enableWithdrawals":false}`, Binance "Get API Key
             Permission".
    """
    return lambda raw: KeyPermissions(
        read=raw.get("enableReading") is True,
        trade=raw.get(trading) is True,
        withdraw=raw.get("enableWithdrawals") is True,
        bound_to_addresses=raw.get("ipRestrict") is True,
    )


_ASKS_PERMISSIONS = "sapi_get_account_apirestrictions"

# of own trades "limit: Default 500; max 1000", the oldest since `startTime`, or those of `orderId`;
# open orders come whole
_ORDERS = MappingProxyType(dict.fromkeys(MarketType, WHOLE))
_TRADES = MappingProxyType(
    dict.fromkeys(
        MarketType,
        Pages(
            size=1000,
            asked={"limit": 1000},
            follow=from_the_newest("startTime"),
            since=lambda ms: {"startTime": ms},
            of_order=lambda order_id: {"orderId": order_id},
        ),
    )
)

# `^[\.A-Z\:/a-z0-9_-]{1,36}$`: USD-M "New Order" newClientOrderId; spot the same
# ("Illegal characters found in parameter 'newClientOrderId'; legal range is …").
CLIENT_IDS = ClientIdRule(36, r".A-Z:/a-z0-9_\-")

# `rp` of "Event: Order Update", `realizedPnl` of "Account Trade List"
REALIZED_IN = ("rp", "realizedPnl")

ORDER_FAULTS = (
    # "Error Codes" of spot and of USD-M. -1010, -2010 and -2011 bring the matching engine's words.
    Row(DuplicateOrder, "none -2010 -1010", "duplicate order sent|clientorderid is duplicated"),
    Row(DuplicateOrder, "-4116"),
    Row(Lost, "", "execution status unknown|status unknown|unknown error"),
    Row(Lost, "-1000 -1001 -1006 -1007"),
    Row(PostOnlyWouldTake, "none -2010 -1010", "immediately match and take"),
    Row(PostOnlyWouldTake, "-5022"),
    Row(InsufficientFunds, "none -2010 -1010", "insufficient balance|margin is insufficient"),
    Row(InsufficientFunds, "-2018 -2019 -2028 -4050 -4051"),
    Row(
        Denied,
        "none -2010 -2011 -1010",
        "action is disabled|trading is not enabled|may not place or",
    ),
    Row(Denied, "none -2010 -1010", "symbol is (restricted|not permitted)"),
    Row(OrderRejected, "-2011", "cancel restrictions"),
    Row(OrderNotFound, "-2011 -2013"),
    Row(OrderNotFound, "-1010", "unknown order sent"),
    Row(UnknownSymbol, "-1121 -4144"),
    Row(RateLimited, "-1003 -1015 -1034 -5041"),
    Row(Transient, "-1008 -1016 -1021 -5028"),
    Row(Transient, "", "under maintenance"),
    Row(Denied, "-1002 -1004 -1005 -1011 -1022 -1099 -1109 -2014 -2015 -2017 -4056 -4057"),
    Row(OrderRejected, "none -1013", "market is closed|max_num|max_position"),
    Row(OrderRejected, "-1112 -1122"),
    Row(InvalidOrder, "-1013 -1014 -11* -32603 -400* -4010 -4013 -4014 -4015 -4016 -4023 -4024"),
    Row(InvalidOrder, "-4029 -4030 -4060 -4061 -4062 -4120 -4136 -4137 -4138 -4139 -4164 -418*"),
    Row(InvalidOrder, "-2021 -2026 -4142"),  # -2021, -4142: of stop orders, not of post-only ones
    Row(OrderRejected, "-1010 -2* -4* -5*"),
)

USD_M = Way(
    realized_in=REALIZED_IN,
    client_ids=CLIENT_IDS,
    order_faults=ORDER_FAULTS,
    options=_OPTIONS,
    order_pages=_ORDERS,
    trade_pages=_TRADES,
    overrides=(_SocketByChannel, _ListenKeyEnds),
    weight_window_ms=60_000,
    read_candle=_candle,
    fast_lane=read_binance,
    absent_intervals=frozenset(("1s",)),
    funding_in_mark_price=_funding,
    forget_listen_key=_forget_key,
    account_figures=_figures,
    position_leverage=_leverage,
    key_permissions=(_ASKS_PERMISSIONS, _permissions("enableFutures")),
    # Place Multiple Orders, of USD-M and COIN-M: "The order of returned contents for batch orders
    # is the same as the order of the order list."
    refused_in_order=True,
)
SPOT = Way(
    client_ids=CLIENT_IDS,
    order_faults=ORDER_FAULTS,
    options=_OPTIONS,
    order_pages=_ORDERS,
    trade_pages=_TRADES,
    overrides=(_SocketByChannel,),
    spot_by_default=True,
    weight_window_ms=60_000,
    read_candle=_candle,
    fast_lane=read_binance,
    key_permissions=(_ASKS_PERMISSIONS, _permissions("enableSpotAndMarginTrading")),
)
OTHERS = Way(
    client_ids=CLIENT_IDS,
    order_faults=ORDER_FAULTS,
    realized_in=REALIZED_IN,
    refused_in_order=True,
    options=WINDOW,
)
"""Of its other classes: the same ids and codes, the rest by the generic rule."""
