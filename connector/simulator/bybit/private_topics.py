"""What the account's owner hears: orders, executions, positions, the wallet.

Source:  bybit-exchange.github.io/docs/v5/websocket/private
"""

import orjson

from connector.simulator.bybit.account_rows import streamed_position, wallet
from connector.simulator.bybit.answers import Row
from connector.simulator.bybit.order_rows import execution_row, order_row
from connector.simulator.bybit.streams import Topics
from connector.simulator.bybit.topics import PRIVATE
from connector.simulator.trading.desk import Desk
from connector.simulator.trading.events import AccountChange, Change
from connector.simulator.trading.order import Fill, Order
from connector.simulator.trading.position import Position


class PrivateTopics:
    """Gathers an account's events, and publishes each topic's in one frame.

    Guarantee:  all that one request or one turn of the market did is one frame a topic, each
                change a row of its `data`, in order; executions before the orders they changed.
    """

    def __init__(self, topics: Topics) -> None:
        self.muted = False
        """While true, events are lost on their way."""
        self._topics = topics
        self._desk: Desk | None = None
        self._gathered: dict[str, list[Row]] = {topic: [] for topic in PRIVATE}
        self._at_ms = 0
        self._frames = 0

    def attach(self, desk: Desk) -> None:
        """Tell of this account."""
        self._desk = desk

    def on_order(self, order: Order, change: Change, fill: Fill | None, at_ms: int) -> None:
        """Tell of an order, and of its execution."""
        desk = self._known
        it = desk.listings[order.symbol].instrument
        self._at_ms = at_ms
        if fill is not None:
            mark = desk.account.mark(order.symbol, at_ms)
            self._gathered["execution"].append(execution_row(it, order, fill, mark))
        self._gathered["order"].append(order_row(it, order))
        self._topics.tell_changed()

    def on_account(self, change: AccountChange) -> None:
        """Tell of balances and positions."""
        self._at_ms = change.at_ms
        for position in change.positions:
            self._tell_position(position, change.at_ms)
        if change.assets:
            self._gathered["wallet"] = [wallet(self._known, change.at_ms)]

    def on_leverage(self, symbol: str, leverage: int, at_ms: int) -> None:
        """Tell of a leverage: by the position that has it, flat or not."""
        self._at_ms = at_ms
        for (named, _), position in self._known.account.positions.items():
            if named == symbol:
                self._tell_position(position, at_ms)

    def publish(self) -> None:
        """Publish what was gathered."""
        for topic in ("execution", "order", "position", "wallet"):
            rows, self._gathered[topic] = self._gathered[topic], []
            stream = self._topics.stream(topic) if rows and not self.muted else None
            if stream is not None:
                self._frames += 1
                content = {
                    "id": f"{self._frames:032x}",
                    "topic": topic,
                    "creationTime": self._at_ms,
                    "data": rows,
                }
                self._topics.publish(stream, orjson.dumps(content).decode())

    def _tell_position(self, position: Position, at_ms: int) -> None:
        self._gathered["position"].append(streamed_position(self._known, position, at_ms))

    @property
    def _known(self) -> Desk:
        assert self._desk is not None
        return self._desk
