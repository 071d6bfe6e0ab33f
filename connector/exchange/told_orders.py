"""The open orders as clients were last told of them, kept across a restart, also after a crash."""

from typing import Any

import msgspec
import structlog

from connector.exchange.order_ids import OrderIds, told_key
from connector.trading import Order

log = structlog.get_logger(__name__)


class _Kept(Order, frozen=True):
    """What is written of an order: as it was told last, and of which trades."""

    trades: dict[str, int] | None = None
    """Trade id → its time, of those told that are no older than the order's own time, by which a
    trade can't be told from one that was not; None where another version wrote it."""


class ToldOrders:
    """One account's orders that are open as far as was told.

    Guarantee:  nothing waits for a disk; a crash forgets what was noted in the last 50 ms.
    """

    def __init__(self, ids: OrderIds) -> None:
        self._ids = ids
        self._trades: dict[str, dict[str, int]] = {}
        """The latest trades of each order, as they are kept; empty ones aren't."""

    def note(self, order: Order) -> None:
        """Note an order as it is being told; one that is over is forgotten."""
        key = _key(order)
        trades, text = self._trades.pop(key, {}), ""
        if not order.status.is_terminal:
            if order.last_trade is not None:
                trades[order.last_trade.trade_id] = order.last_trade.timestamp_ms
            trades = {id_: at for id_, at in trades.items() if at >= order.update_time_ms}
            if trades:
                self._trades[key] = trades
            fields: dict[str, Any] = msgspec.structs.asdict(order)
            fields |= {"last_trade": None, "trades": trades}
            text = msgspec.json.encode(_Kept(**fields)).decode()
        self._ids.note_told(key, text, order.symbol)

    def before(self) -> dict[Order, frozenset[str] | None]:
        """Give the orders that the process before this one told as open, in no order.

        Shapes:  each with the ids of the trades it told that are no older than the order's update
                 time; None where that isn't known.
        """
        orders: dict[Order, frozenset[str] | None] = {}
        for text in self._ids.told():
            try:
                kept = msgspec.json.decode(text, type=_Kept)
            except msgspec.DecodeError as error:  # written by another version
                log.warning("an order of before is not readable", error=str(error))
                continue
            fields: dict[str, Any] = msgspec.structs.asdict(kept)
            trades = fields.pop("trades")
            if trades:
                self._trades[_key(kept)] = trades
            orders[Order(**fields)] = None if trades is None else frozenset(trades)
        return orders


def _key(order: Order) -> str:
    return told_key(order.symbol, order.exchange_order_id)
