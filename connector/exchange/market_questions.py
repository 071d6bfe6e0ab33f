"""What is asked of the exchange about its markets, over REST: prices, candles, funding, rules."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

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
from connector.errors import InvalidRequest, Unsupported
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
    positive,
    structures,
)
from connector.exchange.readable import readable
from connector.exchange.session import Session

T = TypeVar("T")

MAX_PAGES = 20
"""Questions for one candle history at most: exchanges answer 100 to 1,500 bars at a time."""


class MarketQuestions:
    """Questions about the markets of one session, answered by domain values.

    Symbols are ccxt's (`BTC/USDT:USDT`) on this side of the façade. Every question may raise
    Transient (RateLimited among them), Refused, Denied, Unsupported or Malformed.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._ticks: dict[str, tuple[object, Decimal]] = {}

    @property
    def has_funding(self) -> bool:
        """Whether what is traded here pays funding: perpetuals do, spot doesn't."""
        return self.session.market_type is MarketType.SWAP

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
                value = readable(kind, lambda raw=raw: parse(raw))
                if value is not None:
                    values.append(value)
        return values


def _bar_end_ms(open_ms: int, interval: str, interval_ms: int) -> int:
    if not interval.endswith("M"):
        return open_ms + interval_ms
    opened = datetime.fromtimestamp(open_ms / 1000, UTC)
    months = opened.year * 12 + opened.month - 1 + int(interval[:-1])
    return int(datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp() * 1000)
