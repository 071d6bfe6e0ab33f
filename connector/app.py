"""Constructing, starting, draining, closing: the whole connector in one process."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from connector.config import Config
from connector.embedded import embedded_exchange
from connector.errors import Denied, Malformed, Refused, Transient, Unsupported
from connector.exchange.account import AccountData
from connector.exchange.account_events import AccountEvents
from connector.exchange.market_data import MarketData
from connector.exchange.order_batches import OrderBatches
from connector.exchange.order_events import OrderEvents
from connector.exchange.order_ids import OrderIds
from connector.exchange.orders import Orders
from connector.exchange.session import Session
from connector.exchange.state_file import account_scope, default_path
from connector.exchange.told_orders import ToldOrders
from connector.feeds import Feeds
from connector.grpc.server import Server
from connector.grpc.service import Service
from connector.grpc.trading_calls import Trading
from connector.loop_lag import loop_lag_watched
from connector.monitoring.looks import Looks
from connector.observables import ExchangePrivateSources, ExchangeSources
from connector.plugins import pipelines_of, plugins_of
from connector.scheduling import LoopScheduler
from connector.simulator import Simulator

log = structlog.get_logger(__name__)

ASK_AGAIN_S = 1.0
"""Between two attempts to validate the credentials, or to reconcile the orders."""


class Connector:
    """An exchange on one side, gRPC clients on the other.

    `async with Connector(config) as connector` serves within the block. GetName and GetType answer
    from the first moment; `await connector.ready()` returns when the markets are known.
    Errors:  BadConfig when a value can't be used or the port can't be bound.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.simulator: Simulator | None = None
        self._is_prepared = False
        self._closing = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "Connector":
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            self._closing = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        await stack.enter_async_context(loop_lag_watched())
        config, urls = self.config, None
        plugins = plugins_of(config)
        pipelines = pipelines_of(config, plugins)
        if config.exchange.embedded:
            self.simulator, config, urls = await embedded_exchange(config, stack)
        self.session = Session(config.exchange, urls, config.simulator.dialect)
        stack.push_async_callback(self.session.close)
        self.market_data = MarketData(self.session)
        stack.push_async_callback(self.market_data.close)
        self._has_credentials = config.exchange.has_credentials
        trading = self._trading(stack)
        self.feeds = Feeds(
            plugins.source(ExchangeSources(self.market_data, config.feeds)),
            ExchangePrivateSources(self.session, self._events, self._account, self._account_events),
            config.feeds,
            config.shown_name,
            pipelines=pipelines,
            told=ToldOrders(self.ids),
        )
        trading.orders.on_placed = self.feeds.of_orders.note_placed
        trading.orders.on_killed = self.feeds.of_orders.ledger.disown
        stack.callback(self.feeds.close)
        scheduler = LoopScheduler(asyncio.get_running_loop())
        self.service = Service(
            self.market_data,
            trading,
            self.feeds,
            config.shown_name,
            config.feeds,
            scheduler,
            config.server.limits,
        )
        self.server = Server(self.service, config.server)
        await self.server.start()
        if (simulator := self.simulator) is not None:
            log.info("embedded exchange", rest=simulator.rest_url, control=simulator.control_url)
        stack.push_async_callback(self.server.stop)
        self._preparing = asyncio.create_task(self._prepare(), name="prepare to serve")
        stack.push_async_callback(self._stop_preparing)
        self.session.start(lambda _: self._tell_health())

    def _trading(self, stack: contextlib.AsyncExitStack) -> Trading:
        config = self.config
        key = config.exchange.api_key.get_secret_value()
        scope = account_scope(self.session.ccxt.id, self.session.market_type.value, key)
        usual = ":memory:" if config.exchange.embedded else default_path()
        ids = self.ids = OrderIds(config.state.path or usual, scope)
        stack.callback(ids.close)
        orders = self._orders = Orders(self.session, ids)
        stack.push_async_callback(orders.close)
        self._events = OrderEvents(self.session, orders)
        stack.push_async_callback(self._events.close)
        self._account = AccountData(self.session)
        self._account_events = AccountEvents(self.session, self._account)
        stack.push_async_callback(self._account_events.close)
        return Trading(orders, OrderBatches(self.session, orders), self._account)

    async def ready(self) -> None:
        """Wait until health says SERVING for the first time, if the exchange is still there.

        Errors:  Denied, `credential validation failed: …`, also for an account in hedge mode.
        """
        await asyncio.shield(self._preparing)

    async def _prepare(self) -> None:
        """Wait for the markets; with credentials, validate them and reconcile the orders."""
        await self.session.ready.wait()
        if self._has_credentials:
            await self._until_answered("credentials not validated yet", self._validate)
            await self._until_answered("orders not reconciled yet", self._reconcile)
            await self._orders.follow_those_of_before()
        self._is_prepared = True
        self._tell_health()

    async def _until_answered(self, what: str, ask: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await ask()
            except Transient as error:
                log.warning(what, error=str(error))
                pause = error.retry_after or timedelta()
                await asyncio.sleep(max(ASK_AGAIN_S, pause.total_seconds()))

    async def _validate(self) -> None:
        try:
            await self._account.validate()
        except (Denied, Refused) as error:
            raise Denied(f"credential validation failed: {error}") from None

    async def _reconcile(self) -> None:
        ledger = self.feeds.of_orders.ledger
        try:
            await self._events.reconcile(ledger.unfinished(), ledger.note_seen)
        except (Denied, Refused, Unsupported, Malformed) as error:
            log.error("orders of before are not reconciled", error=str(error))

    async def _stop_preparing(self) -> None:
        self._preparing.cancel()
        await asyncio.gather(self._preparing, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where clients connect."""
        return self.server.port

    @property
    def looks(self) -> Looks:
        """What the metrics endpoint looks at."""
        return Looks(
            self.session, self.service.streams, self.config.shown_name, lambda: self._is_prepared
        )

    @property
    def is_serving(self) -> bool:
        """Whether the exchange answers, and all is known that clients may ask for."""
        return self._is_prepared and self.session.is_serving

    def _tell_health(self) -> None:
        self.server.tell_health(self.is_serving)
