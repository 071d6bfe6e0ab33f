"""What became of the orders that a process before this one told as open."""

from typing import Any

import pytest

from connector.errors import ConnectorError, OrderNotFound, RateLimited, Transient
from connector.exchange import order_events as module
from connector.exchange.order_events import SURELY_GONE_MS, OrderEvents
from connector.operators import Ledger
from connector.trading import Order, OrderStatus, Trade
from tests.marbles.orders import order, trade

NOW_MS = 10_000_000


class Exchange:
    """Both a session and its lookups: what is open, what has ended, and what was asked for."""

    ccxt = None

    def __init__(self, opened: list[Order], ended: list[Order]) -> None:
        self.opened, self.asked = opened, list[str]()
        self.ended: dict[str, Order | ConnectorError] = {o.exchange_order_id: o for o in ended}

    def now_ms(self) -> int:
        return NOW_MS

    async def open_orders(self, _: str | None) -> list[Order]:
        return self.opened

    async def get(self, _: str, number: str) -> Order:
        self.asked.append(number)
        found = self.ended.get(number, OrderNotFound(number))
        if isinstance(found, Order):
            return found
        raise found


def before(*numbers: int) -> Ledger:
    """Give what a process knows of orders that the one before told as open; 9 is the latest."""
    ledger = Ledger()
    for number in numbers:
        ledger.seed(order("new", at_ms=1_000 + number, number=str(number)))
    return ledger


async def reconcile(exchange: Exchange, ledger: Ledger) -> dict[str, OrderStatus]:
    stands_for: Any = exchange
    await OrderEvents(stands_for, stands_for).reconcile(ledger.unfinished(), ledger.note_seen)
    return {each.exchange_order_id: each.status for each in ledger.unfinished()}


async def test_what_is_open_is_asked_for_at_once_and_the_rest_one_by_one() -> None:
    partly = order("part", "0.4", 2_000, number="1")
    exchange = Exchange([partly], [order("filled", "1", 2_000, number="2")])

    known = await reconcile(exchange, before(1, 2))

    assert exchange.asked == ["2"]
    assert known == {"1": OrderStatus.PARTIALLY_FILLED, "2": OrderStatus.FILLED}


async def test_open_orders_that_were_not_told_before_are_for_the_stream_to_tell() -> None:
    ledger = before(1)

    await reconcile(Exchange([order("new", number="1"), order("new", number="5")], []), ledger)

    assert ledger.get("BTCUSDT", "5") is None


async def test_what_an_error_interrupts_goes_on_where_it_was() -> None:
    exchange = Exchange([], [order("filled", "1", 2_000, number=str(n)) for n in (1, 3)])
    exchange.ended["2"] = RateLimited("too many")
    ledger = before(1, 2, 3)

    with pytest.raises(Transient):
        await reconcile(exchange, ledger)
    exchange.ended["2"] = order("canceled", "0", 2_000, number="2")
    first, exchange.asked = exchange.asked, []
    known = await reconcile(exchange, ledger)

    assert first[0] == "3", "the latest first"
    assert set(known.values()) == {OrderStatus.FILLED, OrderStatus.CANCELED}
    assert "3" not in exchange.asked


async def test_of_thousands_the_latest_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONCILED_AT_START", 3)
    numbers = range(1, 10)
    exchange = Exchange([], [order("filled", "1", 2_000, number=str(n)) for n in numbers])

    await reconcile(exchange, before(*numbers))

    assert exchange.asked == ["9", "8", "7"]


@pytest.mark.parametrize(
    ("age_ms", "traded_ms", "told"),
    [
        (SURELY_GONE_MS, None, ["canceled"]),
        (SURELY_GONE_MS, -1, ["trade", "canceled"]),
        (SURELY_GONE_MS, 1, ["trade"]),
        (SURELY_GONE_MS - 1, None, []),
    ],
    ids=["old", "with old trades", "with trades since", "too new, for lists may lag"],
)
async def test_what_is_nowhere_is_told_as_canceled(
    age_ms: int, traded_ms: int | None, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger()
    last_ms = NOW_MS - age_ms
    ledger.seed(order("new", at_ms=last_ms))
    exchange: Any = Exchange([], [])
    events = OrderEvents(exchange, exchange)
    trades = [] if traded_ms is None else [trade("t", "0.1", last_ms + traded_ms)]

    async def at_once(*_: object) -> None:
        pass

    async def own_trades(*_: object) -> list[Trade]:
        return trades

    monkeypatch.setattr(module, "wait_until_open", at_once)
    monkeypatch.setattr("connector.exchange.own_trades.OwnTrades.since", own_trades)
    missed = await events.missed(0, ledger.unfinished, ledger.note_seen)

    assert [
        each.status.value.lower() if isinstance(each, Order) else "trade" for each in missed
    ] == told
