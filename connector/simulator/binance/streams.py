"""Binance's streams: by symbol and kind, of all symbols, on a listen key; the wrapper of some."""

from connector.simulator.binance.stream_names import StreamName, parse_stream_name
from connector.simulator.market.listing import Listing
from connector.simulator.serving.hub import Hub, OnFrame, Stream
from connector.simulator.serving.session import Session, text_frame

_KLINE = "kline_"


class StreamSession(Session):
    """A websocket: wrapped frames or plain ones, market streams or a listen key's."""

    combined = False
    """Whether each frame says which stream it is of."""
    listen_key: str | None = None
    """The one in the address of a user data stream; None for market streams."""


BinanceStream = Stream[StreamSession]


class Streams(Hub[StreamSession]):
    """The streams that someone is subscribed to, found by what happens.

    Candles are followed in the market only while their stream exists.
    """

    def __init__(self, listings: dict[str, Listing], on_frame: OnFrame | None) -> None:
        super().__init__(listings, on_frame)
        self.of_all: dict[str, BinanceStream] = {}
        self.on_trade: dict[str, dict[str, BinanceStream]] = {}
        """By symbol, then kind; those of a trade and of a second."""
        self.on_second: dict[str, dict[str, BinanceStream]] = {}
        self.keyed: dict[str, BinanceStream] = {}
        """User data streams, by listen key; whether a key is alive is not known here."""

    def opened(self, session: StreamSession) -> None:
        """Take a new websocket in, and its listen key."""
        if session.listen_key is not None:
            stream = self.keyed.setdefault(session.listen_key, Stream(session.listen_key))
            stream.sessions[session] = None
        super().opened(session)

    def closed(self, session: StreamSession) -> None:
        """Forget a websocket, its subscriptions, its listen key."""
        if session.listen_key is not None:
            stream = self.keyed[session.listen_key]
            del stream.sessions[session]
            if not stream.sessions:
                del self.keyed[stream.name]
        super().closed(session)

    def send(self, stream: BinanceStream, payload: str) -> None:
        """Gather a payload for each subscriber, in the wrapper where one is due."""
        plain = wrapped = b""
        for session in stream.sessions:
            if session.combined:
                if not wrapped:
                    envelope = f'{{"stream":"{stream.name}","data":{payload}}}'
                    wrapped = text_frame(envelope.encode())
                session.gather(wrapped)
            else:
                if not plain:
                    plain = text_frame(payload.encode())
                session.gather(plain)

    def begin(self, stream: BinanceStream) -> None:
        """Note a stream where what happens will look for it."""
        name = _parsed(stream)
        if not name.symbol:
            self.of_all[name.kind] = stream
        elif name.symbol in self.listings:
            self._group(name).setdefault(name.symbol, {})[name.kind] = stream
            if name.kind.startswith(_KLINE):
                self.listings[name.symbol].candles.track(name.kind.removeprefix(_KLINE))

    def end(self, stream: BinanceStream) -> None:
        """Forget it there."""
        name = _parsed(stream)
        if not name.symbol:
            del self.of_all[name.kind]
        elif name.symbol in self.listings:
            group = self._group(name)
            del group[name.symbol][name.kind]
            if not group[name.symbol]:
                del group[name.symbol]
            if name.kind.startswith(_KLINE):
                self.listings[name.symbol].candles.untrack(name.kind.removeprefix(_KLINE))

    def symbol_of(self, name: str) -> str:
        """Say of which symbol's market a stream is."""
        parsed = parse_stream_name(name)
        return parsed.symbol if parsed is not None else ""

    def _group(self, name: StreamName) -> dict[str, dict[str, BinanceStream]]:
        return self.on_second if name.kind.startswith("markPrice") else self.on_trade


def _parsed(stream: BinanceStream) -> StreamName:
    name = parse_stream_name(stream.name)
    assert name is not None
    return name
