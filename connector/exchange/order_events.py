"""What the exchange tells of the account's orders: live, missed, and whether it knows more."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import structlog
from msgspec.structs import replace

from connector.errors import (
    ConnectorError,
    OrderNotFound,
    Unsupported,
)
from connector.exchange.channel import Channel, Leave, OnError
from connector.exchange.few_at_once import few_at_once
from connector.exchange.journal import JournalById
from connector.exchange.order_lookup import OrderLookup
from connector.exchange.own_trades import OwnTrades
from connector.exchange.parse_fields import Raw
from connector.exchange.private_channel import ALL, private_channel, wait_until_open
from connector.exchange.readable import readable
from connector.exchange.session import Session
from connector.exchange.sockets import hang_up
from connector.trading import Order, OrderStatus, Trade

log = structlog.get_logger(__name__)

LOOKUPS_AT_ONCE = 5
RECONCILED_AT_START = 300
"""Orders of before that are asked for one by one before serving, the latest; of Binance's limit
that takes a quarter. The rest is asked for when the orders stream opens."""
SURELY_GONE_MS = 60_000
"""An order that was told of so long ago, and that the exchange has nowhere, is over."""

Learn = Callable[[Order], None]
"""Knows an order from the exchange's answer; what of it is news is still to be told."""

Heard = Order | Trade


def _ignore(_: Order) -> None:
    pass


