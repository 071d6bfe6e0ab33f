"""The public half of the exchange: what the unary RPCs ask and what the streams listen to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connector.domain import Candle, FundingRate, Price, PriceSource
from connector.exchange import channels
from connector.exchange.channel import Channel, Leave, OnError
from connector.exchange.market_questions import MarketQuestions
from connector.exchange.parse import parse_candle, parse_funding, parse_price
from connector.exchange.parse_fields import plausible
from connector.exchange.polled import Polled
from connector.exchange.polls import candle_poll, price_poll, together
from connector.exchange.readable import readable
from connector.exchange.session import Session

FUNDING_S = 5.0
"""Between two questions for funding, where it isn't streamed."""


class MarketData(MarketQuestions):
    """Prices, candles and funding as they come, beside what is asked of them.

    Where ccxt has no stream, the questions are asked again and again in its place.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._channels: dict[object, Channel | Polled] = {}

    async def close(self) -> None:
        """Stop keeping subscriptions."""
        for channel in self._channels.values():
            await channel.close()

    def listen_price(
        self, symbol: str, source: PriceSource, on_price: Callable[[Price], None], on_error: OnError
    ) -> Leave:
        """Hear every price of a symbol; where ccxt has no stream, the newest every 2 s.

        Errors:  Unsupported at once where this source can't be asked for either.
        """
        channel = self._prices(source)

        def on_result(told: Any) -> None:
            if isinstance(told, Price):
                on_price(told)
            elif not isinstance(told, FundingRate):
                now_ms = self.session.now_ms()
                price = readable("price", lambda: parse_price(told, source, now_ms))
                if price is not None:
                    on_price(price)

        return channel.listen(symbol, on_result, on_error)

    def listen_candles(
        self, symbol: str, interval: str, on_candle: Callable[[Candle], None], on_error: OnError
    ) -> Leave:
        """Hear every update of a symbol's bars that had not ended when this began.

        Where ccxt has no stream, the newest two bars every 5 s.
        Errors:  Unsupported at once where they can't be asked for either.
        """
        ends_after_ms = self.session.now_ms() - self.interval_ms(interval)
        channel = self._candles(interval)

        def on_result(told: Candle | tuple[list[Any], bool]) -> None:
            candle = told if isinstance(told, Candle) else self._live_candle(symbol, *told)
            if candle is not None and candle.timestamp_ms > ends_after_ms:
                on_candle(candle)

        return channel.listen(symbol, on_result, on_error)

    def _live_candle(self, symbol: str, row: list[Any], is_closed: bool) -> Candle | None:
        def read() -> Candle:
            candle = parse_candle(symbol, self._in_base_units(symbol, row), is_closed)
            plausible(candle.timestamp_ms, self.session.now_ms())
            return candle

        return readable("candle", read)

    @property
    def flags_closed_candles(self) -> bool:
        """Whether the exchange's candle frames say that a bar is closed."""
        return self.session.way.flags_closed and channels.streams_candles(self.session)

    def listen_funding(
        self,
        symbol: str,
        on_funding: Callable[[FundingRate], None],
        on_error: OnError,
        poll_s: float = FUNDING_S,
    ) -> Leave:
        """Hear every funding update of a symbol; where ccxt has no stream, one each `poll_s`."""
        kind = channels.funding_kind(self.session) if self.has_funding else None
        if kind is None:
            return self._channel(
                ("polled funding", poll_s), lambda: Polled("funding", self._fundings_of, poll_s)
            ).listen(symbol, on_funding, on_error)
        channel = self._structures(kind)
        of_mark = self.session.way.funding_in_mark_price
        read = of_mark if of_mark is not None and channels.tells_marks(kind) else None

        def on_result(raw: Any) -> None:
            if isinstance(raw, FundingRate):
                on_funding(raw)
            if isinstance(raw, FundingRate | Price):
                return
            told = raw if read is None else read(raw)
            if told is None:
                return
            funding = readable("funding", lambda: parse_funding(told, self.session.now_ms()))
            if funding is not None:
                on_funding(funding)

        return channel.listen(symbol, on_result, on_error)

    # what is subscribed anew, for nothing comes of it; False where nothing is subscribed

    def renew_price(self, symbol: str, source: PriceSource) -> bool:
        """Subscribe a symbol's prices anew."""
        return self._prices(source).renew(symbol)

    def renew_candles(self, symbol: str, interval: str) -> bool:
        """Subscribe a symbol's candles anew."""
        return self._candles(interval).renew(symbol)

    def renew_funding(self, symbol: str) -> bool:
        """Subscribe a symbol's funding anew."""
        kind = channels.funding_kind(self.session) if self.has_funding else None
        return kind is not None and self._structures(kind).renew(symbol)

    def price_settled(self, symbol: str, source: PriceSource) -> bool:
        """Whether whatever a symbol's price becomes from now on will be heard."""
        return self._prices(source).settled(symbol)

    def upstreams(self) -> dict[str, frozenset[str]]:
        """Which symbols are subscribed at the exchange, by channel; for tests and diagnosis."""
        return {channel.name: channel.held for channel in self._channels.values()}

    async def _fundings_of(self, symbols: Sequence[str]) -> Iterable[tuple[str, object]]:
        many = "fetchFundingRates" if self.has_funding else None
        many = many if many is not None and self.session.offers(many) else None
        answers = await together(self.session, many, self.funding, symbols)
        now_ms = self.session.now_ms()
        read = (
            (symbol, readable("funding", lambda raw=raw: parse_funding(raw, now_ms)))
            if isinstance(raw, Mapping)
            else (symbol, raw)
            for symbol, raw in answers
        )
        return [(symbol, told) for symbol, told in read if told is not None]

    def _prices(self, source: PriceSource) -> Channel | Polled:
        kind = channels.price_kind(self.session, source)
        if kind is not None:
            return self._structures(kind)

        def one(symbol: str) -> Any:
            return self._ask(f"price of {symbol}", lambda: self._price_question(symbol, source))

        return self._channel(
            ("polled prices", source), lambda: price_poll(self.session, source, one)
        )

    def _candles(self, interval: str) -> Channel | Polled:
        if channels.streams_candles(self.session):
            return self._channel(interval, lambda: channels.candle_channel(self.session, interval))

        async def newest(symbol: str) -> list[list[Any]]:
            return (await self._raw_candle_rows(symbol, interval, None, 2))[-2:]

        return self._channel(
            ("polled", interval), lambda: candle_poll(self.session, interval, newest)
        )

    def _structures(self, kind: str) -> Channel | Polled:
        return self._channel(kind, lambda: channels.structure_channel(self.session, kind))

    def _channel(self, key: object, make: Callable[[], Channel | Polled]) -> Channel | Polled:
        if key not in self._channels:
            self._channels[key] = make()
        return self._channels[key]
