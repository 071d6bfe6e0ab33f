"""What some exchanges' frames tell and ccxt's structures leave out: a table, one row an exchange.

An exchange without a row works by the generic rule: candles as ccxt parses them, closed by the
next bar or the clock; funding watched where ccxt can, else asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import ccxt

from connector.domain import digits
from connector.errors import Malformed
from connector.exchange.parse import Raw, instant
from connector.exchange.parse_account import Figures

CandleReader = Callable[[Any, int], tuple[list[Any], bool] | None]
"""(raw frame, open time) → its own row `[open_ms, o, h, l, c, base_qty]` and closed flag."""


@dataclass(frozen=True)
class Peculiarities:
    """Row of the table."""

    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """ccxt options that suit us; the configured ones are merged over them."""
    overrides: tuple[type, ...] = ()
    """Classes whose methods are laid over the ccxt class."""
    read_candle: CandleReader | None = None
    funding_in_mark_price: Callable[[Raw], Mapping[str, Any] | None] | None = None
    """A mark price structure → ccxt's funding rate structure."""
    spot_by_default: bool = False
    absent_intervals: frozenset[str] = frozenset()
    """Kline intervals that ccxt lists and the exchange's markets of this class haven't."""
    weight_window_ms: int | None = None
    """Over how long the exchange adds up the weight of requests; None: the generic rule."""
    batch_limit: int = 5
    """Orders in one batch call."""
    cancel_batch_limit: int = 10
    account_figures: Callable[[Raw], Figures] | None = None
    """ccxt's balance structure → what the exchange says of the whole account."""
    forget_listen_key: Callable[[Any], None] | None = None
    """Make ccxt ask for a new key when it next opens its private websocket."""
    fetch_order_params: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What asking for an order needs beside its id."""

    @property
    def flags_closed(self) -> bool:
        """Whether the exchange says of a bar that it is closed."""
        return self.read_candle is not None


def _binance_candle(frame: Any, open_ms: int) -> tuple[list[Any], bool] | None:
    """Read a kline frame: ccxt turns its text to floats and drops `x`.

    Source:  `{"e":"kline","s":"BTCUSDT","k":{"t":1626943740000,"o":"32013.60","x":false,…}}`,
             Binance USD-M "Kline/Candlestick Streams".
    """
    kline = frame.get("k") if isinstance(frame, dict) else None
    if not isinstance(kline, dict) or instant(kline.get("t")) != open_ms:
        return None
    row = [open_ms, *(kline.get(key) for key in ("o", "h", "l", "c", "v"))]
    return row, kline.get("x") is True


def _bybit_candle(frame: Any, open_ms: int) -> tuple[list[Any], bool] | None:
    """Read a kline frame: ccxt keeps its text and drops `confirm`.

    Source:  `{"topic":"kline.1.BTCUSDT","data":[{"start":…,"open":"16649.5","confirm":false}]}`,
             Bybit v5 "Kline" stream.
    """
    rows = frame.get("data") if isinstance(frame, dict) else None
    for kline in rows if isinstance(rows, list) else ():
        if isinstance(kline, dict) and instant(kline.get("start")) == open_ms:
            keys = ("open", "high", "low", "close", "volume")
            return [open_ms, *(kline.get(key) for key in keys)], kline.get("confirm") is True
    return None


def _binance_funding(mark: Raw) -> Mapping[str, Any] | None:
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


def _binance_figures(balance: Raw) -> Figures:
    """Read the account endpoint's own totals.

    Source:  `{"totalWalletBalance":"100000.00","totalMarginBalance":…,"totalMaintMargin":…,
             "availableBalance":…}`, Binance USD-M "Account Information V3".
    """
    info = balance.get("info")
    info = info if isinstance(info, Mapping) else {}

    def told(key: str) -> str | None:
        try:
            return digits(info.get(key))
        except Malformed:
            return None

    return Figures(
        wallet=told("totalWalletBalance"),
        margin_balance=told("totalMarginBalance"),
        available=told("availableBalance"),
        maintenance=told("totalMaintMargin"),
    )


def _forget_binance_key(exchange: Any) -> None:
    for kind in ("linear", "inverse"):
        kept = exchange.options.get(kind)
        if isinstance(kept, dict):
            exchange.options[kind] = {**kept, "listenKey": None, "lastAuthenticatedTime": 0}


class _ListenKeyEnds:
    """Binance tells the end of a listen key in a frame that ccxt passes over; then it is silent.

    Source:  `{"e":"listenKeyExpired","E":1699596037418,"listenKey":"…"}`, Binance USD-M
             "Event: User Data Stream Expired".
    """

    def handle_message(self, client: Any, message: Any) -> None:
        if isinstance(message, dict) and message.get("e") == "listenKeyExpired":
            _forget_binance_key(self)
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
        return str(_BINANCE_SOCKETS.get(channel, 0))


_BINANCE_SOCKETS = {
    "ticker": 1,
    "bookTicker": 2,
    "markPrice": 3,
    "multipleOHLCV": 4,
    "multipleTrades": 5,
}

_BINANCE = Peculiarities(
    options=MappingProxyType(
        {
            "watchTickers": {"name": "ticker"},
            "watchTrades": {"name": "aggTrade"},
            "watchTradesForSymbols": {"name": "aggTrade"},
            "ws": {"cost": 2},
            "fetchOpenOrders": {"warnWithoutSymbol": False},
        }
    ),
    overrides=(_SocketByChannel, _ListenKeyEnds),
    read_candle=_binance_candle,
    funding_in_mark_price=_binance_funding,
    account_figures=_binance_figures,
    forget_listen_key=_forget_binance_key,
    weight_window_ms=60_000,
    absent_intervals=frozenset(("1s",)),
)

TABLE: Mapping[str, Peculiarities] = MappingProxyType(
    {
        "binance": Peculiarities(
            options=_BINANCE.options,
            overrides=(_SocketByChannel,),
            read_candle=_binance_candle,
            spot_by_default=True,
            weight_window_ms=60_000,
        ),
        "binanceusdm": _BINANCE,
        "bybit": Peculiarities(
            read_candle=_bybit_candle,
            batch_limit=10,
            fetch_order_params=MappingProxyType({"acknowledged": True}),
        ),
        "okx": Peculiarities(batch_limit=20, cancel_batch_limit=20),
    }
)


def peculiarities_of(exchange_id: str) -> Peculiarities:
    """Give an exchange's row, or the generic rule."""
    return TABLE.get(exchange_id, Peculiarities())
