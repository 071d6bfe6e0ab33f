"""Orders in random order, with everything failing that can: nothing doubled, nothing lost.

`make test` plays a few hundred steps on each dialect, always the same; `make states STEPS=10000`
plays others, on Binance's or with DIALECT=bybit on that one.
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from google.type.decimal_pb2 import Decimal as Amount
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    rule,
    run_state_machine_as_test,
)
from opensqt.market_maker.v1 import types_pb2 as types

from connector.operators import Backoff, repair_gaps
from tests.rpc.conftest import DIALECTS
from tests.rpc.order_world import BUY, NOWHERE, RECURRING_S, SELL, Request, World, world

STEPS_A_LIFE = 40
STEPS = int(os.environ.get("STEPS", "0"))
"""0: the few that are always the same."""
PLAYED = [os.environ.get("DIALECT") or "binance"] if STEPS else DIALECTS
STEP_S = 60.0

PRICES = {
    "BTCUSDT": {
        "rests": {BUY: "90000.0", SELL: "105000.0"},
        "takes": {BUY: "98000.0", SELL: "96000.0"},
    },
    "ETHUSDT": {
        "rests": {BUY: "3200.00", SELL: "3700.00"},
        "takes": {BUY: "3450.00", SELL: "3370.00"},
    },
}
QUANTITIES = {"BTCUSDT": ["0.010", "0.040", "0.060"], "ETHUSDT": ["0.100", "0.300", "0.600"]}
LIFETIMES = [types.TIME_IN_FORCE_UNSPECIFIED, types.TIME_IN_FORCE_IOC, types.TIME_IN_FORCE_FOK]
NAMES = ("plain_{}", "x-zdfVM8vY_{}", "needs translating, for it is long: №{}")

REQUESTS = [
    "place",
    "place batch",
    "cancel",
    "cancel batch",
    "cancel all",
    "order",
    "open orders",
    "own trades",
    "private websocket",
]
WAYS = ["cut_before", "cut_after", ("status_before", 503), ("status_after", 503), ("delay", 0.02)]
BEFORE_LOOKUPS_S = (0.0, 0.01, 0.02, 0.02, 0.05)


class Drawn(NamedTuple):
    """An order to be placed; the name has a gap for a number, or is empty."""

    symbol: str
    side: types.OrderSide.ValueType
    price: str
    quantity: str
    name: str
    time_in_force: types.TimeInForce.ValueType = types.TIME_IN_FORCE_UNSPECIFIED
    post_only: bool = False
    reduce_only: bool = False

    def request(self, number: int) -> Request:
        """Give it as a request."""
        is_market = self.price == "0"
        return Request(
            symbol=self.symbol,
            side=self.side,
            type=types.ORDER_TYPE_MARKET if is_market else types.ORDER_TYPE_LIMIT,
            quantity=Amount(value=self.quantity),
            price=Amount(value=self.price),
            client_order_id=self.name.format(number),
            time_in_force=self.time_in_force,
            post_only=self.post_only,
            reduce_only=self.reduce_only,
        )


@st.composite
def orders(draw: st.DrawFn, *, rests: bool = False) -> Drawn:
    """Draw an order, one that will rest if so asked."""
    symbol = draw(st.sampled_from(sorted(PRICES)))
    side = draw(st.sampled_from([BUY, SELL]))
    kind = "rests" if rests else draw(st.sampled_from(["rests", "rests", "takes", "market"]))
    order = Drawn(
        symbol=symbol,
        side=side,
        price="0" if kind == "market" else PRICES[symbol][kind][side],
        quantity=draw(st.sampled_from(QUANTITIES[symbol])),
        name=draw(st.sampled_from(("", *NAMES))),
        post_only=kind != "market" and draw(st.booleans()),
    )
    if rests:
        return order
    order = order._replace(reduce_only=draw(st.sampled_from([False, False, False, True])))
    if kind == "market" or order.post_only:
        return order
    return order._replace(time_in_force=draw(st.sampled_from(LIFETIMES)))


class OrderStates(RuleBasedStateMachine):
    """One connector's life."""

    dialect = "binance"

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.world: World = self._do(self._stack.enter_async_context(world(self.dialect)))
        self._number = 0

    def _do(self, step: Coroutine[Any, Any, Any]) -> Any:
        async def bounded() -> Any:
            async with asyncio.timeout(STEP_S):
                return await step

        return self._runner.run(bounded())

    def _request(self, drawn: Drawn) -> Request:
        self._number += 1
        return drawn.request(self._number)

    # what a client does

    @rule(drawn=orders())
    def place(self, drawn: Drawn) -> None:
        self._do(self.world.place(self._request(drawn)))

    @rule(
        drawn=orders(rests=True),
        filled=st.sampled_from([None, "0.010", "9"]),
        seconds=st.sampled_from([0.03, 0.03, 0.15]),
    )
    def place_while_it_is_filled_or_ended(
        self, drawn: Drawn, filled: str | None, seconds: float
    ) -> None:
        self._do(self.world.place_late(self._request(drawn), filled, seconds))

    @rule(which=st.integers(0, 1000), is_changed=st.sampled_from([False, False, True]))
    def place_again(self, which: int, is_changed: bool) -> None:
        if not self.world.asked:
            return
        request = Request()
        request.CopyFrom(self.world.asked[-1 - which % min(8, len(self.world.asked))])
        if is_changed:
            request.quantity.value = "0.700"
        self._do(self.world.place(request))

    @rule(which=st.integers(0, 1000), times=st.integers(2, 4))
    def place_at_once_again(self, which: int, times: int) -> None:
        if not self.world.asked:
            return
        again = self.world.asked[-1 - which % min(8, len(self.world.asked))]
        self._do(self.world.place_together([again] * times))

    @rule(
        drawn=st.lists(orders(), min_size=1, max_size=8),
        bad=st.sampled_from([None, 0, 3]),
        is_doubled=st.booleans(),
    )
    def place_batch(self, drawn: list[Drawn], bad: int | None, is_doubled: bool) -> None:
        named = [self._request(each) for each in drawn]
        if is_doubled:
            named.append(named[0])
        if bad is not None:
            named.insert(bad, Request(symbol=NOWHERE, client_order_id=f"bad-{self._number}"))
        self._do(self.world.place_batch(named))

    @rule(which=st.integers(0, 1000))
    def cancel(self, which: int) -> None:
        if found := self.world.orders():
            order = _one(found, which)
            self._do(self.world.cancel(order.symbol, order.order_id))

    @rule(which=st.lists(st.integers(0, 1000), max_size=12, unique=True), is_unknown=st.booleans())
    def cancel_batch(self, which: list[int], is_unknown: bool) -> None:
        of_symbol = [o for o in self.world.orders() if o.symbol == "BTCUSDT"]
        ids = {_one(of_symbol, each).order_id for each in which if of_symbol}
        self._do(self.world.cancel_batch("BTCUSDT", [*ids, *([4711] if is_unknown else [])]))

    @rule(symbol=st.sampled_from(sorted(PRICES)))
    def cancel_all(self, symbol: str) -> None:
        self._do(self.world.cancel_all(symbol))

    @rule(symbol=st.sampled_from(sorted(PRICES)))
    def look(self, symbol: str) -> None:
        self._do(self.world.look(symbol))

    # what the exchange does

    @rule(which=st.integers(0, 1000), parts=st.integers(1, 7), is_whole=st.booleans())
    def fill(self, which: int, parts: int, is_whole: bool) -> None:
        if found := self.world.open_orders():
            self._do(self.world.fill(_one(found, which), parts, is_whole))

    @rule(which=st.integers(0, 1000), expired=st.booleans())
    def end(self, which: int, expired: bool) -> None:
        if found := self.world.open_orders():
            self._do(self.world.end_order(_one(found, which), expired))

    @rule(seconds=st.sampled_from([0.001, 0.5, RECURRING_S]))
    def time_passes(self, seconds: float) -> None:
        self._do(self.world.advance(seconds))

    @rule(seconds=st.sampled_from([0.0, 0.005, 0.03, 0.15]))
    def loop_turns(self, seconds: float) -> None:
        self._do(asyncio.sleep(seconds))

    # what fails

    @rule(
        request=st.sampled_from(REQUESTS),
        how=st.sampled_from(WAYS),
        times=st.sampled_from([1, 1, 2, 6]),
    )
    def requests_fail(self, request: str, how: Any, times: int) -> None:
        self.world.exchange.fail_next(*self.world.served.path(request), how, times)

    @rule()
    def sockets_drop(self) -> None:
        self._do(self.world.exchange.drop_sockets(private=True))

    @rule()
    def listen_key_expires(self) -> None:  # Bybit has none
        if self.dialect == "binance" and self.world.may_expire_listen_keys:
            self._do(self.world.expire_listen_keys())

    @rule(refuse=st.booleans())
    def websockets_are_refused(self, refuse: bool) -> None:
        self.world.exchange.refuse_websockets = refuse

    @rule(late=st.booleans())
    def open_orders_are_listed_late(self, late: bool) -> None:
        self.world.exchange.list_late = late

    @rule()
    def nothing_fails(self) -> None:
        self.world.exchange.faults.forget()
        self.world.exchange.refuse_websockets = False
        self.world.exchange.list_late = False

    # and in the end

    @rule()
    def compare(self) -> None:
        self._do(self._compare())

    async def _compare(self) -> None:
        await self.world.settle()
        self.world.compare()

    def teardown(self) -> None:
        try:
            self._do(self._compare())
        finally:
            self._do(self._stack.aclose())
            self._runner.close()


