"""The public REST endpoints: which parameters, which answer."""

from collections.abc import Callable

from aiohttp import web

from connector.simulator.binance import answers
from connector.simulator.binance.exchange_info import exchange_info
from connector.simulator.binance.parameters import Parameters, Rejected
from connector.simulator.market.funding import FUNDING_INTERVAL_MS
from connector.simulator.market.interval import moved_ms, opening_ms
from connector.simulator.market.listing import Listing
from connector.simulator.market.market import Market
from connector.simulator.serving.http import Handler, json_response

Answer = Callable[[Parameters], object]
OfListing = Callable[[Listing, int], answers.Row]

_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
_ALL_FUNDING_ROWS = 200


class PublicRest:
    """Answers what needs no signature. `bring_up_to_date` is called before each answer."""

    def __init__(
        self, market: Market, bring_up_to_date: Callable[[], object], told_ms: Callable[[], int]
    ) -> None:
        self._market = market
        self._told_ms = told_ms
        self._bring_up_to_date = bring_up_to_date

    def routes(self) -> dict[tuple[str, str], Handler]:
        """Give the endpoints by method and path."""
        answered: dict[str, Answer] = {
            "/fapi/v1/ping": lambda _: {},
            "/fapi/v1/time": lambda _: {"serverTime": self._told_ms()},
            "/fapi/v1/exchangeInfo": self._exchange_info,
            "/fapi/v1/ticker/24hr": self._one_or_all(answers.day_ticker),
            "/fapi/v1/ticker/price": self._one_or_all(answers.price_ticker),
            "/fapi/v2/ticker/price": self._one_or_all(answers.price_ticker),
            "/fapi/v1/ticker/bookTicker": self._one_or_all(answers.book_ticker),
            "/fapi/v1/premiumIndex": self._one_or_all(answers.premium_index),
            "/fapi/v1/fundingRate": self._funding_rates,
            "/fapi/v1/fundingInfo": self._funding_info,
            "/fapi/v1/openInterest": self._open_interest,
            "/fapi/v1/klines": self._klines,
            "/fapi/v1/depth": self._depth,
            "/fapi/v1/aggTrades": self._agg_trades,
        }
        return {("GET", path): self._handler(answer) for path, answer in answered.items()}

    def _handler(self, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.Response:
            self._bring_up_to_date()
            try:
                return json_response(answer(Parameters(request.query, self._market.listings)))
            except Rejected as rejected:
                return rejected.response()

        return handle

    def _exchange_info(self, parameters: Parameters) -> object:
        return exchange_info(parameters.every_listing(), self._market.now_ms)

    def _one_or_all(self, row: OfListing) -> Answer:
        def answer(parameters: Parameters) -> object:
            now_ms = self._market.now_ms
            asked = parameters.listings()
            if asked is not None:
                return row(asked[0], now_ms)
            return [row(listing, now_ms) for listing in parameters.every_listing()]

        return answer

    def _klines(self, parameters: Parameters) -> object:
        """With a start: the first bars from there; without: the last ones before the end."""
        candles = parameters.listing().candles
        instrument = parameters.listing().instrument
        interval = parameters.interval()
        start, end = parameters.period()
        limit = parameters.limit(500, 1500)
        now_ms = self._market.now_ms
        last = opening_ms(interval, min(now_ms if end is None else end, now_ms))
        if start is None:
            first = moved_ms(interval, last, 1 - limit)
        else:
            start = min(max(start, candles.first_ms), now_ms + 1)
            first = opening_ms(interval, start)
            if first < start:
                first = moved_ms(interval, first, 1)
            last = min(last, moved_ms(interval, first, limit - 1))
        bars = candles.bars(interval, first, last) if first <= last else []
        return [answers.kline(instrument, interval, bar) for bar in bars]

    def _funding_rates(self, parameters: Parameters) -> object:
        """With a start: the first settlements from there; without: the last ones."""
        start, end = parameters.period()
        limit = parameters.limit(100, 1000)
        now_ms = self._market.now_ms
        last = min(now_ms if end is None else end, now_ms)
        asked = parameters.listings()
        if asked is None:
            asked = parameters.every_listing()
            limit = min(limit, _ALL_FUNDING_ROWS)
        instants = asked[0].settlements(start or 0, last)
        rounds = -(-limit // len(asked))
        chosen = instants[:rounds] if start is not None else instants[-rounds:]
        rows = [answers.settled_funding(listing, at_ms) for at_ms in chosen for listing in asked]
        return rows[:limit] if start is not None else rows[-limit:]

    def _funding_info(self, parameters: Parameters) -> object:
        return [
            {
                "symbol": listing.instrument.name,
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": FUNDING_INTERVAL_MS // 3_600_000,
                "disclaimer": False,
            }
            for listing in parameters.every_listing()
        ]

    def _open_interest(self, parameters: Parameters) -> object:
        return answers.open_interest(parameters.listing(), self._market.now_ms)

    def _depth(self, parameters: Parameters) -> object:
        limit = parameters.limit(500, 1000)
        if limit not in _DEPTHS:
            raise Rejected(-4021, f"{limit} is not valid depth limit.")
        return answers.depth(parameters.listing(), limit)

    def _agg_trades(self, parameters: Parameters) -> object:
        """Trades since the start that are still kept; none are drawn for the past."""
        listing = parameters.listing()
        start, end = parameters.period()
        limit = parameters.limit(500, 1000)
        from_id = parameters.whole("fromId")
        found = [
            trade
            for trade in listing.recent
            if (start is None or trade.at_ms >= start)
            and (end is None or trade.at_ms <= end)
            and (from_id is None or trade.trade_id >= from_id)
        ]
        forward = start is not None or from_id is not None
        chosen = found[:limit] if forward else found[-limit:]
        return [answers.agg_trade(listing.instrument, trade) for trade in chosen]
