"""Topics: `tickers.BTCUSDT`, `kline.1.BTCUSDT`, `publicTrade.…`, `orderbook.1.…`; `order`, ….

Source:  bybit-exchange.github.io/docs/v5/ws/connect
"""

from typing import NamedTuple

from connector.simulator.bybit.words import INTERVALS

PRIVATE = ("order", "execution", "position", "wallet")
"""Topics of the account."""

BOOK_DEPTHS = ("1", "50", "200", "500")


class Topic(NamedTuple):
    """A public topic's parts; `detail` is an interval or a depth, else empty."""

    kind: str
    detail: str
    symbol: str


def parse_topic(text: str) -> Topic | None:
    """Take a public topic apart; None for one that the exchange does not have."""
    parts = text.split(".")
    if len(parts) == 2 and parts[0] in ("tickers", "publicTrade"):
        return Topic(parts[0], "", parts[1])
    if len(parts) == 3:
        kind, detail, symbol = parts
        details = {"kline": tuple(INTERVALS), "orderbook": BOOK_DEPTHS}.get(kind, ())
        if detail in details:
            return Topic(kind, detail, symbol)
    return None


def private_topic(text: str) -> str | None:
    """Give the topic of the account that a text means; `order.linear` is `order` here."""
    head, _, category = text.partition(".")
    return head if head in PRIVATE and category in ("", "linear") else None
