"""The 28 RPCs: check what was asked, ask the exchange or join a feed, answer as it was spelled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.events_pb2 import FundingUpdate, OrderUpdate, PriceChange
from reactivex import abc

from connector import wire
from connector.config import FeedsConfig, LimitsConfig
from connector.domain import MarketType
from connector.errors import Transient
from connector.exchange.market_data import MarketData
from connector.exchange.symbols import Symbols
from connector.feeds import Feeds
from connector.grpc.buffers import LatestByKey, Lossless
from connector.grpc.limits import within_symbols
from connector.grpc.requests import asked_limit, asked_pipeline, asked_symbols
from connector.grpc.streams import Streams
from connector.grpc.trading_calls import Trading, TradingCalls
from connector.stages import Pipeline

if TYPE_CHECKING:
    Context = grpc.aio.ServicerContext[Any, Any]
T = TypeVar("T")

EXCHANGE_HEADER, EMBEDDED = "x-exchange", "embedded"
"""Trailing metadata of GetName, whose answer is configurable: the ccxt id, or that nothing real is
behind it. A client may ask before it sends an order there."""
EVERY_UPDATE_DEPTH = 1_000
"""Prices of a symbol that may wait for a reader when every update was asked for, at most …"""
EVERY_UPDATE_FACTOR = 10
"""… and of all its symbols so many times the usual limit."""


class Service(TradingCalls):
    """One account on one exchange, to any number of clients.

    Errors:  handlers raise ours; connector/grpc/calls.py turns them into statuses.
    """

    def __init__(
        self,
        market_data: MarketData,
        trading: Trading,
        feeds: Feeds,
        name: str,
        config: FeedsConfig,
        scheduler: abc.SchedulerBase,
        limits: LimitsConfig,
    ) -> None:
        super().__init__(trading, feeds.of_orders.answers, limits)
        self._market_data, self._feeds, self._name = market_data, feeds, name
        self._config = config
        self.streams = Streams(scheduler)
        """Those that are being served."""

    # from memory

    async def GetName(self, request: rpc.GetNameRequest, context: Context) -> rpc.GetNameResponse:
        session = self._market_data.session
        told = EMBEDDED if session.embedded else session.ccxt.id
        context.set_trailing_metadata(((EXCHANGE_HEADER, told),))
        return rpc.GetNameResponse(name=self._name)

    async def GetType(self, request: rpc.GetTypeRequest, context: Context) -> rpc.GetTypeResponse:
        spot = self._market_data.session.market_type is MarketType.SPOT
        return rpc.GetTypeResponse(
            type=types.EXCHANGE_TYPE_SPOT if spot else types.EXCHANGE_TYPE_FUTURES,
            is_unified_margin=False,
        )

    # markets

    async def GetSymbols(
        self, request: rpc.GetSymbolsRequest, context: Context
    ) -> rpc.GetSymbolsResponse:
        return rpc.GetSymbolsResponse(symbols=self._symbols.all())

    async def GetSymbolInfo(
        self, request: rpc.GetSymbolInfoRequest, context: Context
    ) -> resources.SymbolInfo:
        symbol = self._symbols.resolve(request.symbol)
        return wire.encode_symbol_info(self._market_data.symbol_info(symbol, request.symbol))

    async def FetchExchangeInfo(
        self, request: rpc.FetchExchangeInfoRequest, context: Context
    ) -> rpc.FetchExchangeInfoResponse:
        self._symbols.all()  # not before the markets are known
        await self._market_data.session.load_markets()
        if request.symbol:
            self._symbols.resolve(request.symbol)
        return rpc.FetchExchangeInfoResponse()

    # prices and candles

    async def GetLatestPrice(
        self, request: rpc.GetLatestPriceRequest, context: Context
    ) -> rpc.GetLatestPriceResponse:
        symbol = self._symbols.resolve(request.symbol)
        price = await self._market_data.price(symbol, self._config.price.source)
        return rpc.GetLatestPriceResponse(price=wire.encode_decimal(price.price))

    async def GetTickers(
        self, request: rpc.GetTickersRequest, context: Context
    ) -> rpc.GetTickersResponse:
        canonical = self._symbols.canonical
        tickers = await self._market_data.tickers()
        return rpc.GetTickersResponse(
            tickers=[wire.encode_ticker(ticker, canonical(ticker.symbol)) for ticker in tickers]
        )

    async def GetOpenInterest(
        self, request: rpc.GetOpenInterestRequest, context: Context
    ) -> rpc.GetOpenInterestResponse:
        symbol = self._symbols.resolve(request.symbol)
        amount = await self._market_data.open_interest(symbol)
        return rpc.GetOpenInterestResponse(open_interest=wire.encode_decimal(amount))

    async def GetHistoricalKlines(
        self, request: rpc.GetHistoricalKlinesRequest, context: Context
    ) -> rpc.GetHistoricalKlinesResponse:
        symbol = self._symbols.resolve(request.symbol)
        self._market_data.interval_ms(request.interval)
        limit = asked_limit(request.limit)
        candles = await self._market_data.candles(symbol, request.interval, limit)
        return rpc.GetHistoricalKlinesResponse(
            candles=[wire.encode_candle(candle, request.symbol) for candle in candles]
        )

    async def SubscribePrice(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: rpc.SubscribePriceRequest, context: Context
    ) -> None:
        own = self._own(context, "price")
        within_symbols(len(request.symbols), self._limits)
        asked = await self._when_ready(lambda symbols: asked_symbols(symbols, request.symbols))
        limit, depth = self._limits.buffered_items, 1
        if not self._config.price.max_per_second:
            limit *= EVERY_UPDATE_FACTOR
            depth = max(1, min(EVERY_UPDATE_DEPTH, limit // len(asked)))
        buffer: LatestByKey[PriceChange] = LatestByKey(lambda price: price.symbol, depth, limit)
        stream = self._feeds.prices(asked, own)
        await self.streams.serve("price", stream, buffer, context)

    async def SubscribeKlines(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: rpc.SubscribeKlinesRequest, context: Context
    ) -> None:
        own = self._own(context, "klines")
        within_symbols(len(request.symbols), self._limits)
        asked = await self._when_ready(lambda symbols: asked_symbols(symbols, request.symbols))
        # a bar's own key: its forming updates coalesce, the closed one takes their place and stays
        buffer: LatestByKey[resources.Candle] = LatestByKey(
            lambda candle: (candle.symbol, candle.timestamp), limit=self._limits.buffered_items
        )
        stream = self._feeds.klines(asked, request.interval, own)
        await self.streams.serve("klines", stream, buffer, context)

    # funding

    async def GetFundingRate(
        self, request: rpc.GetFundingRateRequest, context: Context
    ) -> resources.FundingRate:
        symbol = self._symbols.resolve(request.symbol)
        funding = await self._market_data.funding(symbol)
        return wire.encode_funding_rate(funding, self._name, request.symbol)

    async def GetFundingRates(
        self, request: rpc.GetFundingRatesRequest, context: Context
    ) -> rpc.GetFundingRatesResponse:
        canonical = self._symbols.canonical
        fundings = await self._market_data.fundings()
        return rpc.GetFundingRatesResponse(
            rates=[wire.encode_funding_rate(f, self._name, canonical(f.symbol)) for f in fundings]
        )

    async def GetHistoricalFundingRates(
        self, request: rpc.GetHistoricalFundingRatesRequest, context: Context
    ) -> rpc.GetHistoricalFundingRatesResponse:
        symbol = self._symbols.resolve(request.symbol)
        limit = asked_limit(request.limit)
        rates = await self._market_data.funding_history(symbol, limit)
        return rpc.GetHistoricalFundingRatesResponse(
            rates=[wire.encode_funding_rate(rate, self._name, request.symbol) for rate in rates]
        )

    async def SubscribeFundingRate(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: rpc.SubscribeFundingRateRequest, context: Context
    ) -> None:
        own = self._own(context, "funding")
        asked = await self._when_ready(lambda symbols: asked_symbols(symbols, [request.symbol]))
        buffer: LatestByKey[FundingUpdate] = LatestByKey(
            lambda update: update.symbol, limit=self._limits.buffered_items
        )
        await self.streams.serve("funding", self._feeds.fundings(asked, own), buffer, context)

    # streams of the account

    async def SubscribeOrders(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: rpc.SubscribeOrdersRequest, context: Context
    ) -> None:
        own = self._own(context, "orders")
        await self._when_ready(lambda _: None)
        buffer: Lossless[OrderUpdate] = Lossless(
            self._limits.buffered_items, timedelta(seconds=self._limits.behind_s)
        )
        await self.streams.serve("orders", self._feeds.order_updates(own), buffer, context)

    async def SubscribeAccount(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: rpc.SubscribeAccountRequest, context: Context
    ) -> None:
        own = self._own(context, "account")
        await self._when_ready(lambda _: None)
        buffer: LatestByKey[resources.Account] = LatestByKey(lambda _: None)
        await self.streams.serve("account", self._feeds.accounts(own), buffer, context)

    async def SubscribePositions(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: rpc.SubscribePositionsRequest, context: Context
    ) -> None:
        own = self._own(context, "positions")
        spellings = [request.symbol] if request.symbol else []
        asked = await self._when_ready(lambda s: {text: s.resolve(text) for text in spellings})
        buffer: LatestByKey[resources.Position] = LatestByKey(
            lambda position: position.symbol, limit=self._limits.buffered_items
        )
        await self.streams.serve("positions", self._feeds.positions(asked, own), buffer, context)

    # private

    @property
    def _symbols(self) -> Symbols:
        session = self._market_data.session
        if not session.ready.is_set():
            raise Transient("the exchange's markets are not known yet", timedelta(seconds=1))
        return session.symbols

    async def _when_ready(self, ask: Callable[[Symbols], T]) -> T:
        """Wait for the markets as long as the stream stays open, then read the request."""
        await self.streams.wait_for(self._market_data.session.ready)
        return ask(self._symbols)

    def _own(self, context: Context, feed: str) -> Pipeline | None:
        metadata = context.invocation_metadata() or ()
        return asked_pipeline(self._feeds.pipelines, feed, metadata)
