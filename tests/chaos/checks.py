"""What must be true of everything that a client saw, whatever failed."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from opensqt.market_maker.v1 import types_pb2 as types

from tests.chaos.floor import OVER, SYMBOLS, Floor, is_told
from tests.chaos.trader import SYMBOL, UNKNOWN

BAR_MS = 60_000
OPEN = {types.ORDER_STATUS_NEW, types.ORDER_STATUS_PARTIALLY_FILLED}


def unsettled(floor: Floor) -> list[str]:
    """What the streams have still to tell of a world that rests."""
    return [*_prices_behind(floor), *_orders_behind(floor), *_account_behind(floor)]


def violations(floor: Floor) -> list[str]:
    """Everything that is wrong; empty when all is well."""
    return [
        *_ended(floor),
        *unsettled(floor),
        *_prices(floor),
        *_bars(floor),
        *_orders(floor),
        *_placed(floor),
    ]


def _ended(floor: Floor) -> Iterator[str]:
    yield from (f"{name} ended: {h.ended}" for name, h in floor.heard.items() if h.ended)


def _prices_behind(floor: Floor) -> Iterator[str]:
    newest = {price.symbol: price for price in floor.heard["prices"].messages}
    for symbol in SYMBOLS:
        true, _ = floor.exchange.trades(symbol)[-1]
        if Decimal(newest[symbol].price.value) != true:
            yield f"{symbol} is {true}, and {newest[symbol].price.value} was told"


def _prices(floor: Floor) -> Iterator[str]:
    last: dict[str, int] = {}
    traded = {symbol: {price for price, _ in floor.exchange.trades(symbol)} for symbol in SYMBOLS}
    for price in floor.heard["prices"].messages:
        at_ms = price.timestamp.ToMilliseconds()
        if at_ms < last.get(price.symbol, 0):
            yield f"{price.symbol} went back from {last[price.symbol]} to {at_ms}"
        if Decimal(price.price.value) not in traded[price.symbol]:
            yield f"{price.symbol} never traded at {price.price.value}"
        last[price.symbol] = at_ms


def _bars(floor: Floor) -> Iterator[str]:
    closed: dict[str, list[Any]] = defaultdict(list)
    newest: dict[str, Any] = {}
    for bar in floor.heard["candles"].messages:
        of_symbol = closed[bar.symbol]
        before = newest.get(bar.symbol)
        if before is not None and bar.timestamp > before.timestamp and not before.is_closed:
            yield f"{bar.symbol}: {bar.timestamp} began before {before.timestamp} was closed"
        newest[bar.symbol] = bar
        if of_symbol and bar.timestamp <= of_symbol[-1].timestamp:
            yield f"{bar.symbol}: bar {bar.timestamp} after it was closed"
        if bar.is_closed:
            of_symbol.append(bar)
    for symbol in SYMBOLS:
        for early, late in pairwise(closed[symbol]):
            if late.timestamp - early.timestamp != BAR_MS:
                yield f"{symbol}: {late.timestamp} follows {early.timestamp}"
        true = {bar.opening_ms: bar for bar in floor.exchange.bars(symbol, "1m")}
        for bar in closed[symbol]:
            figures = (bar.open, bar.high, bar.low, bar.close, bar.volume)
            told = tuple(Decimal(each.value) for each in figures)
            it = true[bar.timestamp]
            if told != (it.open, it.high, it.low, it.close, it.volume):
                yield f"{symbol}: {told} was told of {it}"


def _histories(floor: Floor) -> dict[str, list[Any]]:
    histories: dict[str, list[Any]] = defaultdict(list)
    for update in floor.heard["orders"].messages:
        histories[update.client_order_id].append(update)
    return histories


def _orders_behind(floor: Floor) -> Iterator[str]:
    histories = _histories(floor)
    for order in floor.exchange.orders():
        history = histories.get(order.client_order_id)
        if not history:
            yield f"{order.client_order_id} was never told"
            continue
        filled = sum(Decimal(u.last_trade.quantity.value or 0) for u in history)
        wanted = OVER.get(str(order.status))
        last = history[-1]
        if not is_told(last, order) or (wanted is None) is not (last.status in OPEN):
            yield f"{order.client_order_id} is {order.status}, and {last.status} was told"
        if filled != order.executed:
            yield f"{order.client_order_id}: {filled} of {order.executed} told as trades"


def _orders(floor: Floor) -> Iterator[str]:
    known = {order.client_order_id for order in floor.exchange.orders()}
    for name, history in _histories(floor).items():
        if name not in known:
            yield f"{name} is no order of the exchange"
        if len({update.order_id for update in history}) != 1 or history[0].order_id <= 0:
            yield f"{name} has the ids {[u.order_id for u in history]}"
        for before, after in pairwise(history):
            if Decimal(after.executed_qty.value) < Decimal(before.executed_qty.value):
                yield f"{name} was executed less and less"
            if before.status not in OPEN and not after.HasField("last_trade"):
                yield f"{name} changed after its end: {before.status}, {after.status}"
    trades = Counter(
        update.last_trade.trade_id
        for update in floor.heard["orders"].messages
        if update.HasField("last_trade")
    )
    yield from (f"trade {trade} was told {n} times" for trade, n in trades.items() if n > 1)


def _placed(floor: Floor) -> Iterator[str]:
    placed = floor.exchange.orders_placed
    yield from floor.trader.defects
    yield from (f"{name} was placed {n} times" for name, n in placed.items() if n > 1)
    for name in floor.trader.answered:
        if name not in placed:
            yield f"{name} was answered with OK and isn't there"
    for name, told in floor.trader.refused.items():
        if name in placed and not told.startswith(UNKNOWN):
            yield f"{name} was refused with {told!r}, and is there"


def _account_behind(floor: Floor) -> Iterator[str]:
    sizes = {p.symbol: Decimal(p.size.value) for p in floor.heard["positions"].messages}
    if sizes.get(SYMBOL, Decimal()) != floor.size():
        yield f"position is {floor.size()}, and {sizes} was told"
    account = floor.heard["account"].messages[-1]
    if Decimal(account.total_wallet_balance.value) != floor.wallet():
        yield f"wallet is {floor.wallet()}, and {account.total_wallet_balance.value} was told"
    held = {p.symbol: Decimal(p.size.value) for p in account.positions}
    if held.get(SYMBOL, Decimal()) != floor.size():
        yield f"position is {floor.size()}, and the account holds {held}"
