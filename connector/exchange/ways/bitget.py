"""Bitget v2: perpetuals are counted in base units."""

from decimal import Decimal
from types import MappingProxyType
from typing import Any

from connector.domain import MarketType
from connector.exchange.pages import Pages, older_than
from connector.exchange.parse_account import Figures
from connector.exchange.parse_fields import EXACT, Raw, plain
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
    size=100, asked=_HUNDRED, follow=older_than("idLessThan"), since=lambda ms: {"startTime": ms}
)

BITGET = Way(
    overrides=(_RefusalsTold,),
    # the tickers that ccxt asks for by default tell no time of the next funding
    options=MappingProxyType(
        {"fetchFundingRates": {"method": "publicMixGetV2MixMarketCurrentFundRate"}}
    ),
    ticker_figures=_ticker,
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
