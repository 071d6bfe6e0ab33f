"""What is not counted but looked at, each time the metrics are asked for."""

import time
from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Protocol

from connector import metrics


class Exchange(Protocol):
    """The exchange's side: `connector.exchange.session.Session`."""

    @property
    def is_serving(self) -> bool:
        """Whether the exchange answers and its markets are known."""
        ...

    @property
    def open_sockets(self) -> int:
        """How many websockets are open."""
        ...

    @property
    def weight(self) -> tuple[float, float]:
        """Weight of requests within the window, and what it allows."""
        ...


class Clients(Protocol):
    """The clients' side: `connector.grpc.streams.Streams`."""

    def waiting(self, feed: str) -> list[Sized]:
        """Give what waits for each reader of a feed."""
        ...


@dataclass(frozen=True)
class Looks:
    """A connector to look at; `name` is what GetName says."""

    exchange: Exchange
    clients: Clients
    name: str
    prepared: Callable[[], bool] = lambda: True
    """Whether credentials are validated, and the orders of before reconciled."""

    @property
    def is_ready(self) -> bool:
        """Whether health says SERVING."""
        return self.exchange.is_serving and self.prepared()

    def take(self) -> None:
        """Set every gauge."""
        exchange, now = self.exchange, time.perf_counter()
        sockets = exchange.open_sockets
        metrics.SOCKETS.set(sockets)
        metrics.STREAM_CONNECTED.labels(self.name).set(sockets > 0)
        metrics.REACHABLE.set(exchange.is_serving)
        weight, limit = exchange.weight
        metrics.REST_WEIGHT.set(weight)
        metrics.REST_WEIGHT_LIMIT.set(limit)
        for feed in metrics.FEEDS:
            waiting = self.clients.waiting(feed)
            metrics.SUBSCRIBERS.labels(feed).set(len(waiting))
            metrics.BUFFERED.labels(feed).set(sum(len(each) for each in waiting))
            newest = metrics.STREAM_MESSAGES.at(feed).at
            if waiting and newest:
                metrics.NEWEST_AGE.labels(feed).set(now - newest)
            else:
                metrics.NEWEST_AGE.remove_by_labels({"feed": feed})
