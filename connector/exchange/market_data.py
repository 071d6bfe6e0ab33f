"""The public half of the exchange: what the unary RPCs ask and what the streams listen to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import structlog

from connector import metrics
from connector.domain import (
    Candle,
    Digits,
    FundingRate,
    MarketType,
    Price,
    PriceSource,
    SymbolInfo,
    Ticker,
    digits,
)
from connector.errors import InvalidRequest, Malformed, Unsupported
from connector.exchange import channels
from connector.exchange.channel import Channel, Leave, OnError
from connector.exchange.parse import (
    candle_rows,
    parse_candle,
    parse_funding,
    parse_open_interest,
    parse_past_funding,
    parse_price,
    parse_symbol_info,
    parse_ticker,
)
from connector.exchange.parse_fields import (
    EXACT,
    Raw,
    in_base_units,
    instant,
    number,
    plain,
    plausible,
    positive,
    structures,
)
from connector.exchange.polled import Polled
from connector.exchange.polls import candle_poll, price_poll, together
from connector.exchange.session import Session

log = structlog.get_logger(__name__)

T = TypeVar("T")

FUNDING_S = 5.0
"""Between two questions for funding, where it isn't streamed."""
MAX_PAGES = 20
"""Questions for one candle history at most: exchanges answer 100 to 1,500 bars at a time."""


