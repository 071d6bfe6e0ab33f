"""Which stream goes through which stages, and who shares it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TypeVar, cast

import reactivex
import structlog
from reactivex import Observable
from reactivex import operators as ops
from reactivex.subject import Subject

from connector import items, metrics, wire
from connector.account_feeds import AccountFeeds
from connector.config import FeedsConfig
from connector.domain import Candle, FundingRate, Price
from connector.errors import Unsupported
from connector.exchange.told_orders import ToldOrders
from connector.feed_logs import log_malformed, log_resumed
from connector.observables import PrivateSources, Sources
from connector.operators import (
    Backoff,
    Counts,
    Gap,
    Operator,
    close_candles,
    coalesce,
    heartbeat,
    map_to_proto,
    merge_symbols,
    newest_only,
    resume,
    share_latest,
)
from connector.order_feed import OrderFeed
from connector.stages import Items, Pipeline, Pipelines

log = structlog.get_logger(__name__)

M = TypeVar("M", wire.PriceChange, wire.CandleMessage, wire.FundingUpdate)
T = TypeVar("T")

Key = tuple[str, ...]
"""Kind of feed, ccxt's symbol, and whatever else tells two upstreams apart."""

SOON = Backoff(cap=timedelta(seconds=1))
"""No pause outlasts an outage by more. A new attempt is no new dial: the tap paces those."""

Asked = Mapping[str, str]
"""What a client asked for: its own spelling → ccxt's symbol."""

Own = Pipeline | None
"""The stages that a client asked for its own stream, after what all share."""


