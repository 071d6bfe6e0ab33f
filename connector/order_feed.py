"""The account's orders: every update once, in order, with its fill, whoever listens."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property

import structlog
from reactivex import Observable
from reactivex import operators as ops

from connector import items, wire
from connector.config import FeedsConfig
from connector.exchange.told_orders import ToldOrders
from connector.feed_logs import log_malformed, log_resumed
from connector.observables import Answers, PrivateSources
from connector.operators import (
    Backoff,
    Counts,
    Ledger,
    Lookup,
    coalesce,
    cross_check,
    hold_until,
    keep_ledger,
    map_to_proto,
    repair_gaps,
    resume,
    share_latest,
)
from connector.stages import Pipelines
from connector.trading import Order

log = structlog.get_logger(__name__)

UNREAD_PER_SECOND = 0.1
"""How often what an unread frame told is asked for; each time takes an eighth of Binance's
limit for ten seconds, and again 5 s later."""


class OrderFeed:
    """What is known of the account's orders, and the one stream that tells it."""

    def __init__(
        self,
        private: PrivateSources,
        config: FeedsConfig,
        exchange: str,
        backoff: Backoff,
        closing: Observable[object],
        canonical: Callable[[str], str],
        pipelines: Pipelines,
        told: ToldOrders | None,
    ) -> None:
        self._private, self._config, self._exchange = private, config, exchange
        self._backoff, self._closing, self._canonical = backoff, closing, canonical
        self._pipelines = pipelines
        self.answers = Answers()
        """Whose updates wait for an answer."""
        self.ledger = Ledger()
        """What is known of the account's orders; outlives every subscription."""
        self._told, self._tells_orders = told, False
        before = told.before() if told is not None else {}
        for order, trades in before.items():
            self.ledger.seed(order, trades)
        self._told_until_ms = max((order.update_time_ms for order in before), default=None)

    def note_placed(self, order: Order) -> None:
        """Know an order from the answer to its placing; its updates are still to be told.

        Whoever hears orders hears its end also when this process is another by then. Where nobody
        ever does, nothing is kept for him.
        """
        self.ledger.note_placed(order)
        is_open = not order.status.is_terminal
        if self._told and self._tells_orders and is_open and not self.ledger.has_told(order):
            self._told.note(order)

    @cached_property
    def updates(self) -> Observable[wire.OrderUpdate]:
        """Share the account's order updates, canonically spelled; nothing is lost or repeated.

        One pipe for good, whoever listens: its memory tells what was missed when nobody did.
        """
        self._tells_orders = True
        ledger, private = self.ledger, self._private
        silence = timedelta(seconds=self._config.orders.silence_s)
        lookup = Lookup(
            lambda lacking: private.looked_up(lacking.order, lacking.trades),
            on_unanswered=_not_looked_up,
            on_given_up=_given_up,
        )
        if not private.tells_trades:  # each fill would be asked for
            lookup = None
        count = Counts("orders")
        updates = count.source(private.orders()).pipe(
            cross_check(
                silence,
                lambda: private.orders_differ(ledger.unfinished()),
                on_unanswered=_not_compared,
            ),
            count.through(
                "repair_gaps",
                repair_gaps(
                    lambda since_ms: private.missed_orders(
                        since_ms, ledger.unfinished, ledger.note_seen
                    ),
                    private.now_ms,
                    ledger.seed,
                    on_unrepaired=_not_repaired,
                    told_until_ms=self._told_until_ms,
                    again_on=self._unread(),
                ),
            ),
            resume(self._backoff, log_resumed("orders")),
            count.through("keep_ledger", keep_ledger(ledger, lookup=lookup)),
        )
        return updates.pipe(
            count.through(
                "hold_until",
                hold_until(
                    _order_key,
                    lambda order: self.answers.pending(order.client_order_id),
                    on_held=count.did("hold_until", "held"),
                ),
            ),
            ops.filter(ledger.owns),  # what was held may have ended as never placed
            ops.do_action(self._told.note if self._told is not None else None),
            self._pipelines.of("orders").operator(items.orders(private.now_ms), count),
            map_to_proto(self._encode, log_malformed),
            ops.take_until(self._closing),
            share_latest(self._config.linger, lambda _: False),
        )

    def _unread(self) -> Observable[None]:
        """Tell, not too often, that a frame of the account could not be read."""
        return self._private.orders_unread().pipe(coalesce(_alike, UNREAD_PER_SECOND))

    def _encode(self, order: Order) -> wire.OrderUpdate:
        return wire.encode_order_update(order, self._exchange, self._canonical(order.symbol))


def _not_compared(error: Exception) -> None:
    log.info("open orders not compared", error=str(error)[:200])


def _not_repaired(error: Exception) -> None:
    log.error("what was missed of orders can't be told", error=str(error)[:200])


def _not_looked_up(error: Exception) -> None:
    log.info("orders not looked up", error=str(error)[:200])


def _given_up(order: Order) -> None:
    log.warning(
        "what an order lacks is not to be had",
        symbol=order.symbol,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        executed_qty=order.executed_qty,
    )


def _order_key(order: Order) -> tuple[str, str]:
    return order.symbol, order.exchange_order_id


def _alike(_: None) -> None:
    """Give the one key that there is."""
