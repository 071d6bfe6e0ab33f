"""What happens in the market, as frames on the streams that someone listens to."""

from collections.abc import Callable

from connector.simulator.binance.frames import (
    encode_agg_trade,
    encode_array,
    encode_book_ticker,
    encode_kline,
    encode_mark_price,
    encode_mini_ticker,
    encode_ticker,
    encode_trade,
)
from connector.simulator.binance.streams import Streams
from connector.simulator.market.bar import Bar
from connector.simulator.market.interval import INTERVALS
from connector.simulator.market.listing import Listing, Trade

_EVERY_THIRD = 3


class Publisher:
    """Hears the market and publishes.

    When:     on each trade a frame on its ticker, miniTicker, bookTicker, aggTrade, trade and kline
              streams; at the boundary one closing frame for each bar; each wall second
              `markPrice@1s` and the arrays of tickers that changed; each third `markPrice`.
    Differs:  the real exchange sends tickers every 2 s (mini: 0.5 s) and candles every 0.25 s, and
              gathers an aggTrade over 0.1 s.
    """

    def __init__(self, hub: Streams) -> None:
        self._hub = hub
        self._changed: dict[str, Listing] = {}

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        """Publish a trade."""
        hub = self._hub
        name = listing.instrument.name
        streams = hub.on_trade.get(name)
        if streams is not None:
            for kind, stream in streams.items():
                hub.publish(stream, _ENCODERS[kind](listing, trade))
        if hub.of_all:
            self._changed[name] = listing
            books = hub.of_all.get("!bookTicker")
            if books is not None:
                hub.publish(books, encode_book_ticker(listing, trade.at_ms))

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        """Publish the bars that closed."""
        streams = self._hub.on_trade.get(listing.instrument.name)
        if streams is None:
            return
        for interval, bar in closed.items():
            stream = streams.get(f"kline_{interval}")
            if stream is not None:
                text = encode_kline(listing, interval, bar, at_ms, closed=True)
                self._hub.publish(stream, text)

    def on_second(self, number: int, at_ms: int) -> None:
        """Publish marks and, of the tickers that changed, the arrays."""
        hub = self._hub
        third = number % _EVERY_THIRD == 0
        for symbol, streams in hub.on_second.items():
            text = encode_mark_price(self._listings[symbol], at_ms)
            for kind, stream in streams.items():
                if third or kind != "markPrice":
                    hub.publish(stream, text)
        if not hub.of_all:
            self._changed.clear()
            return
        changed, self._changed = self._changed, {}
        self._publish_array("!ticker@arr", changed, encode_ticker, at_ms)
        self._publish_array("!miniTicker@arr", changed, encode_mini_ticker, at_ms)
        self._publish_array("!markPrice@arr@1s", self._listings, encode_mark_price, at_ms)
        if third:
            self._publish_array("!markPrice@arr", self._listings, encode_mark_price, at_ms)

    @property
    def _listings(self) -> dict[str, Listing]:
        return self._hub.listings

    def _publish_array(
        self,
        name: str,
        listings: dict[str, Listing],
        encode: Callable[[Listing, int], str],
        at_ms: int,
    ) -> None:
        stream = self._hub.of_all.get(name)
        if stream is not None and listings:
            payloads = [encode(listing, at_ms) for listing in listings.values()]
            self._hub.publish(stream, encode_array(payloads))


def _kline_encoder(interval: str) -> Callable[[Listing, Trade], str]:
    def encode(listing: Listing, trade: Trade) -> str:
        bar = listing.candles.forming(interval)
        return encode_kline(listing, interval, bar, trade.at_ms, closed=False)

    return encode


_ENCODERS: dict[str, Callable[[Listing, Trade], str]] = {
    "ticker": lambda listing, trade: encode_ticker(listing, trade.at_ms),
    "miniTicker": lambda listing, trade: encode_mini_ticker(listing, trade.at_ms),
    "bookTicker": lambda listing, trade: encode_book_ticker(listing, trade.at_ms),
    "aggTrade": encode_agg_trade,
    "trade": encode_trade,
    **{f"kline_{interval}": _kline_encoder(interval) for interval in INTERVALS},
}
