"""Bybit v5 over the market and the account."""

from aiohttp import web

from connector.simulator.bybit.account_rest import AccountRest
from connector.simulator.bybit.answers import Rejected, answered, refused
from connector.simulator.bybit.ids import id_of
from connector.simulator.bybit.order_rest import OrderRest
from connector.simulator.bybit.parameters import Parameters
from connector.simulator.bybit.private_topics import PrivateTopics
from connector.simulator.bybit.public_rest import Endpoint, PublicRest
from connector.simulator.bybit.signing import Signing
from connector.simulator.bybit.streams import Topics, TopicSession
from connector.simulator.bybit.topics import PRIVATE
from connector.simulator.bybit.websocket import PRIVATE_PATH, PUBLIC_PATH, BybitDoorman
from connector.simulator.config import SimulatorConfig
from connector.simulator.market.bar import Bar
from connector.simulator.market.listing import Listing, Trade
from connector.simulator.serving.dialect import Exchange
from connector.simulator.serving.http import Handler
from connector.simulator.serving.hub import OnFrame
from connector.simulator.serving.websockets import Websockets
from connector.simulator.trading.events import AccountChange, Change
from connector.simulator.trading.order import Fill, Order
from connector.simulator.trading.rules import Rules


class Bybit:
    """Hears the market and the account, and serves."""

    rules = Rules(client_ids_for_good=True, takes_before_it_looks=True)

    def __init__(
        self, config: SimulatorConfig, listings: dict[str, Listing], on_frame: OnFrame | None
    ) -> None:
        self.hub = Topics(listings, on_frame)
        self._private = PrivateTopics(self.hub)
        self.hub.gatherer = self._private.publish
        self._websockets: Websockets[TopicSession] | None = None

    def application(self, exchange: Exchange) -> web.Application:
        """Serve REST and websockets."""
        config, market = exchange.config, exchange.market
        self._private.attach(exchange.desk)
        signing = Signing(
            config.api_key,
            config.api_secret,
            exchange.now_ms,
            checks_timestamps=exchange.checks_timestamps,
        )
        self._websockets = Websockets(
            self.hub,
            BybitDoorman(self.hub, signing, lambda: market.now_ms),
            ping_seconds=config.ping_seconds,
            unread_bytes=config.unread_bytes,
        )
        application = web.Application(middlewares=[exchange.faults.middleware])
        routes = PublicRest(market, exchange.catch_up, exchange.told_ms).routes()
        endpoints = OrderRest(market, exchange.desk).endpoints()
        account = AccountRest(market, exchange.desk, exchange.settings, config.api_key)
        for route, endpoint in (endpoints | account.endpoints()).items():
            routes[route] = self._handler(endpoint, signing, exchange)
        for (method, path), handler in routes.items():
            application.router.add_route(method, path, handler)
        for path in (PUBLIC_PATH, PRIVATE_PATH):
            application.router.add_get(path, self._websockets.serve)
        application.router.add_route("*", "/{path:.*}", _not_here)
        return application

    def _handler(self, endpoint: Endpoint, signing: Signing, exchange: Exchange) -> Handler:
        """Admit, bring up to date, do, tell, answer."""
        market = exchange.market

        async def handle(request: web.Request) -> web.Response:
            try:
                given = await signing.signed(request)
                exchange.catch_up()
                return answered(endpoint(Parameters(given, self.hub.listings)), market.now_ms)
            except Rejected as rejected:
                return refused(rejected, market.now_ms)
            finally:
                self.hub.flush()

        return handle

    async def close_websockets(self) -> None:
        """Say goodbye to every websocket."""
        if self._websockets is not None:
            await self._websockets.close_all()

    @property
    def muted(self) -> bool:
        """While true, the account's events are lost on their way."""
        return self._private.muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._private.muted = muted

    @property
    def private_sockets(self) -> int:
        """Websockets that are subscribed to one of the account's topics or more."""
        return sum(not session.streams.keys().isdisjoint(PRIVATE) for session in self.hub.sessions)

    def order_id(self, order: Order) -> str:
        """Write an order's id: a UUID."""
        return id_of(order)

    def expire_listen_keys(self, at_ms: int) -> None:
        """There are none: a private websocket proves its key by a signature, for its life."""
        raise NotImplementedError(
            "Bybit has no listen keys; drop_sockets(private=True) ends its private websockets"
        )

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        """Publish a trade."""
        self.hub.on_trade(listing, trade)

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        """Publish the bars that closed."""
        self.hub.on_minute(listing, at_ms, closed)

    def on_second(self, number: int, at_ms: int) -> None:
        """Publish what changed without a trade."""
        self.hub.on_second(at_ms)

    def on_order(self, order: Order, change: Change, fill: Fill | None, at_ms: int) -> None:
        """Tell of an order."""
        self._private.on_order(order, change, fill, at_ms)

    def on_account(self, change: AccountChange) -> None:
        """Tell of balances and positions."""
        self._private.on_account(change)

    def on_leverage(self, symbol: str, leverage: int, at_ms: int) -> None:
        """Tell of a leverage."""
        self._private.on_leverage(symbol, leverage, at_ms)


async def _not_here(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404)