class MarketData:
    """Prices, candles, funding and markets of one session, as domain values.

    Symbols are ccxt's (`BTC/USDT:USDT`) on this side of the façade. Every question may raise
    Transient (RateLimited among them), Refused, Denied, Unsupported or Malformed.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._channels: dict[object, Channel | Polled] = {}
        self._ticks: dict[str, tuple[object, Decimal]] = {}

    async def close(self) -> None:
        """Stop keeping subscriptions."""
        for channel in self._channels.values():
            await channel.close()

    @property
    def has_funding(self) -> bool:
        """Whether what is traded here pays funding: perpetuals do, spot doesn't."""
        return self.session.market_type is MarketType.SWAP

    # what is asked

    async def price(self, symbol: str, source: PriceSource) -> Price:
        """Ask for the price that a stream of this source would show."""
        raw = await self._ask(f"price of {symbol}", lambda: self._price_question(symbol, source))
        return parse_price(raw, source, self.session.now_ms())

    async def tickers(self) -> list[Ticker]:
        """Ask for every served symbol's last 24 hours; those without a price are left out."""
        raws = await self._ask("tickers", self.session.ccxt.fetch_tickers)
        now_ms = self.session.now_ms()
        return self._parsed(structures(raws), "ticker", lambda raw: self._ticker(raw, now_ms))

    def _ticker(self, raw: Raw, now_ms: int) -> Ticker:
        """Read a ticker, its volumes and its open interest in base units."""
        ticker, figures_of = parse_ticker(raw, now_ms), self.session.way.ticker_figures
        if figures_of is None:
            return ticker
        figures = figures_of(raw, self.session.ccxt.market(ticker.symbol))
        return msgspec.structs.replace(
            ticker,
            volume=figures.volume or ticker.volume,
            quote_volume=figures.quote_volume or ticker.quote_volume,
            open_interest=figures.open_interest or ticker.open_interest,
        )

    async def open_interest(self, symbol: str) -> Digits:
        """Ask for open interest in base units; from the ticker where there is no call for it."""
        ccxt, way = self.session.ccxt, self.session.way
        if not self.session.offers("fetchOpenInterest") and way.ticker_figures is not None:
            raw = await self._ask(f"ticker of {symbol}", lambda: ccxt.fetch_ticker(symbol))
            told = self._ticker(raw, self.session.now_ms()).open_interest
            if told is not None:
                return told
        self._need("fetchOpenInterest")
        raw = await self._ask(
            f"open interest of {symbol}", lambda: ccxt.fetch_open_interest(symbol)
        )
        if way.open_interest is not None:
            return digits(way.open_interest(raw))
        return parse_open_interest(raw, ccxt.market(symbol))

    async def candles(self, symbol: str, interval: str, limit: int) -> list[Candle]:
        """Ask for the newest `limit` bars, ascending; the last one may still be forming.

        Guarantee:  all but the last are closed; the last is closed if the exchange's clock had
                    passed its end before it was asked for.
        """
        interval_ms = self.interval_ms(interval)
        now_ms = await self._exchange_now_ms()
        rows = await self._candle_rows(symbol, interval, None, limit)
        for _ in range(MAX_PAGES):
            missing = limit - len(rows)
            if not rows or missing <= 0:
                break
            since = rows[0][0] - missing * interval_ms
            page = await self._candle_rows(symbol, interval, since, missing)
            older = [row for row in page if row[0] < rows[0][0]]
            if not older:
                break
            rows = older + rows
        rows = rows[-limit:]
        last = len(rows) - 1
        return [
            parse_candle(
                symbol, row, index < last or _bar_end_ms(row[0], interval, interval_ms) <= now_ms
            )
            for index, row in enumerate(rows)
        ]

    async def closed_candles(
        self, symbol: str, interval: str, from_ms: int, until_ms: int
    ) -> list[Candle]:
        """Ask for the closed bars that opened in [from_ms, until_ms), ascending."""
        interval_ms = self.interval_ms(interval)
        now_ms = await self._exchange_now_ms()
        found: dict[int, Candle] = {}
        since = from_ms
        for _ in range(MAX_PAGES):
            wanted = (until_ms - since) // interval_ms + 1
            rows = await self._candle_rows(symbol, interval, since, min(1000, max(2, wanted)))
            fresh = [row for row in rows if since <= row[0] < until_ms and row[0] not in found]
            for row in fresh:
                if row[0] + interval_ms <= now_ms:
                    found[row[0]] = parse_candle(symbol, row, True)
            if not fresh or fresh[-1][0] + interval_ms >= until_ms:
                break
            since = fresh[-1][0] + interval_ms
        return [found[open_ms] for open_ms in sorted(found)]

    async def funding(self, symbol: str) -> FundingRate:
        """Ask for the running interval's funding; spot answers rate 0 and time 0."""
        now_ms = self.session.now_ms()
        if not self.has_funding:
            return FundingRate(symbol, "0", None, 0, now_ms)
        self._need("fetchFundingRate")
        ccxt = self.session.ccxt
        raw = await self._ask(f"funding of {symbol}", lambda: ccxt.fetch_funding_rate(symbol))
        return parse_funding(raw, now_ms)

    async def fundings(self) -> list[FundingRate]:
        """Ask for every served symbol's funding; those without are left out."""
        now_ms = self.session.now_ms()
        if not self.has_funding:
            symbols = self.session.symbols
            return [FundingRate(symbols.resolve(s), "0", None, 0, now_ms) for s in symbols.all()]
        self._need("fetchFundingRates")
        raws = await self._ask("funding rates", self.session.ccxt.fetch_funding_rates)
        return self._parsed(structures(raws), "funding", lambda raw: parse_funding(raw, now_ms))

    async def funding_history(self, symbol: str, limit: int) -> list[FundingRate]:
        """Ask for the newest `limit` settled rates, newest first; spot has none."""
        if not self.has_funding:
            return []
        self._need("fetchFundingRateHistory")
        ccxt = self.session.ccxt
        raws = await self._ask(
            f"funding history of {symbol}",
            lambda: ccxt.fetch_funding_rate_history(symbol, None, min(limit, 1000)),
        )
        rates = self._parsed(structures(raws), "funding", parse_past_funding)
        return sorted(rates, key=lambda rate: rate.timestamp_ms, reverse=True)[:limit]

    def symbol_info(self, symbol: str, spelling: str) -> SymbolInfo:
        """Tell, from memory, what may be ordered in a symbol."""
        ccxt = self.session.ccxt
        return parse_symbol_info(ccxt.market(symbol), spelling, ccxt.precisionMode)

    def price_tick(self, symbol: str) -> Decimal:
        """Give the least step of a symbol's price: its tick, or its least decimal place."""
        market = self.session.ccxt.market(symbol)
        known, tick = self._ticks.get(symbol, (None, Decimal(0)))
        if known is not market:  # markets are loaded anew every so often
            info = self.symbol_info(symbol, symbol)
            tick = Decimal(info.tick_size or 0) or Decimal(1).scaleb(-info.price_precision)
            self._ticks[symbol] = market, tick
        return tick

    def interval_ms(self, interval: str) -> int:
        """Give a kline interval's length.

        Errors:  InvalidRequest that lists what the exchange has.
        """
        known: Mapping[str, Any] = self.session.ccxt.timeframes or {}
        if interval not in known:
            allowed = ", ".join(known)
            raise InvalidRequest(f"interval {interval[:20]!r} is not offered; allowed: {allowed}")
        return int(self.session.ccxt.parse_timeframe(interval)) * 1000

    # what is listened to

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
                price = self._try("price", lambda: parse_price(told, source, now_ms))
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

        return self._try("candle", read)

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
            funding = self._try("funding", lambda: parse_funding(told, self.session.now_ms()))
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

    def upstreams(self) -> dict[str, frozenset[str]]:
        """Which symbols are subscribed at the exchange, by channel; for tests and diagnosis."""
        return {channel.name: channel.held for channel in self._channels.values()}

    # private

    async def _fundings_of(self, symbols: Sequence[str]) -> Iterable[tuple[str, object]]:
        many = "fetchFundingRates" if self.has_funding else None
        many = many if many is not None and self.session.offers(many) else None
        answers = await together(self.session, many, self.funding, symbols)
        now_ms = self.session.now_ms()
        read = (
            (symbol, self._try("funding", lambda raw=raw: parse_funding(raw, now_ms)))
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

    async def _ask(self, doing: str, question: Callable[[], Any]) -> Any:
        return await self.session.ask(doing, question)

    async def _exchange_now_ms(self) -> int:
        if self.session.offers("fetchTime"):
            told = instant(await self._ask("server time", self.session.ccxt.fetch_time))
            return self.session.now_ms() if told is None else told
        return self.session.now_ms()

    async def _candle_rows(
        self, symbol: str, interval: str, since_ms: int | None, limit: int
    ) -> list[list[Any]]:
        rows = await self._raw_candle_rows(symbol, interval, since_ms, limit)
        return [self._in_base_units(symbol, row) for row in rows]

    async def _raw_candle_rows(
        self, symbol: str, interval: str, since_ms: int | None, limit: int
    ) -> list[list[Any]]:
        self._need("fetchOHLCV")
        ccxt = self.session.ccxt
        rows = await self._ask(
            f"candles of {symbol}", lambda: ccxt.fetch_ohlcv(symbol, interval, since_ms, limit)
        )
        return candle_rows(rows)

    def _in_base_units(self, symbol: str, row: list[Any]) -> list[Any]:
        """Give a candle row, its volume in base units where the exchange counts contracts."""
        market = self.session.ccxt.market(symbol)
        volume = number(row[5]) if len(row) > 5 else None
        if not self.session.way.candles_count_contracts or not market.get("contract"):
            return row
        volume = in_base_units(volume, market)
        if volume is not None and market.get("inverse"):  # contracts of quote money: at the close
            volume = plain(EXACT.divide(Decimal(volume), Decimal(positive(row[4]))))
        return [*row[:5], volume]

    async def _price_question(self, symbol: str, source: PriceSource) -> Raw:
        ccxt = self.session.ccxt
        match source:
            case PriceSource.TICKER | PriceSource.TRADES:
                ticker = await ccxt.fetch_ticker(symbol)
                return {**ticker, "price": ticker.get("last")}
            case PriceSource.BIDASK:
                if self.session.offers("fetchBidsAsks"):
                    return (await ccxt.fetch_bids_asks([symbol])).get(symbol, {})
                return await ccxt.fetch_ticker(symbol)
            case PriceSource.MARK:
                self._need("fetchMarkPrice")
                return await ccxt.fetch_mark_price(symbol)

    def _need(self, method: str) -> None:
        if not self.session.offers(method):
            raise Unsupported(f"{self.session.ccxt.id} has no {method}")

    def _parsed(self, raws: Any, kind: str, parse: Callable[[Raw], T]) -> list[T]:
        values: list[T] = []
        for raw in raws:
            if self.session.symbols.serves(raw.get("symbol")):
                value = self._try(kind, lambda raw=raw: parse(raw))
                if value is not None:
                    values.append(value)
        return values

    def _try(self, kind: str, parse: Callable[[], T]) -> T | None:
        try:
            return parse()
        except Malformed as error:
            metrics.MALFORMED.labels(kind).inc()
            log.debug("malformed update", kind=kind, error=str(error))
            return None


def _bar_end_ms(open_ms: int, interval: str, interval_ms: int) -> int:
    if not interval.endswith("M"):
        return open_ms + interval_ms
    opened = datetime.fromtimestamp(open_ms / 1000, UTC)
    months = opened.year * 12 + opened.month - 1 + int(interval[:-1])
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000)
