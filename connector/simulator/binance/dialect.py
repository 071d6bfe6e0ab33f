"""Binance USD-M futures over the market and the account."""

from aiohttp import web

from connector.simulator.binance.account_rest import AccountRest
from connector.simulator.binance.application import build_application
from connector.simulator.binance.order_rest import OrderRest
from connector.simulator.binance.private_rest import PrivateRest
from connector.simulator.binance.publisher import Publisher
from connector.simulator.binance.rest import PublicRest
from connector.simulator.binance.signing import Signing
from connector.simulator.binance.streams import Streams, StreamSession
from connector.simulator.binance.user_data import UserData
from connector.simulator.binance.websocket import BinanceDoorman
from connector.simulator.config import SimulatorConfig
from connector.simulator.market.bar import Bar
from connector.simulator.market.listing import Listing, Trade
from connector.simulator.serving.dialect import Exchange
from connector.simulator.serving.hub import OnFrame
from connector.simulator.serving.websockets import Websockets
from connector.simulator.trading.events import AccountChange, Change
from connector.simulator.trading.order import Fill, Order
from connector.simulator.trading.rules import Rules


class Binance:
    """Hears the market and the account, and serves."""

    rules = Rules()

    def __init__(
        self, config: SimulatorConfig, listings: dict[str, Listing], on_frame: OnFrame | None
    ) -> None:
        self.hub = Streams(listings, on_frame)
        self._publisher = Publisher(self.hub)
        lives = max(1, round(config.listen_key_seconds))
        self._user_data = UserData(self.hub, config.seed, lives)
        self._websockets: Websockets[StreamSession] = Websockets(
            self.hub,
            BinanceDoorman(self.hub),
            ping_seconds=config.ping_seconds,
            unread_bytes=config.unread_bytes,
        )

    def application(self, exchange: Exchange) -> web.Application:
        """Serve REST and websockets."""
        config, market, desk = exchange.config, exchange.market, exchange.desk
        self._user_data.attach(desk.account)
        signing = Signing(
            config.api_key,
            config.api_secret,
            exchange.now_ms,
            checks_timestamps=exchange.checks_timestamps,
        )
        private = PrivateRest(signing, self.hub, self._user_data, exchange.catch_up)
        endpoints = OrderRest(market, desk).endpoints()
        endpoints |= AccountRest(market, desk, exchange.settings).endpoints()
        routes = PublicRest(market, exchange.catch_up, exchange.told_ms).routes()
        routes |= private.routes(endpoints)
        return build_application(routes, self._websockets.serve, exchange.faults)

    async def close_websockets(self) -> None:
        """Say goodbye to every websocket."""
        await self._websockets.close_all()

    @property
    def muted(self) -> bool:
        """While true, the account's events are lost on their way."""
        return self._user_data.muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._user_data.muted = muted

    @property
    def private_sockets(self) -> int:
        """Websockets on the listen key that is alive."""
        return self._user_data.sockets

    def order_id(self, order: Order) -> str:
        """Write an order's id: its number."""
        return str(order.order_id)

    def expire_listen_keys(self, at_ms: int) -> None:
        """End the listen key: its websockets hear `listenKeyExpired`, then nothing more."""
        self._user_data.expire(at_ms)

    def on_trade(self, listing: Listing, trade: Trade) -> None:
        """Publish a trade."""
        self._publisher.on_trade(listing, trade)

    def on_minute(self, listing: Listing, at_ms: int, closed: dict[str, Bar]) -> None:
        """Publish the bars that closed."""
        self._publisher.on_minute(listing, at_ms, closed)

    def on_second(self, number: int, at_ms: int) -> None:
        """Publish what is due each second, and let the listen key age."""
        self._publisher.on_second(number, at_ms)
        self._user_data.on_second(at_ms)

    def on_order(self, order: Order, change: Change, fill: Fill | None, at_ms: int) -> None:
        """Tell of an order."""
        self._user_data.on_order(order, change, fill, at_ms)

    def on_account(self, change: AccountChange) -> None:
        """Tell of balances and positions."""
        self._user_data.on_account(change)

    def on_leverage(self, symbol: str, leverage: int, at_ms: int) -> None:
        """Tell of a leverage."""
        self._user_data.on_leverage(symbol, leverage, at_ms)