def _one(items: list[Any], which: int) -> Any:
    return items[which % len(items)]


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait longer than a socket on loopback needs."""
    hurried = Backoff(first=timedelta(milliseconds=5), cap=timedelta(milliseconds=50))
    monkeypatch.setattr("connector.feeds.SOON", hurried)
    soon = partial(repair_gaps, again_after=timedelta(milliseconds=50))
    monkeypatch.setattr("connector.order_feed.repair_gaps", soon)
    monkeypatch.setattr("connector.exchange.order_fates.LOOKUP_PAUSES_S", BEFORE_LOOKUPS_S)
    monkeypatch.setattr("connector.exchange.order_fates.CLOCKS_S", 0.0)


class OnBybit(OrderStates):
    """The same on Bybit's dialect."""

    dialect = "bybit"


MACHINES = {"binance": OrderStates, "bybit": OnBybit}


@pytest.mark.timeout(0 if STEPS else 120)
@pytest.mark.parametrize("dialect", PLAYED)
def test_book_answers_and_stream_agree_whatever_fails(dialect: str) -> None:
    run_state_machine_as_test(
        MACHINES[dialect],
        settings=settings(
            max_examples=-(-STEPS // STEPS_A_LIFE) if STEPS else 8,
            stateful_step_count=STEPS_A_LIFE,
            derandomize=not STEPS,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            print_blob=False,
        ),
    )
