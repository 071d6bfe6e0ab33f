"""Bitget v2: perpetuals are counted in base units."""

from decimal import Decimal
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
from connector.exchange.parse_fields import EXACT, Raw, plain
from connector.exchange.ways.in_json import AnswersInJson
from connector.exchange.ways.reading import table, told
from connector.exchange.ways.way import TickerFigures, Way
from connector.trading import MarginMode


def _ticker(ticker: Raw, market: Raw) -> TickerFigures:
    """Read the open interest, in base units.

    Source:  `{"symbol":"BTCUSDT","baseVolume":"9433.5","holdingAmount":"15264.7"}`, Bitget v2
             "Get All Tickers" of futures.
    """
    if not market.get("contract"):
        return TickerFigures()
    return TickerFigures(open_interest=told(table(ticker, "info"), "holdingAmount"))


def _figures(balance: Raw) -> Figures:
    """Read a futures account, or the unified one, which Bitget tells in USD.

    Source:  `[{"marginCoin":"USDT","accountEquity":"1001.5","unrealizedPL":"1.5","available":…}]`,
             Bitget v2 "Get Account List"; `{"data":{"accountEquity":…,"effEquity":…,"mmr":…,
             "unrealisedPnl":…}}`, v3 "Get Account Assets".
    """
    unified = table(balance, "info", "data")
    own = unified or table(balance, "info")
    equity = told(own, "accountEquity")
    made = Decimal(told(own, "unrealisedPnl" if unified else "unrealizedPL") or 0)
    return Figures(
        wallet=None if equity is None else plain(EXACT.subtract(Decimal(equity), made)),
        margin_balance=(told(own, "effEquity") if unified else None) or equity,
        available=told(own, "crossedMaxAvailable"),
        maintenance=told(own, "mmr"),
        mode=MarginMode.UNIFIED if unified else MarginMode.REGULAR,
    )


def _product(settle: str) -> str:
    return {"USDT": "USDT-FUTURES", "USDC": "USDC-FUTURES"}.get(settle, "COIN-FUTURES")


async def _is_hedged(exchange: Any, symbol: str) -> bool:
    """Ask the account.

    Source:  `{"data":{"posMode":"hedge_mode"}}`, v2 "Get Single Account"; of the unified one
             `{"data":{"holdMode":"hedge_mode"}}`, v3 "Get Account Settings".
    """
    if exchange.options.get("uta") is True:
        settings: Any = await exchange.privateUtaGetV3AccountSettings()
        return table(settings, "data").get("holdMode") == "hedge_mode"
    market = exchange.market(symbol)
    product = _product(market["settle"])
    asked = {"symbol": market["id"], "productType": product, "marginCoin": market["settleId"]}
    answer: Any = await exchange.privateMixGetV2MixAccountAccount(asked)
    return table(answer, "data").get("posMode") == "hedge_mode"


class _RefusalsTold:
    """Bitget's refused orders of a batch name no symbol, for which ccxt then leaves them out.

    Source:  `{"data":{"successList":[…],"failureList":[{"orderId":"","clientOid":"d1b7",
             "errorMsg":"less than the minimum amount 5 USDT","errorCode":"45110"}]}}`, Bitget v2
             "Batch Order".
    """

    def parse_order(self, order: Any, market: Any = None) -> Any:
        parsed: Any = super().parse_order(  # pyright: ignore[reportAttributeAccessIssue]
            order, market
        )
        if parsed.get("symbol") is None and market is not None:
            parsed["symbol"] = market["symbol"]
        return parsed


# "limit: default 100, max 100", `idLessThan` and `startTime` of v2 "Get Pending Orders", "Get Order
# Fill Details"
_HUNDRED = {"limit": 100}
_ORDERS = Pages(size=100, asked=_HUNDRED, follow=older_than("idLessThan"))
_TRADES = Pages(
    size=100,
    asked=_HUNDRED,
    follow=older_than("idLessThan"),
    since=lambda ms: {"startTime": ms},
    of_order=lambda order_id: {"orderId": order_id},
)

_ORDER_FAULTS = (
    # "REST error codes" of v2, and 25*** of the unified account. The first page says of 40010
    # "Request timed out"; ccxt still has its older meaning, a wrong signature.
    Row(DuplicateOrder, "40786 40708 43118 45034 50060 25212"),
    Row(DuplicateOrder, "", "duplicated? (client_?oid|clientorderid)|client_?oid duplicate"),
    Row(Lost, "40010", "timed? ?out"),
    Row(Lost, "40015 40725 40910 45001 50008 50031 25000 25001"),
    Row(PostOnlyWouldTake, "", "post[- _]?only.*(immediately|taker|liquidity|match)"),
    Row(InsufficientFunds, "40711 40712 40754 40756 40762 40798 40800 40893 43012 43132 45002"),
    Row(InsufficientFunds, "45004 45008 49023 50020 25202 25203 25219"),
    Row(OrderNotFound, "40109 40768 43001 43004 45031 45055 45057 22001 50062 25204"),
    Row(UnknownSymbol, "40034 40072 40102 40309 40845 42016 43048 50024 25100"),
    Row(RateLimited, "429 30014 30026 45129 50009 25004"),
    Row(Transient, "30019 30037 30038 40004 40005 40008 40078 40200 40308 40604 40844 41114"),
    Row(Transient, "43115 45043 50027 25003 25102"),
    Row(Denied, "40001 40002 40003 40006 40009 40010 40011 40012 40013 40014 40016 40018 40022"),
    Row(Denied, "40024 40025 40026 40031 40036 40037 40038 40040 40041 40085 40103 40104 40199"),
    Row(Denied, "40301 40752 40753 40916 45107 50012 50013 50019 50023 25006 25007 25013"),
    Row(InvalidOrder, "40017 40019 40020 40053 4005? 40064 4030? 40402 40706 40774 40808 4081?"),
    Row(InvalidOrder, "40912 40913 40924 41002 4110? 43006 43007 43008 43009 43010 43011 43027"),
    Row(InvalidOrder, "43028 43037 43038 43039 43040 43041 43042 4511? 25200 2520? 25244 40917"),
    Row(OrderRejected, "22002 40* 43* 45* 50* 25*"),
)

BITGET = Way(
    # clientOid: `^[\.A-Z\:/a-z0-9_-]{1,32}$`, "ClientOid Constraints". Errors 40304 and 40305
    # speak of 50 and 64 characters; what all its accounts take is this.
    client_ids=ClientIdRule(32, r".A-Z:/a-z0-9_\-"),
    order_faults=_ORDER_FAULTS,
    overrides=(AnswersInJson, _RefusalsTold),
    # the tickers that ccxt asks for by default tell no time of the next funding
    options=MappingProxyType(
        {"fetchFundingRates": {"method": "publicMixGetV2MixMarketCurrentFundRate"}}
    ),
    ticker_figures=_ticker,
    # of v2 "Get Order Fill Details" and of the unified account's "Get Fill History"
    realized_in=("profit", "execPnl"),
    account_figures=_figures,
    is_hedged=_is_hedged,
    spot_buys_by_cost=True,
    order_pages=MappingProxyType(dict.fromkeys(MarketType, _ORDERS)),
    trade_pages=MappingProxyType(dict.fromkeys(MarketType, _TRADES)),
    settled_in=lambda coin: {"productType": _product(coin)},
    batch_limit=50,
    batch_of_one_symbol=True,
    cancel_batch_limit=50,
    cancels_told_by_id=True,
)
