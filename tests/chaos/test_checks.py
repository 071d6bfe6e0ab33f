"""The checks find what they are there for: each is shown a world that was tampered with."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from opensqt.market_maker.v1 import types_pb2 as types

from tests.chaos.cases import Case
from tests.chaos.checks import unsettled, violations
from tests.chaos.floor import SETTLE_S, Floor

Messages = dict[str, list[Any]]


def _price_back(heard: Messages) -> None:
    prices = [each for each in heard["prices"] if each.symbol == "BTCUSDT"]
    heard["prices"] += [prices[0], prices[-1]]


def _price_old(heard: Messages) -> None:
    heard["prices"][:] = [each for each in heard["prices"] if each.symbol != "BTCUSDT"][:1] + [
        next(each for each in heard["prices"] if each.symbol == symbol)
        for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    ]


def _price_invented(heard: Messages) -> None:
    invented = deepcopy(heard["prices"][0])
    invented.price.value = "1.23"
    heard["prices"].insert(0, invented)


def _bar_twice(heard: Messages) -> None:
    heard["candles"].append(next(each for each in heard["candles"] if each.is_closed))


def _bar_wrong(heard: Messages) -> None:
    next(each for each in heard["candles"] if each.is_closed).volume.value = "0.5"


def _last_close_lost(heard: Messages) -> None:
    """Of the last close a pair of neighbours tells nothing."""
    bars = heard["candles"]
    last = next(each for each in reversed(bars) if each.is_closed)
    later = deepcopy(last)
    later.timestamp, later.is_closed = last.timestamp + 60_000, False
    bars[:] = [*bars[: bars.index(last)], later]


def _order_lost(heard: Messages) -> None:
    name = heard["orders"][0].client_order_id
    heard["orders"][:] = [each for each in heard["orders"] if each.client_order_id != name]


def _end_lost(heard: Messages) -> None:
    last = next(each for each in heard["orders"] if each.status == types.ORDER_STATUS_CANCELED)
    heard["orders"].remove(last)


def _trade_twice(heard: Messages) -> None:
    heard["orders"].append(next(each for each in heard["orders"] if each.HasField("last_trade")))


def _position_old(heard: Messages) -> None:
    heard["positions"].append(heard["positions"][0])


def _account_old(heard: Messages) -> None:
    heard["account"].append(heard["account"][0])


TAMPERED: list[tuple[Callable[[Messages], None], str]] = [
    (_price_back, "went back"),
    (_price_old, "was told"),
    (_price_invented, "never traded at"),
    (_bar_twice, "after it was closed"),
    (_bar_wrong, "was told of"),
    (_last_close_lost, "was closed"),
    (_order_lost, "was never told"),
    (_end_lost, "and 1 was told"),
    (_trade_twice, "was told 2 times"),
    (_position_old, "position is"),
    (_account_old, "wallet is"),
]


async def test_what_is_wrong_is_found(no_task_left: None) -> None:
    async with Floor(Case("late:by=1ms,for=1500ms", 1.5)) as floor:
        await floor.play()
        await floor.until(lambda: not unsettled(floor), SETTLE_S)
        assert violations(floor) == []
        assert any(each.is_closed for each in floor.heard["candles"].messages)
        true = {name: each.messages for name, each in floor.heard.items()}
        for tamper, told in TAMPERED:
            tampered = deepcopy(true)
            tamper(tampered)
            for name, each in floor.heard.items():
                each.messages = tampered[name]
            found = violations(floor)
            assert any(told in each for each in found), (tamper.__name__, found)
        for name, each in floor.heard.items():
            each.messages = true[name]
        floor.heard["prices"].ended = "OK"
        floor.trader.defects.append("a defect")
        floor.trader.answered["nowhere"] = (0.0, 0.0)
        floor.trader.refused[next(iter(floor.exchange.orders_placed))] = "order rejected: no"
        assert len(violations(floor)) == 4