class Feeds:
    """The public streams, each key subscribed upstream once however many clients.

    A heartbeat stands below `resume`: it is silent while the subscription is known to be away. A
    socket that is dead without a word is found by its pings, within some 15 s.
    """

    def __init__(
        self,
        sources: Sources,
        private: PrivateSources,
        config: FeedsConfig,
        exchange: str,
        backoff: Backoff | None = None,
        pipelines: Pipelines | None = None,
        told: ToldOrders | None = None,
    ) -> None:
        self.pipelines = pipelines or Pipelines(config.stages)
        """The stages that there are, and those that each feed was given."""
        self._sources, self._private = sources, private
        self._config, self._exchange = config, exchange
        self._shared: dict[Key, Observable[object]] = {}
        self._backoff = backoff or SOON
        self._closing: Subject[object] = Subject()
        self.of_account = AccountFeeds(
            private,
            config,
            self._backoff,
            self._closing,
            self._canonical,
            self.pipelines,
        )
        """Positions, and the account as a whole."""
        self.of_orders = OrderFeed(
            private,
            config,
            exchange,
            self._backoff,
            self._closing,
            self._canonical,
            self.pipelines,
            told,
        )

    def close(self) -> None:
        """Let go of every upstream, for good."""
        self._closing.on_next(None)

    def prices(self, asked: Asked, own: Own = None) -> Observable[wire.PriceChange]:
        """Merge the prices of the symbols asked for, each in its asker's spelling.

        Errors:  BadStage at once for stages of the client's own that can't be built.
        """
        return _shaped(
            self._merged(asked, self.price),
            own,
            lambda: items.price_messages(
                lambda spelling: self._sources.price_tick(asked[spelling]), self._sources.now_ms
            ),
        )

    def klines(
        self, asked: Asked, interval: str, own: Own = None
    ) -> Observable[wire.CandleMessage]:
        """Merge the candles of the symbols asked for.

        Errors:  InvalidRequest at once for an interval that the exchange hasn't; Unsupported for
                 calendar months, whose bars have no one length; BadStage as `prices`.
        """
        interval_ms = self._sources.interval_ms(interval)
        if interval.endswith("M"):
            raise Unsupported("calendar months are not streamed; GetHistoricalKlines tells them")
        return _shaped(
            self._merged(asked, partial(self.kline, interval=interval)),
            own,
            lambda: items.candle_messages(interval_ms, self._sources.now_ms),
        )

    def fundings(self, asked: Asked, own: Own = None) -> Observable[wire.FundingUpdate]:
        """Merge the funding of the symbols asked for. Errors: BadStage as `prices`."""
        return _shaped(
            self._merged(asked, self.funding),
            own,
            lambda: items.funding_messages(self._sources.now_ms),
        )

    def order_updates(self, own: Own = None) -> Observable[wire.OrderUpdate]:
        """Tell every update of the account's orders. Errors: BadStage as `prices`."""
        return _shaped(
            self.of_orders.updates, own, lambda: items.order_messages(self._private.now_ms)
        )

    def accounts(self, own: Own = None) -> Observable[wire.AccountMessage]:
        """Tell the account. Errors: BadStage as `prices`."""
        return _shaped(
            self.of_account.account, own, lambda: items.account_messages(self._private.now_ms)
        )

    def positions(self, asked: Asked, own: Own = None) -> Observable[wire.PositionMessage]:
        """Tell positions, of one symbol or all. Errors: BadStage as `prices`."""
        return _shaped(
            self.of_account.positions(asked),
            own,
            lambda: items.position_messages(self._private.now_ms),
        )

    def price(self, symbol: str) -> Observable[wire.PriceChange]:
        """Share one symbol's prices, canonically spelled."""
        config, sources = self._config.price, self._sources
        return self._share(
            ("price", symbol),
            lambda count: count.source(sources.price(symbol)).pipe(
                count.through(
                    "heartbeat", heartbeat(_symbol, timedelta(seconds=config.heartbeat_s))
                ),
                resume(self._backoff, log_resumed("price")),
                count.through(
                    "newest_only",
                    newest_only(_symbol, _price_ms, count.did("newest_only", "dropped")),
                ),
                self._given("price", items.prices(sources.price_tick, sources.now_ms), count),
                count.through(
                    "coalesce",
                    coalesce(_symbol, config.max_per_second, count.did("coalesce", "coalesced")),
                ),
            ),
            partial(wire.encode_price, exchange=self._exchange, symbol=self._canonical(symbol)),
        )

    def kline(self, symbol: str, interval: str) -> Observable[wire.CandleMessage]:
        """Share one symbol's candles; a newcomer is shown the forming bar, never a closed one."""
        sources = self._sources
        interval_ms = sources.interval_ms(interval)
        told = items.candles(interval_ms, sources.now_ms)
        return self._share(
            ("klines", symbol, interval),
            lambda count: count.source(sources.klines(symbol, interval)).pipe(
                count.through(
                    "close_candles",
                    close_candles(
                        interval_ms=interval_ms,
                        fetch_closed=partial(sources.closed_klines, symbol, interval),
                        flagged=sources.flags_closed_candles,
                        grace=timedelta(milliseconds=self._config.klines.grace_ms),
                        now_ms=sources.now_ms,
                        on_gap_unfilled=_unfilled,
                    ),
                ),
                resume(self._backoff, log_resumed("klines")),
                self._given("klines", told, count),
            ),
            partial(wire.encode_candle, symbol=self._canonical(symbol)),
            replay=_is_forming,
        )

    def funding(self, symbol: str) -> Observable[wire.FundingUpdate]:
        """Share one symbol's funding; spot's is zero and told at each heartbeat."""
        config = self._config.funding
        period = timedelta(seconds=config.heartbeat_s)
        return self._share(
            ("funding", symbol),
            lambda count: count.source(self._sources.funding(symbol)).pipe(
                count.through("heartbeat", heartbeat(_symbol, period)),
                resume(self._backoff, log_resumed("funding")),
                self._given("funding", items.fundings(self._sources.now_ms), count),
            ),
            partial(
                wire.encode_funding_update,
                exchange=self._exchange,
                symbol=self._canonical(symbol),
            ),
        )

    @property
    def shared(self) -> frozenset[Key]:
        """Keys that are subscribed upstream now, or lingering."""
        return frozenset(self._shared)

    def _merged(self, asked: Asked, feed: Callable[[str], Observable[M]]) -> Observable[M]:
        def stream_of(spelling: str) -> Observable[M]:
            symbol = asked[spelling]
            if spelling == self._canonical(symbol):
                return feed(symbol)
            return feed(symbol).pipe(ops.map(lambda message: _respelled(message, spelling)))

        return reactivex.from_iterable(asked).pipe(merge_symbols(stream_of))

    def _share(
        self,
        key: Key,
        pipe: Callable[[Counts], Observable[T]],
        encode: Callable[[T], M],
        replay: Callable[[M], bool] = lambda _: True,
    ) -> Observable[M]:
        shared = self._shared.get(key)
        if shared is None:
            upstreams = metrics.UPSTREAMS.labels(key[0])

            def released() -> None:
                self._shared.pop(key, None)
                upstreams.set(sum(1 for other in self._shared if other[0] == key[0]))

            shared = pipe(Counts(key[0])).pipe(
                map_to_proto(encode, log_malformed),
                ops.take_until(self._closing),
                share_latest(self._config.linger, replay, on_released=released),
            )
            self._shared[key] = shared
            upstreams.inc()
        return cast("Observable[M]", shared)

    def _given(self, feed: str, of: Items[T], count: Counts) -> Operator[T, T]:
        """Build the stages that a feed was given. Errors: BadStage when they don't fit."""
        return self.pipelines.of(feed).operator(of, count)

    def _canonical(self, symbol: str) -> str:
        return self._sources.canonical(symbol)


def _shaped(stream: Observable[T], own: Own, of: Callable[[], Items[T]]) -> Observable[T]:
    """Let one client's stream pass the stages that it asked for."""
    return own.operator(of(), Counts(own.feed, "own"))(stream) if own else stream


def _symbol(item: Price | FundingRate | Candle) -> str:
    return item.symbol


def _price_ms(price: Price) -> int:
    return price.timestamp_ms


def _is_forming(candle: wire.CandleMessage) -> bool:
    return not candle.is_closed


def _unfilled(gap: Gap, error: Exception | None) -> None:
    metrics.GAPS_UNFILLED.inc()
    log.warning("bars missed and not to be had", gap=str(gap), error=str(error))


def _respelled(message: M, spelling: str) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    copy.symbol = spelling
    return copy
