"""The market's rows, as REST and the public topics have them.

Source:  bybit-exchange.github.io/docs/v5/market and .../websocket/public
"""

from collections.abc import Iterable

from connector.simulator.bybit.answers import Row
from connector.simulator.bybit.ids import fill_uuid
from connector.simulator.market.bar import Bar
from connector.simulator.market.digits import fixed_text
from connector.simulator.market.funding import next_settlement_ms
from connector.simulator.market.instrument import Instrument
from connector.simulator.market.interval import MINUTE_MS, moved_ms
from connector.simulator.market.listing import Listing, Trade

_MILLION = 1_000_000
_ratio_text = fixed_text(1, 6)
_rate_text = fixed_text(1, 8)
_HOUR_MINUTES = 60


def mark_text(it: Instrument, mark: int) -> str:
    """Write a mark price: on the tick."""
    return it.price_text(mark // it.mark_units)


def ticker(listing: Listing, now_ms: int) -> Row:
    """The rolling day, the book's best, funding."""
    it, book, funding, last = listing.instrument, listing.book, listing.funding, listing.last
    day = listing.last_day(now_ms)
    open_steps = funding.open_steps(now_ms)
    rising = day.close >= day.open
    return {
        "symbol": it.name,
        "tickDirection": "PlusTick" if rising else "MinusTick",
        "lastPrice": it.price_text(last.price),
        "indexPrice": mark_text(it, funding.index(last.price, now_ms)),
        "markPrice": mark_text(it, funding.mark(last.price, now_ms)),
        "prevPrice24h": it.price_text(day.open),
        "price24hPcnt": _ratio_text((day.close - day.open) * _MILLION // day.open),
        "highPrice24h": it.price_text(day.high),
        "lowPrice24h": it.price_text(day.low),
        "prevPrice1h": it.price_text(_hour_before(listing)),
        "openInterest": it.quantity_text(open_steps),
        "openInterestValue": it.turnover_text(open_steps * last.price),
        "turnover24h": it.turnover_text(day.turnover),
        "volume24h": it.quantity_text(day.volume),
        "fundingRate": _rate_text(funding.estimated_rate(now_ms)),
        "nextFundingTime": str(next_settlement_ms(now_ms)),
        "bid1Price": it.price_text(book.bid),
        "bid1Size": it.quantity_text(book.steps_at(book.bid)),
        "ask1Price": it.price_text(book.ask),
        "ask1Size": it.quantity_text(book.steps_at(book.ask)),
    }


def _hour_before(listing: Listing) -> int:
    minute_ms = listing.candles.forming_minute.opening_ms
    first_ms = minute_ms - (_HOUR_MINUTES - 1) * MINUTE_MS
    return listing.candles.bars("1m", first_ms, first_ms)[0].open


def kline(it: Instrument, bar: Bar) -> list[str]:
    """One candle of REST: [start, open, high, low, close, base quantity, turnover]."""
    price = it.price_text
    return [
        str(bar.opening_ms),
        price(bar.open),
        price(bar.high),
        price(bar.low),
        price(bar.close),
        it.quantity_text(bar.volume),
        it.turnover_text(bar.turnover),
    ]


def streamed_kline(
    it: Instrument, named: str, interval: str, bar: Bar, at_ms: int, *, closed: bool
) -> Row:
    """One candle of a topic."""
    price = it.price_text
    return {
        "start": bar.opening_ms,
        "end": moved_ms(interval, bar.opening_ms, 1) - 1,
        "interval": named,
        "open": price(bar.open),
        "close": price(bar.close),
        "high": price(bar.high),
        "low": price(bar.low),
        "volume": it.quantity_text(bar.volume),
        "turnover": it.turnover_text(bar.turnover),
        "confirm": closed,
        "timestamp": at_ms,
    }


def public_trade(it: Instrument, trade: Trade) -> Row:
    """One trade of REST."""
    return {
        "execId": fill_uuid(trade.trade_id),
        "symbol": it.name,
        "price": it.price_text(trade.price),
        "size": it.quantity_text(trade.steps),
        "side": "Buy" if trade.taker_bought else "Sell",
        "time": str(trade.at_ms),
        "isBlockTrade": False,
    }


def streamed_trade(it: Instrument, trade: Trade) -> Row:
    """One trade of a topic."""
    return {
        "T": trade.at_ms,
        "s": it.name,
        "S": "Buy" if trade.taker_bought else "Sell",
        "v": it.quantity_text(trade.steps),
        "p": it.price_text(trade.price),
        "L": "PlusTick" if trade.taker_bought else "MinusTick",
        "i": fill_uuid(trade.trade_id),
        "BT": False,
    }


def book(listing: Listing, levels: int) -> Row:
    """Best bids and asks, best first; `u` ascends with every trade."""
    it, of = listing.instrument, listing.book

    def written(side: Iterable[tuple[int, int]]) -> list[list[str]]:
        return [[it.price_text(price), it.quantity_text(steps)] for price, steps in side]

    return {
        "s": it.name,
        "b": written(of.bids(levels)),
        "a": written(of.asks(levels)),
        "u": listing.last.trade_id,
        "seq": listing.last.trade_id,
    }


def settled_funding(listing: Listing, settled_ms: int) -> Row:
    """One settlement."""
    return {
        "symbol": listing.instrument.name,
        "fundingRate": _rate_text(listing.funding.settled_rate(settled_ms)),
        "fundingRateTimestamp": str(settled_ms),
    }
