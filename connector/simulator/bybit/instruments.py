"""What may be traded and under which rules: /v5/market/instruments-info.

The spot pairs of the same names are listed too, as on the real exchange, where an id alone does
not tell a market; they can't be traded here.
"""

from connector.simulator.bybit.answers import Row
from connector.simulator.bybit.words import LINEAR
from connector.simulator.market.funding import FUNDING_INTERVAL_MS
from connector.simulator.market.interval import MINUTE_MS
from connector.simulator.market.listing import Listing

_MARKET_SHARE = 10


def instrument(listing: Listing, category: str) -> Row:
    """One row, of a perpetual or of its spot pair."""
    return _perpetual(listing) if category == LINEAR else _spot(listing)


def _perpetual(listing: Listing) -> Row:
    it = listing.instrument
    step, tick = it.terms.step, it.terms.tick
    most = it.quantity_text(it.most_steps)
    return {
        "symbol": it.name,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": it.asset,
        "quoteCoin": it.quote,
        "launchTime": str(listing.listed_ms),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(it.price_decimals),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "125.00", "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": tick,
            "maxPrice": it.price_text(it.dearest_price),
            "tickSize": tick,
        },
        "lotSizeFilter": {
            "maxOrderQty": most,
            "minOrderQty": step,
            "qtyStep": step,
            "postOnlyMaxOrderQty": most,
            "maxMktOrderQty": it.quantity_text(it.most_steps // _MARKET_SHARE),
            "minNotionalValue": it.terms.min_notional,
        },
        "unifiedMarginTrade": True,
        "fundingInterval": FUNDING_INTERVAL_MS // MINUTE_MS,
        "settleCoin": it.quote,
        "copyTrading": "none",
        "upperFundingRate": "0.02",
        "lowerFundingRate": "-0.02",
        "isPreListing": False,
        "preListingInfo": None,
    }


def _spot(listing: Listing) -> Row:
    it = listing.instrument
    most = it.quantity_text(it.most_steps)
    return {
        "symbol": it.name,
        "baseCoin": it.asset,
        "quoteCoin": it.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "none",
        "lotSizeFilter": {
            "basePrecision": it.terms.step,
            "quotePrecision": "0.00000001",
            "minOrderQty": it.terms.step,
            "maxOrderQty": most,
            "minOrderAmt": it.terms.min_notional,
            "maxOrderAmt": "4000000",
        },
        "priceFilter": {"tickSize": it.terms.tick},
    }
