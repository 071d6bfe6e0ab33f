"""Websocket payloads, written as text at once: numbers are strings of the symbol's own digits.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams
"""

from connector.simulator.market.bar import Bar
from connector.simulator.market.candles import day_before_ms
from connector.simulator.market.digits import fixed_text
from connector.simulator.market.funding import next_settlement_ms
from connector.simulator.market.interval import moved_ms
from connector.simulator.market.listing import Listing, Trade

_percent_text = fixed_text(1, 3)
_rate_text = fixed_text(1, 8)


def encode_ticker(listing: Listing, at_ms: int) -> str:
    """Write `24hrTicker`: the rolling day, `L` and `c` those of the newest trade."""
    it = listing.instrument
    price, quantity = it.price_text, it.quantity_text
    day, last = listing.last_day(at_ms), listing.last
    return (
        f'{{"e":"24hrTicker","E":{at_ms},"s":"{it.name}"'
        f',"p":"{price(day.close - day.open)}","P":"{change_percent(day)}"'
        f',"w":"{average_price(listing, day)}","c":"{price(day.close)}"'
        f',"Q":"{quantity(last.steps)}","o":"{price(day.open)}","h":"{price(day.high)}"'
        f',"l":"{price(day.low)}","v":"{quantity(day.volume)}"'
        f',"q":"{it.turnover_text(day.turnover)}","O":{day_before_ms(at_ms)},"C":{at_ms}'
        f',"F":{last.trade_id - day.count + 1},"L":{last.trade_id},"n":{day.count}}}'
    )


def encode_mini_ticker(listing: Listing, at_ms: int) -> str:
    """Write `24hrMiniTicker`."""
    it = listing.instrument
    price = it.price_text
    day = listing.last_day(at_ms)
    return (
        f'{{"e":"24hrMiniTicker","E":{at_ms},"s":"{it.name}","c":"{price(day.close)}"'
        f',"o":"{price(day.open)}","h":"{price(day.high)}","l":"{price(day.low)}"'
        f',"v":"{it.quantity_text(day.volume)}","q":"{it.turnover_text(day.turnover)}"}}'
    )


def encode_book_ticker(listing: Listing, at_ms: int) -> str:
    """Write `bookTicker`: best bid and ask; `u` ascends with every trade."""
    it, book = listing.instrument, listing.book
    price, quantity = it.price_text, it.quantity_text
    return (
        f'{{"e":"bookTicker","u":{listing.last.trade_id},"s":"{it.name}"'
        f',"b":"{price(book.bid)}","B":"{quantity(book.steps_at(book.bid))}"'
        f',"a":"{price(book.ask)}","A":"{quantity(book.steps_at(book.ask))}"'
        f',"T":{at_ms},"E":{at_ms}}}'
    )


def encode_agg_trade(listing: Listing, trade: Trade) -> str:
    """Write `aggTrade`; each aggregates one trade, so that its id is the trade's."""
    it = listing.instrument
    return (
        f'{{"e":"aggTrade","E":{trade.at_ms},"s":"{it.name}","a":{trade.trade_id}'
        f',"p":"{it.price_text(trade.price)}","q":"{it.quantity_text(trade.steps)}"'
        f',"f":{trade.trade_id},"l":{trade.trade_id},"T":{trade.at_ms}'
        f',"m":{_buyer_made(trade)}}}'
    )


def encode_trade(listing: Listing, trade: Trade) -> str:
    """Write `trade`."""
    it = listing.instrument
    return (
        f'{{"e":"trade","E":{trade.at_ms},"T":{trade.at_ms},"s":"{it.name}"'
        f',"t":{trade.trade_id},"p":"{it.price_text(trade.price)}"'
        f',"q":"{it.quantity_text(trade.steps)}","X":"MARKET","m":{_buyer_made(trade)}}}'
    )


def encode_kline(listing: Listing, interval: str, bar: Bar, at_ms: int, *, closed: bool) -> str:
    """Write `kline`; `x` is true in the one frame that closes the bar."""
    it = listing.instrument
    price, quantity, turnover = it.price_text, it.quantity_text, it.turnover_text
    last_id = listing.last.trade_id if bar.count else -1
    first_id = last_id - bar.count + 1 if bar.count else -1
    return (
        f'{{"e":"kline","E":{at_ms},"s":"{it.name}","k":{{"t":{bar.opening_ms}'
        f',"T":{moved_ms(interval, bar.opening_ms, 1) - 1},"s":"{it.name}","i":"{interval}"'
        f',"f":{first_id},"L":{last_id},"o":"{price(bar.open)}","c":"{price(bar.close)}"'
        f',"h":"{price(bar.high)}","l":"{price(bar.low)}","v":"{quantity(bar.volume)}"'
        f',"n":{bar.count},"x":{"true" if closed else "false"}'
        f',"q":"{turnover(bar.turnover)}","V":"{quantity(bar.bought)}"'
        f',"Q":"{turnover(bar.bought_turnover)}","B":"0"}}}}'
    )


def encode_mark_price(listing: Listing, at_ms: int) -> str:
    """Write `markPriceUpdate`: mark, index, estimated rate and the next settlement."""
    it, funding, last = listing.instrument, listing.funding, listing.last.price
    mark = it.mark_text(funding.mark(last, at_ms))
    return (
        f'{{"e":"markPriceUpdate","E":{at_ms},"s":"{it.name}","p":"{mark}"'
        f',"i":"{it.mark_text(funding.index(last, at_ms))}","P":"{mark}"'
        f',"r":"{rate_text(funding.estimated_rate(at_ms))}","T":{next_settlement_ms(at_ms)}}}'
    )


def encode_array(payloads: list[str]) -> str:
    """Write several payloads as one array frame."""
    return f"[{','.join(payloads)}]"


def change_percent(day: Bar) -> str:
    """Write the day's change in percent, three decimals."""
    return _percent_text(round_half(100_000 * (day.close - day.open), day.open))


def average_price(listing: Listing, day: Bar) -> str:
    """Write the day's average price by volume, in whole ticks."""
    average = round_half(day.turnover, day.volume) if day.volume else day.close
    return listing.instrument.price_text(average)


def rate_text(rate: int) -> str:
    """Write a funding rate that is counted in 1e-8."""
    return _rate_text(rate)


def round_half(number: int, divisor: int) -> int:
    """Divide to the nearest whole number, halves up."""
    return (2 * number + divisor) // (2 * divisor)


def _buyer_made(trade: Trade) -> str:
    return "false" if trade.taker_bought else "true"
