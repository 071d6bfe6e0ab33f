"""Which of the 28 RPCs an exchange can serve, and how: the one table, read from ccxt's `has`.

It is read without network. What decides at run time (`Session.offers`, the kinds of watched
updates, the market type) reads the same rules.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import ccxt.pro

from connector.config import BadConfig
from connector.domain import MarketType, PriceSource
from connector.exchange.embedded import DEFAULT_DIALECT, EMBEDDED_CLASSES
from connector.exchange.ways import Way, way_of
from connector.trading import TimeInForce

EMBEDDED_ID = "sim"
"""Which of ccxt's classes speaks a dialect of the embedded exchange; the first is the usual one."""

PRICE_KINDS: Mapping[PriceSource, tuple[str, ...]] = {
    PriceSource.TICKER: ("Tickers", "Ticker"),
    PriceSource.BIDASK: ("BidsAsks",),
    PriceSource.TRADES: ("TradesForSymbols", "Trades"),
    PriceSource.MARK: ("MarkPrices", "MarkPrice"),
}
"""Which of ccxt's `watch*` tell a source's prices: the first that the exchange has."""
CANDLE_KINDS = ("OHLCVForSymbols", "OHLCV")
FUNDING_KINDS = ("FundingRates", "FundingRate")
ORDER_LISTS = ("fetchOpenOrders", "fetchOrders", "fetchClosedOrders", "fetchCanceledOrders")
"""Where an order is looked for that can't be asked for by itself."""


_FEATURES = {TimeInForce.GTX: "PO", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}


def takes(exchange: Any, market_type: MarketType, in_force: TimeInForce) -> bool:
    """Whether an exchange has orders of a time in force, by ccxt's `features`.

    Some classes leave the word out where it hasn't: a post-only order would take, an IOC one rest.
    Where ccxt says nothing post-only counts as absent unless `has` tells it, the others as there.
    """
    if in_force not in _FEATURES:
        return True
    features: Any = exchange.features or {}
    found: Any = features.get(market_type.value) or {}
    placing: Any = (found.get("linear") or found).get("createOrder") or {}
    told = (placing.get("timeInForce") or {}).get(_FEATURES[in_force])
    if told is None:
        return in_force is not TimeInForce.GTX or bool(exchange.has.get("createPostOnlyOrder"))
    return bool(told)


class How(StrEnum):
    """How an RPC is served."""

    NATIVE = "native"
    EMULATED = "emulated"
    ABSENT = "absent"


@dataclass(frozen=True)
class Served:
    """How an exchange serves one RPC, and by what: ccxt's methods, or what stands in."""

    how: How
    by: str


@dataclass(frozen=True)
class Capabilities:
    """What one exchange serves, of the market type that `exchange.market = "auto"` chooses."""

    exchange_id: str
    market_type: MarketType
    rpcs: Mapping[str, Served]

    def named(self, how: How) -> list[str]:
        """Give the RPCs that are served so."""
        return [rpc for rpc, served in self.rpcs.items() if served.how is how]


Rule = tuple[How, str, tuple[str, ...]]
"""How, in which words ("": the names of what is needed), if the exchange has all of these."""

IN_TICKER, IN_MARK_PRICE = "open interest in the ticker", "funding in the mark price"
BATCHES, CANCEL_BATCHES = "orders in batches", "cancellations in batches"
"""What ccxt's `has` doesn't know and the exchange's own `Way` tells."""


def _native(*needs: str, words: str = "") -> Rule:
    return How.NATIVE, words, needs


def _emulated(words: str, *needs: str) -> Rule:
    return How.EMULATED, words, needs


_MEMORY = (_native(words="from memory"),)
_MARKETS = (_native("fetchMarkets"),)
_OWNED = _emulated("balances: what is owned is a long position", "fetchBalance")

