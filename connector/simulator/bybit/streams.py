"""Who listens to which topic, and what public ones hear: snapshots, then what changed."""

from collections.abc import Callable

import orjson

from connector.simulator.bybit import market_rows as rows
from connector.simulator.bybit.answers import Row
from connector.simulator.bybit.topics import Topic, parse_topic
from connector.simulator.bybit.words import INTERVALS
from connector.simulator.market.bar import Bar
from connector.simulator.market.listing import Listing, Trade
from connector.simulator.serving.hub import Hub, OnFrame, Stream
from connector.simulator.serving.session import Session, text_frame


class TopicSession(Session):
    """A websocket: public, or private and then perhaps admitted."""

    admitted = False
    """Whether its key was proven."""
    number = 0
    """Tells its `conn_id`."""


TopicStream = Stream[TopicSession]


class Topics(Hub[TopicSession]):
    """Publishes the market.

    When:     a newcomer to tickers or a book gets a snapshot at once; on each trade tickers send
              what changed, trades, books and candles a frame; at the boundary each candle a
              closing one (`confirm`); each wall second tickers what changed since.
    Differs:  the real exchange gathers tickers over 0.1 s and candles over 1 s or more.
    """

    def __init__(self, listings: dict[str, Listing], on_frame: OnFrame | None) -> None:
        super().__init__(listings, on_frame)
        self._of: dict[str, dict[Topic, TopicStream]] = {}
        self._told: dict[str, Row] = {}
        """The ticker as it was last told, by symbol."""
        self.gatherer: Callable[[], None] = lambda: None
        """Publishes what the account's topics gather."""
        self._sequence = 0

    def complete(self) -> None:
        """Publish what was gathered until now."""
        self.gatherer()

    def begin(self, stream: TopicStream) -> None:
        """Follow a public topic, and its candles in the market."""
        topic = parse_topic(stream.name)
        if topic is None:
            return
        self._of.setdefault(topic.symbol, {})[topic] = stream
        if topic.kind == "kline":
            self.listings[topic.symbol].candles.track(INTERVALS[topic.detail])

    def end(self, stream: TopicStream) -> None:
        """Let go of it."""
        topic = parse_topic(stream.name)
        if topic is None:
            return
        del self._of[topic.symbol][topic]
        if topic.kind == "kline":
            self.listings[topic.symbol].candles.untrack(INTERVALS[topic.detail])
        if topic.kind == "tickers":
            self._told.pop(topic.symbol, None)

    def symbol_of(self, name: str) -> str:
        """Say of which symbol's market a topic is."""
        topic = parse_topic(name)
        return topic.symbol if topic is not None else ""

    def greet(self, session: TopicSession, name: str, now_ms: int) -> None:
        """Send a newcomer alone the state that later frames change."""
        topic = parse_topic(name)
        listing = self.listings.get(topic.symbol) if topic is not None else None
        if topic is None or listing is None:
            return
        if topic.kind == "tickers":
            row = rows.ticker(listing, now_ms)
            self._told.setdefault(topic.symbol, row)
        elif topic.kind == "orderbook":
            row = rows.book(listing, int(topic.detail))
        else:
            return
        session.gather(text_frame(self._frame(name, "snapshot", row, now_ms).encode()))

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        """Publish a trade."""
        it, at_ms = listing.instrument, trade.at_ms
        for topic, stream in self._of.get(it.name, {}).items():
            if topic.kind == "tickers":
                self._publish_changes(stream, listing, at_ms)
                continue
            data: object
            if topic.kind == "publicTrade":
                data = [rows.streamed_trade(it, trade)]
            elif topic.kind == "orderbook":
                data = rows.book(listing, int(topic.detail))
            else:
                interval = INTERVALS[topic.detail]
                bar = listing.candles.forming(interval)
                data = [rows.streamed_kline(it, topic.detail, interval, bar, at_ms, closed=False)]
            self.publish(stream, self._frame(stream.name, "snapshot", data, at_ms))

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        """Publish the bars that closed."""
        it = listing.instrument
        for topic, stream in self._of.get(it.name, {}).items():
            if topic.kind != "kline":
                continue
            interval = INTERVALS[topic.detail]
            bar = closed.get(interval)
            if bar is not None:
                row = rows.streamed_kline(it, topic.detail, interval, bar, at_ms, closed=True)
                self.publish(stream, self._frame(stream.name, "snapshot", [row], at_ms))

    def on_second(self, at_ms: int) -> None:
        """Publish what changed of tickers without a trade: marks, funding, the rolling day."""
        for symbol, streams in self._of.items():
            stream = streams.get(Topic("tickers", "", symbol))
            if stream is not None:
                self._publish_changes(stream, self.listings[symbol], at_ms)

    def _publish_changes(self, stream: TopicStream, listing: Listing, at_ms: int) -> None:
        symbol = listing.instrument.name
        row = rows.ticker(listing, at_ms)
        before = self._told.get(symbol, {})
        changed = {name: value for name, value in row.items() if before.get(name) != value}
        self._told[symbol] = row
        if changed:
            data = {"symbol": symbol} | changed
            self.publish(stream, self._frame(stream.name, "delta", data, at_ms))

    def _frame(self, name: str, kind: str, data: object, at_ms: int) -> str:
        self._sequence += 1
        content = {"topic": name, "type": kind, "data": data, "cs": self._sequence, "ts": at_ms}
        return orjson.dumps(content).decode()
