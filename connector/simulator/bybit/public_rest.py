"""The public REST endpoints: which parameters, which answer."""

from collections.abc import Callable

from aiohttp import web

from connector.simulator.bybit import market_rows as rows
from connector.simulator.bybit.answers import Answer, Rejected, Row, answered, listed, refused
from connector.simulator.bybit.instruments import instrument
from connector.simulator.bybit.parameters import Parameters
from connector.simulator.bybit.words import LINEAR
from connector.simulator.market.interval import HOUR_MS, MINUTE_MS, moved_ms, opening_ms
from connector.simulator.market.market import Market
from connector.simulator.serving.http import Handler, Routes

Endpoint = Callable[[Parameters], Row | Answer]

_LISTED_HERE = (LINEAR, "spot")
_OPEN_INTEREST_MS = {
    "5min": 5 * MINUTE_MS,
    "15min": 15 * MINUTE_MS,
    "30min": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "4h": 4 * HOUR_MS,
    "1d": 24 * HOUR_MS,
}


class PublicRest:
    """Answers what needs no signature. `bring_up_to_date` is called before each answer."""

    def __init__(
        self, market: Market, bring_up_to_date: Callable[[], object], told_ms: Callable[[], int]
    ) -> None:
        self._market = market
        self._told_ms = told_ms
        self._bring_up_to_date = bring_up_to_date

    def routes(self) -> Routes:
        """Give the endpoints by method and path."""
        answers: dict[str, Endpoint] = {
            "time": self._time,
            "instruments-info": self._instruments,
            "tickers": self._tickers,
            "kline": self._klines,
            "funding/history": self._funding_history,
            "open-interest": self._open_interest,
            "orderbook": self._book,
            "recent-trade": self._recent_trades,
        }
        return {
            ("GET", f"/v5/market/{path}"): self._handler(answer) for path, answer in answers.items()
        }

    def _handler(self, endpoint: Endpoint) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            self._bring_up_to_date()
            try:
                parameters = Parameters(dict(request.query), self._market.listings)
                return answered(endpoint(parameters), self._market.now_ms)
            except Rejected as rejected:
                return refused(rejected, self._market.now_ms)

        return handle

    def _time(self, parameters: Parameters) -> Row:
        now_ms = self._told_ms()
        return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}

    def _instruments(self, parameters: Parameters) -> Row:
        """Page by page: the cursor is the place of the next row."""
        category = parameters.category()
        if category not in _LISTED_HERE or parameters.text("status") not in ("", "Trading"):
            return listed(category, [])
        chosen = parameters.chosen()
        if category == "spot":
            return listed(category, [instrument(each, category) for each in chosen])
        first = parameters.whole("cursor") or 0
        end = first + parameters.limit(500, 1000)
        page = [instrument(each, category) for each in chosen[first:end]]
        return listed(category, page, str(end) if end < len(chosen) else "")

    def _tickers(self, parameters: Parameters) -> Row:
        category = parameters.category()
        now_ms = self._market.now_ms
        chosen = parameters.chosen() if category == LINEAR else []
        return listed(category, [rows.ticker(each, now_ms) for each in chosen])

    def _klines(self, parameters: Parameters) -> Row:
        """The newest bars of the period, newest first; with a start alone, the first from there."""
        parameters.linear()
        listing, interval = parameters.listing(), parameters.interval()
        start, end = parameters.period("start", "end")
        limit = parameters.limit(200, 1000)
        now_ms = self._market.now_ms
        candles = listing.candles
        last = opening_ms(interval, min(now_ms if end is None else end, now_ms))
        start = min(max(start, candles.first_ms), now_ms + 1)
        first = opening_ms(interval, start)
        if first < start:
            first = moved_ms(interval, first, 1)
        if parameters.text("start") and end is None:
            last = min(last, moved_ms(interval, first, limit - 1))
        first = max(first, moved_ms(interval, last, 1 - limit))
        bars = candles.bars(interval, first, last) if first <= last else []
        it = listing.instrument
        return {
            "category": LINEAR,
            "symbol": it.name,
            "list": [rows.kline(it, bar) for bar in reversed(bars)],
        }

    def _funding_history(self, parameters: Parameters) -> Row:
        """The last settlements of the period, newest first; a start needs an end."""
        parameters.linear()
        listing = parameters.listing()
        start, end = parameters.period()
        if start and end is None:
            raise Rejected(10001, "params error: endTime is required")
        now_ms = self._market.now_ms
        instants = listing.settlements(start, min(now_ms if end is None else end, now_ms))
        chosen = instants[-parameters.limit(200, 200) :]
        return {
            "category": LINEAR,
            "list": [rows.settled_funding(listing, at_ms) for at_ms in reversed(chosen)],
        }

    def _open_interest(self, parameters: Parameters) -> Row:
        parameters.linear()
        listing = parameters.listing()
        length = _OPEN_INTEREST_MS.get(parameters.mandatory("intervalTime"))
        if length is None:
            raise Rejected(10001, "params error: intervalTime invalid")
        last = self._market.now_ms - self._market.now_ms % length
        it, funding = listing.instrument, listing.funding
        instants = [last - place * length for place in range(parameters.limit(50, 200))]
        return {
            "symbol": it.name,
            "category": LINEAR,
            "list": [
                {
                    "openInterest": it.quantity_text(funding.open_steps(at_ms)),
                    "timestamp": str(at_ms),
                }
                for at_ms in instants
            ],
            "nextPageCursor": "",
        }

    def _book(self, parameters: Parameters) -> Row:
        parameters.linear()
        now_ms = self._market.now_ms
        times: Row = {"ts": now_ms, "cts": now_ms}
        return rows.book(parameters.listing(), parameters.limit(25, 500)) | times

    def _recent_trades(self, parameters: Parameters) -> Row:
        """Trades that are still kept, newest first."""
        parameters.linear()
        listing = parameters.listing()
        newest = list(listing.recent)[-parameters.limit(500, 1000) :]
        trades = [rows.public_trade(listing.instrument, trade) for trade in reversed(newest)]
        return listed(LINEAR, trades)