class OrderEvents:
    """Order states and own trades of one session's account, each as its frame is handled.

    Errors:  Denied without credentials, Unsupported where ccxt streams no orders, Transient.
    """

    def __init__(self, session: Session, orders: OrderLookup) -> None:
        self._session, self._orders = session, orders
        self._trades = OwnTrades(session, orders)
        self._channels: list[Channel] = []
        self._on_unread: tuple[Callable[[None], None], ...] = ()

    async def close(self) -> None:
        """Stop keeping subscriptions."""
        for channel in self._channels:
            await channel.close()

    def listen(self, on_heard: Callable[[Heard], None], on_error: OnError) -> Leave:
        """Hear every order state and every own trade, in the order in which frames tell them."""
        if not self._session.offers("watchOrders"):
            raise Unsupported(f"{self._session.ccxt.id} streams no orders")
        if not self._channels:
            self._channels = self._made()
        told = False

        def fail(error: ConnectorError) -> None:
            nonlocal told
            if not told:
                told = True
                leave()
                # it may have ended while no socket could hear of it
                self._session.way.forget_listen_key(self._session.ccxt)
                on_error(error)

        def hear(read: Callable[[], Heard]) -> None:
            heard = readable("order", read)
            if heard is None:
                self._unread()
            else:
                on_heard(heard)

        def on_order(raw: Raw) -> None:
            hear(lambda: self._orders.read(raw))

        def on_trade(raw: Raw) -> None:
            hear(lambda: self._orders.reader(str(raw.get("symbol"))).trade(raw))

        leaves = [
            channel.listen(ALL, on_raw, fail)
            for channel, on_raw in zip(self._channels, (on_order, on_trade), strict=False)
        ]

        def leave() -> None:
            for each in leaves:
                each()

        return leave

    def listen_unread(self, on_unread: Callable[[None], None], _: OnError) -> Leave:
        """Hear that a frame could not be read: whatever it told of orders was missed."""
        self._on_unread = (*self._on_unread, on_unread)

        def leave() -> None:
            self._on_unread = tuple(each for each in self._on_unread if each is not on_unread)

        return leave

    def _unread(self) -> None:
        for on_unread in self._on_unread:
            on_unread(None)

    async def reconcile(self, believed_open: Sequence[Order], learn: Learn) -> None:
        """Ask what has become of orders that the process before this one told as open.

        One question for all open ones, then one for each that isn't among them, RECONCILED_AT_START
        at most. Asked again after an error, it goes on with what isn't known to be over.
        Errors:  those of the questions.
        """
        listed = {_key(order): order for order in await self._orders.open_orders(None)}
        gone = [order for order in believed_open if _key(order) not in listed]
        for order in believed_open:
            if _key(order) in listed:
                learn(listed[_key(order)])
        left = [order for order in gone if not order.status.is_terminal]
        left.sort(key=lambda order: order.update_time_ms, reverse=True)
        await self._became(left[:RECONCILED_AT_START], learn)
        log.info("orders reconciled", open=len(listed), over=len(gone), believed=len(believed_open))

    async def missed(
        self, since_ms: int, unfinished: Callable[[], Sequence[Order]], learn: Learn = _ignore
    ) -> Sequence[Heard]:
        """Ask for open orders, what became of those believed unfinished, and trades since.

        Guarantee:  asked once the private websocket is open, so that nothing falls between, and
                    of those believed unfinished once the open ones are known: an order may come
                    and go while the websocket opens. Each answer is learned at once, and one that
                    is known to be over isn't asked for again. Trades first, oldest first; then each
                    order's newest state.
        Errors:     Transient when it doesn't open within 10 s, and those of the questions.
        """
        await wait_until_open(self._session, self._owns)
        listed = await self._orders.open_orders(None)
        known = {_key(order) for order in listed}
        gone = [order for order in unfinished() if _key(order) not in known]
        found = await self._became(gone, learn)
        nowhere = [order for order in gone if _key(order) not in {_key(each) for each in found}]
        symbols = sorted({order.symbol for order in (*listed, *gone)})
        told = await few_at_once(
            LOOKUPS_AT_ONCE, symbols, lambda symbol: self._trades.since(symbol, since_ms)
        )
        trades = [trade for each in told for trade in each]
        trades.sort(key=lambda trade: trade.timestamp_ms)
        over = [ended for order in nowhere if (ended := self._given_up(order, trades))]
        states = sorted([*listed, *found, *over], key=lambda order: order.update_time_ms)
        return [*trades, *states]

    async def looked_up(self, order: Order, trades: bool) -> Sequence[Heard]:
        """Ask for an order's trades, or how it stands.

        Guarantee:  asked while the private websocket is open: what is missed when it is away is
                    asked for as it opens. An order that is nowhere tells nothing.
        Errors:     Transient when it doesn't open within 10 s, and those of the question.
        """
        await wait_until_open(self._session, self._owns)
        if trades:
            return await self._trades.of_order(order)
        try:
            return [await self._orders.get(order.symbol, order.exchange_order_id)]
        except OrderNotFound:
            return []

    async def _became(self, gone: Sequence[Order], learn: Learn) -> list[Order]:
        """Ask what became of orders that are in no list any more, and learn it."""

        async def looked_up(order: Order) -> Order | None:
            if order.status.is_terminal:
                return order
            try:
                found = await self._orders.get(order.symbol, order.exchange_order_id)
            except OrderNotFound:
                log.warning("an order believed open is nowhere", order=order.exchange_order_id)
                return None
            learn(found)
            return found

        looked = await few_at_once(LOOKUPS_AT_ONCE, gone, looked_up)
        return [order for order in looked if order]

    def _given_up(self, order: Order, trades: Sequence[Trade]) -> Order | None:
        """Take an order that is nowhere for canceled, unless lists may lag or its trades go on.

        Exchanges forget orders that ended without a fill, Binance after three days.
        """
        now_ms = self._session.now_ms()
        lags = now_ms - order.update_time_ms < SURELY_GONE_MS
        if lags or any(_is_news(trade, order) for trade in trades):
            return None
        return replace(order, status=OrderStatus.CANCELED, update_time_ms=now_ms, last_trade=None)

    async def differs(self, believed_open: Sequence[Order]) -> bool:
        """Ask whether the exchange's open orders are others than those believed open.

        When they are, the private websockets are hung up and the listen key is forgotten: an
        expired one leaves a socket open, and silent for ever.
        """
        listed = await self._orders.open_orders(None)
        differs = {_fingerprint(order) for order in listed} != {
            _fingerprint(order) for order in believed_open
        }
        if differs:
            self._session.way.forget_listen_key(self._session.ccxt)
            hang_up(self._session.ccxt, self._owns)
        return differs

    def _owns(self, listener: object) -> bool:
        return any(channel.owns(listener) for channel in self._channels)

    def _made(self) -> list[Channel]:
        ccxt, offers = self._session.ccxt, self._session.offers
        channels = [self._channel("orders", "orders", ccxt.watch_orders)]
        if offers("watchMyTrades"):
            channels.append(self._channel("own trades", "myTrades", ccxt.watch_my_trades))
        return channels

    def _channel(self, name: str, cache: str, watch: Callable[[], Any]) -> Channel:
        ccxt = self._session.ccxt

        async def seeded() -> object:
            setattr(ccxt, cache, JournalById(lambda raw: channel.deliver(ALL, raw)))
            return await watch()

        channel = private_channel(self._session, name, seeded, lambda _: (), self._unread)
        return channel


def _key(order: Order) -> tuple[str, str]:
    return order.symbol, order.exchange_order_id


def _is_news(trade: Trade, order: Order) -> bool:
    is_its_own = (trade.symbol, trade.exchange_order_id) == _key(order)
    return is_its_own and trade.timestamp_ms > order.update_time_ms


def _fingerprint(order: Order) -> tuple[str, str, Decimal]:
    return order.symbol, order.exchange_order_id, Decimal(order.executed_qty)
