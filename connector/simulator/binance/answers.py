"""The bodies of the public REST answers, as plain data.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api
"""

from connector.simulator.binance.frames import average_price, change_percent, rate_text
from connector.simulator.market.bar import Bar
from connector.simulator.market.candles import day_before_ms
from connector.simulator.market.funding import INTEREST_RATE, next_settlement_ms
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.interval import moved_ms
from connector.simulator.market.listing import Listing, Trade

Row = dict[str, object]


def day_ticker(listing: Listing, now_ms: int) -> Row:
    """The rolling 24 hours: /ticker/24hr."""
    it, last = listing.instrument, listing.last
    day = listing.last_day(now_ms)
    return {
        "symbol": it.name,
        "priceChange": it.price_text(day.close - day.open),
        "priceChangePercent": change_percent(day),
        "weightedAvgPrice": average_price(listing, day),
        "lastPrice": it.price_text(last.price),
        "lastQty": it.quantity_text(last.steps),
        "openPrice": it.price_text(day.open),
        "highPrice": it.price_text(day.high),
        "lowPrice": it.price_text(day.low),
        "volume": it.quantity_text(day.volume),
        "quoteVolume": it.turnover_text(day.turnover),
        "openTime": day_before_ms(now_ms),
        "closeTime": last.at_ms,
        "firstId": last.trade_id - day.count + 1,
        "lastId": last.trade_id,
        "count": day.count,
    }


def price_ticker(listing: Listing, now_ms: int) -> Row:
    """The last price: /ticker/price."""
    it, last = listing.instrument, listing.last
    return {"symbol": it.name, "price": it.price_text(last.price), "time": last.at_ms}


def book_ticker(listing: Listing, now_ms: int) -> Row:
    """Best bid and ask: /ticker/bookTicker."""
    it, book = listing.instrument, listing.book
    return {
        "symbol": it.name,
        "bidPrice": it.price_text(book.bid),
        "bidQty": it.quantity_text(book.steps_at(book.bid)),
        "askPrice": it.price_text(book.ask),
        "askQty": it.quantity_text(book.steps_at(book.ask)),
        "time": listing.last.at_ms,
        "lastUpdateId": listing.last.trade_id,
    }


def premium_index(listing: Listing, now_ms: int) -> Row:
    """Mark, index and the estimated rate: /premiumIndex."""
    it, funding, last = listing.instrument, listing.funding, listing.last.price
    mark = it.mark_text(funding.mark(last, now_ms))
    return {
        "symbol": it.name,
        "markPrice": mark,
        "indexPrice": it.mark_text(funding.index(last, now_ms)),
        "estimatedSettlePrice": mark,
        "lastFundingRate": rate_text(funding.estimated_rate(now_ms)),
        "interestRate": rate_text(INTEREST_RATE),
        "nextFundingTime": next_settlement_ms(now_ms),
        "time": now_ms,
    }


def settled_funding(listing: Listing, settled_ms: int) -> Row:
    """One settlement: /fundingRate."""
    return {
        "symbol": listing.instrument.name,
        "fundingTime": settled_ms,
        "fundingRate": rate_text(listing.funding.settled_rate(settled_ms)),
        "markPrice": listing.instrument.mark_text(listing.mark_at_settlement(settled_ms)),
    }


def open_interest(listing: Listing, now_ms: int) -> Row:
    """Open contracts in base units: /openInterest."""
    it = listing.instrument
    steps = listing.funding.open_steps(now_ms)
    return {"symbol": it.name, "openInterest": it.quantity_text(steps), "time": now_ms}


def kline(instrument: Instrument, interval: str, bar: Bar) -> list[object]:
    """One candle: /klines.

    Shapes:  [open_ms, open, high, low, close, base_qty, close_ms, quote_qty, trades,
              taker_base_qty, taker_quote_qty, "0"].
    """
    price = instrument.price_text
    return [
        bar.opening_ms,
        price(bar.open),
        price(bar.high),
        price(bar.low),
        price(bar.close),
        instrument.quantity_text(bar.volume),
        moved_ms(interval, bar.opening_ms, 1) - 1,
        instrument.turnover_text(bar.turnover),
        bar.count,
        instrument.quantity_text(bar.bought),
        instrument.turnover_text(bar.bought_turnover),
        "0",
    ]


def depth(listing: Listing, limit: int) -> Row:
    """The book: /depth."""
    it, book, last = listing.instrument, listing.book, listing.last

    def written(side: list[tuple[int, int]]) -> list[list[str]]:
        return [[it.price_text(price), it.quantity_text(steps)] for price, steps in side]

    return {
        "lastUpdateId": last.trade_id,
        "E": last.at_ms,
        "T": last.at_ms,
        "bids": written(list(book.bids(limit))),
        "asks": written(list(book.asks(limit))),
    }


def agg_trade(instrument: Instrument, trade: Trade) -> Row:
    """One trade: /aggTrades."""
    return {
        "a": trade.trade_id,
        "p": instrument.price_text(trade.price),
        "q": instrument.quantity_text(trade.steps),
        "f": trade.trade_id,
        "l": trade.trade_id,
        "T": trade.at_ms,
        "m": not trade.taker_bought,
    }