RULES: Mapping[str, Sequence[Rule]] = {
    "GetName": _MEMORY,
    "GetType": _MEMORY,
    "PlaceOrder": (_native("createOrder"),),
    "BatchPlaceOrders": (
        _native("createOrders", BATCHES),
        _emulated("single orders, 5 at once", "createOrder"),
    ),
    "CancelOrder": (_native("cancelOrder"),),
    "BatchCancelOrders": (
        _native("cancelOrders", CANCEL_BATCHES),
        _emulated("single cancellations, 5 at once", "cancelOrder"),
    ),
    "CancelAllOrders": (
        _native("cancelAllOrders"),
        _emulated("open orders, then in batches", "fetchOpenOrders", "cancelOrder"),
    ),
    "GetOrder": (
        _native("fetchOrder"),
        *(_emulated("looked for among listed orders", each) for each in ORDER_LISTS),
    ),
    "GetOpenOrders": (_native("fetchOpenOrders"),),
    "GetAccount": (_native("fetchBalance", "fetchPositions"),),
    "GetPositions": (_native("fetchPositions"),),
    "GetBalance": (_native("fetchBalance"),),
    "GetLatestPrice": (_native("fetchTicker"),),
    "GetTickers": (_native("fetchTickers"),),
    "GetOpenInterest": (
        _native("fetchOpenInterest"),
        _emulated("from the ticker", IN_TICKER, "fetchTicker"),
    ),
    "GetHistoricalKlines": (_native("fetchOHLCV"),),
    "FetchExchangeInfo": _MARKETS,
    "GetSymbolInfo": _MARKETS,
    "GetSymbols": _MARKETS,
    "GetFundingRate": (_native("fetchFundingRate"),),
    "GetFundingRates": (_native("fetchFundingRates"),),
    "GetHistoricalFundingRates": (_native("fetchFundingRateHistory"),),
    "SubscribeFundingRate": (
        *(_native(f"watch{kind}") for kind in FUNDING_KINDS),
        *(
            _emulated("from the mark price stream", IN_MARK_PRICE, f"watch{kind}")
            for kind in PRICE_KINDS[PriceSource.MARK]
        ),
        _emulated("polled, all at once", "fetchFundingRates"),
        _emulated("polled, symbol by symbol", "fetchFundingRate"),
    ),
    "SubscribePrice": (
        *(_native(f"watch{kind}") for kind in PRICE_KINDS[PriceSource.TICKER]),
        _emulated("polled, all at once", "fetchTickers"),
        _emulated("polled, symbol by symbol", "fetchTicker"),
    ),
    "SubscribeOrders": (
        _native("watchOrders", "watchMyTrades"),
        _native("watchOrders", words="watchOrders, without each fill"),
    ),
    "SubscribeKlines": (
        *(_native(f"watch{kind}") for kind in CANDLE_KINDS),
        _emulated("polled", "fetchOHLCV"),
    ),
    "SubscribeAccount": (
        _native("watchBalance", "watchPositions", "fetchBalance", "fetchPositions"),
        _emulated("polled", "fetchBalance", "fetchPositions"),
    ),
    "SubscribePositions": (
        _native("watchPositions", "fetchPositions"),
        _emulated("polled", "fetchPositions"),
    ),
}
"""Of perpetuals, by RPC in the contract's order: the first rule that holds."""

SPOT_RULES: Mapping[str, Sequence[Rule]] = {
    **RULES,
    "GetAccount": (_native("fetchBalance"),),
    "GetPositions": (_OWNED,),
    "GetOpenInterest": (),
    "GetFundingRate": (_native(words="rate 0, from memory"),),
    "GetFundingRates": (_native(words="rate 0, from memory"),),
    "GetHistoricalFundingRates": (_native(words="none, from memory"),),
    "SubscribeFundingRate": (_native(words="rate 0, from memory"),),
    "SubscribeAccount": (
        _native("watchBalance", "fetchBalance"),
        _emulated("polled", "fetchBalance"),
    ),
    "SubscribePositions": (_OWNED,),
}


def offers(has: Mapping[str, Any], method: str) -> bool:
    """Whether ccxt has a method for an exchange (`watchTickers`, …).

    What ccxt makes out of other questions ("emulated") counts, but not for watching.
    """
    told = has.get(method)
    return told is True or (told == "emulated" and method.startswith("fetch"))


def auto_market_type(has: Mapping[str, Any], way: Way) -> MarketType:
    """Give perpetuals where the exchange trades them, unless its way is spot; else spot."""
    swap = has.get("swap") is True and not way.spot_by_default
    return MarketType.SWAP if swap else MarketType.SPOT


def exchange_ids() -> list[str]:
    """Every id of ccxt.pro."""
    return list(ccxt.pro.exchanges)


def capabilities_of(exchange_id: str) -> Capabilities:
    """Tell what an exchange serves, `sim` the embedded one.

    Errors:  BadConfig for an id that ccxt.pro hasn't, with near misses.
    """
    name = EMBEDDED_CLASSES[DEFAULT_DIALECT] if exchange_id == EMBEDDED_ID else exchange_id
    if name not in ccxt.pro.exchanges:
        near = difflib.get_close_matches(name.lower(), exchange_ids(), 3, 0.6)
        hint = f"did you mean {', '.join(near)}?" if near else "`connector capabilities` lists all"
        raise BadConfig(f"{exchange_id[:40]!r} is no exchange of ccxt.pro; {hint}")
    has: Mapping[str, Any] = getattr(ccxt.pro, name)().has
    way = way_of(name)
    market_type = auto_market_type(has, way)
    offered = {method for method in has if offers(has, method)} | set(_of_way(way))
    rules = SPOT_RULES if market_type is MarketType.SPOT else RULES
    return Capabilities(
        exchange_id, market_type, {rpc: _served(rules[rpc], offered) for rpc in rules}
    )


def _of_way(way: Way) -> Iterator[str]:
    if way.ticker_figures is not None:
        yield IN_TICKER
    if way.funding_in_mark_price is not None:
        yield IN_MARK_PRICE
    if way.batch_limit > 1:
        yield BATCHES
    if way.cancel_batch_limit > 1:
        yield CANCEL_BATCHES


def _served(rules: Sequence[Rule], offered: set[str]) -> Served:
    for how, words, needs in rules:
        if offered.issuperset(needs):
            return Served(how, words or " and ".join(need for need in needs if " " not in need))
    missing = " or ".join(dict.fromkeys(needs[-1] for _, _, needs in rules))
    return Served(How.ABSENT, f"no {missing}" if missing else "spot has none")
