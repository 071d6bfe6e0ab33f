"""What the tests of order ids and of the file below them share."""

from collections.abc import Callable

from connector.exchange.order_ids import OrderIds

SCOPE = "bybit:swap:1"
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
UUID = "c6f055d9-7f21-4079-913d-e6523a9cfffa"
DAY_MS = 86_400_000

Open = Callable[..., OrderIds]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_ms = 1_750_000_000_000

    def __call__(self) -> int:
        return self.now_ms
