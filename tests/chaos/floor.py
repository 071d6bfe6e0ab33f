"""An exchange that lives in real time, a connector, a client with every stream, and a fault."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import types_pb2 as types

from connector.simulator import OrderSnapshot, Simulator, SimulatorConfig
from tests.chaos.cases import Case
from tests.chaos.trader import Trader
from tests.rpc.conftest import START_MS, Served, serving

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SETTINGS: dict[str, Any] = {
    "symbols": SYMBOLS,
    "start_ms": START_MS,
    "speed": 20,
    "updates_per_second": 20,
    "fill_ratio": 0,
    "check_timestamps": False,
}
"""A bar of a minute lasts 3 s."""
AFTER_S, LONGEST_S, SETTLE_S = 0.5, 20.0, 10.0
TURN_S = 0.004
STREAMS = ("prices", "candles", "orders", "positions", "account", "calls")
OVER = {
    "filled": types.ORDER_STATUS_FILLED,
    "canceled": types.ORDER_STATUS_CANCELED,
    "expired": types.ORDER_STATUS_CANCELED,
}
"""What an order that ended is told as at last."""


@dataclass
class Heard:
    """What one stream told, and when."""

    messages: list[Any] = field(default_factory=list[Any])
    times: list[float] = field(default_factory=list[float])
    ended: str = ""

    def since(self, at_s: float) -> list[tuple[float, Any]]:
        return [each for each in zip(self.times, self.messages, strict=True) if each[0] >= at_s]


@dataclass
class Truth:
    """What was so at the exchange when it was back."""

    at_s: float
    now_ms: int
    orders: dict[str, OrderSnapshot]
    size: Decimal
    wallet: Decimal
    bars: dict[str, tuple[int, Decimal]]


class Floor:
    """Use within `async with`; afterwards nothing of it is left."""

    def __init__(self, case: Case) -> None:
        self.case = case
        settings = SETTINGS | {"dialect": case.dialect} | case.exchange
        self.exchange = Simulator(msgspec.convert(settings, SimulatorConfig))
        self.heard = {name: Heard() for name in STREAMS if name != "calls"}
        self._reading: list[asyncio.Task[None]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Floor":
        async with AsyncExitStack() as stack:
            await self.exchange.start()
            stack.push_async_callback(self.exchange.stop)
            served = await stack.enter_async_context(
                serving(
                    feeds=self.case.feeds,
                    dialect=self.case.dialect,
                    at=self.exchange,
                    options={},
                )
            )
            served.connector.session.ccxt.enableRateLimit = False
            self.trader = Trader(served.stub)
            stack.push_async_callback(self._stop_reading)
            stack.push_async_callback(self.trader.abandon)
            await self._listen(served)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def play(self) -> dict[str, float]:
        """Trade, strike, come back, come to rest; give each stream's seconds to recovery."""
        await self.trader.place_resting_and_cancel(self.case.earlier_orders)
        self.trader.start()
        await asyncio.sleep(self.case.calm_s)
        await self.until(lambda: not self._silent(), LONGEST_S)
        assert not self._silent(), f"not live: {self._silent()}"
        self.exchange.begin_fault(self.case.fault)
        await asyncio.sleep(self.case.back_s)
        truth = self._truth()
        if self.case.rests:
            await self.trader.stop()
        took = await self._recovered(truth)
        await asyncio.sleep(AFTER_S)
        await self.trader.stop()
        self.exchange.end_faults()
        self.exchange.pause()
        return took

    def _silent(self) -> list[str]:
        return [name for name, each in self.heard.items() if not each.messages]

    async def until(self, met: Callable[[], bool], longest_s: float) -> bool:
        """Wait until something holds; False when it never did."""
        end = time.monotonic() + longest_s
        while not met():
            if time.monotonic() > end:
                return False
            await asyncio.sleep(TURN_S)
        return True

    async def _listen(self, served: Served) -> None:
        stub: Any = served.stub
        calls = {
            "prices": stub.SubscribePrice(rpc.SubscribePriceRequest(symbols=SYMBOLS)),
            "candles": stub.SubscribeKlines(
                rpc.SubscribeKlinesRequest(symbols=SYMBOLS, interval="1m")
            ),
            "orders": stub.SubscribeOrders(rpc.SubscribeOrdersRequest()),
            "positions": stub.SubscribePositions(rpc.SubscribePositionsRequest()),
            "account": stub.SubscribeAccount(rpc.SubscribeAccountRequest()),
        }
        self._reading = [
            asyncio.create_task(self._read(self.heard[name], call)) for name, call in calls.items()
        ]
        await served.until(lambda: served.connector.service.streams.open == len(calls))
        await served.until_private_topics()
        await served.until(lambda: {p.symbol for p in self.heard["prices"].messages} == {*SYMBOLS})

    async def _read(self, heard: Heard, call: Any) -> None:
        async for message in call:
            heard.times.append(time.monotonic())
            heard.messages.append(message)
        heard.ended = f"{await call.code()} {await call.details()}"

    async def _stop_reading(self) -> None:
        for reading in self._reading:
            reading.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    def size(self) -> Decimal:
        return sum((p.quantity for p in self.exchange.positions()), Decimal())

    def wallet(self) -> Decimal:
        return self.exchange.balances()["USDT"].wallet

    def _truth(self) -> Truth:
        bars = {symbol: self.exchange.bars(symbol, "1m")[-1] for symbol in SYMBOLS}
        return Truth(
            at_s=time.monotonic(),
            now_ms=self.exchange.now_ms,
            orders={each.client_order_id: each for each in self.exchange.orders()},
            size=self.size(),
            wallet=self.wallet(),
            bars={symbol: (bar.opening_ms, bar.volume) for symbol, bar in bars.items()},
        )

    async def _recovered(self, truth: Truth) -> dict[str, float]:
        looks = {
            "prices": lambda: self._prices(truth),
            "candles": lambda: self._candles(truth),
            "orders": lambda: self._orders(truth),
            "positions": lambda: self._first(
                "positions", truth, lambda p: self._is_new(Decimal(p.size.value), truth.size)
            ),
            "account": lambda: self._first(
                "account",
                truth,
                lambda a: self._is_new(truth.wallet, Decimal(a.total_wallet_balance.value)),
            ),
            "calls": lambda: self._calls(truth),
        }
        if self.case.rests:
            del looks["calls"]
        found: dict[str, float] = {}

        def all_found() -> bool:
            for name, look in looks.items():
                if name not in found and (at_s := look()) is not None:
                    found[name] = max(0.0, at_s - truth.at_s)
            return len(found) == len(looks)

        await self.until(all_found, LONGEST_S)
        missing = sorted(looks.keys() - found.keys())
        assert not missing, f"not back within {LONGEST_S:.0f} s: {missing}"
        return found

    def _is_new(self, more: Decimal, less: Decimal) -> bool:
        """Whether a growing figure is past what it was; when trading rests, whether it is that."""
        return more > less or (self.case.rests and more == less)

    def _first(self, stream: str, truth: Truth, met: Callable[[Any], bool]) -> float | None:
        return next(
            (at_s for at_s, each in self.heard[stream].since(truth.at_s) if met(each)), None
        )

    def _prices(self, truth: Truth) -> float | None:
        first: dict[str, float] = {}
        for at_s, price in self.heard["prices"].since(truth.at_s):
            if price.timestamp.ToMilliseconds() > truth.now_ms:
                first.setdefault(price.symbol, at_s)
        return max(first.values()) if len(first) == len(SYMBOLS) else None

    def _candles(self, truth: Truth) -> float | None:
        first: dict[str, float] = {}
        for at_s, bar in self.heard["candles"].since(truth.at_s):
            if (bar.timestamp, Decimal(bar.volume.value)) > truth.bars[bar.symbol]:
                first.setdefault(bar.symbol, at_s)
        return max(first.values()) if len(first) == len(SYMBOLS) else None

    def _orders(self, truth: Truth) -> float | None:
        """Give when all that was so at the exchange was told, and something newer."""
        heard = self.heard["orders"]
        left = dict(truth.orders)
        caught_up = None if left else truth.at_s
        fresh = truth.at_s if self.case.rests else None
        for at_s, update in zip(heard.times, heard.messages, strict=True):
            name = update.client_order_id
            if name not in truth.orders:
                fresh = fresh or at_s
            elif name in left and is_told(update, left[name]):
                del left[name]
                if not left:
                    caught_up = at_s
        return None if caught_up is None or fresh is None else max(caught_up, fresh)

    def _calls(self, truth: Truth) -> float | None:
        times = self.trader.answered.values()
        return min((ended for began, ended in times if began >= truth.at_s), default=None)


def is_told(update: Any, order: OrderSnapshot) -> bool:
    """Whether an update tells at least this state of an order."""
    wanted = OVER.get(str(order.status))
    executed = Decimal(update.executed_qty.value or 0)
    return executed >= order.executed and wanted in (None, update.status)
