"""Laws of the ledger: whatever is doubled, late or the wrong way round, the stream tells the truth.

A story is what the exchange did to an order; a hearing is how it came: order states and trades
doubled, shuffled within limits, some states missing, told early by answers, now and then overdue.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.operators import Ledger
from connector.operators.order_truth import goes_beyond
from connector.trading import Order, OrderStatus, Trade
from tests.marbles.orders import order, trade

START = datetime(2025, 1, 1, tzinfo=UTC)
TENTH = Decimal("0.1")
OVERDUE = "overdue"


@dataclass(frozen=True)
class Story:
    """One order's states and trades, oldest first; the last state is the truth."""

    states: list[Order]
    trades: list[Trade]


@st.composite
def stories(draw: st.DrawFn, number: str) -> Story:
    quantity = draw(st.integers(1, 10))
    at_ms, executed = 1_000, 0
    states = [order("new", at_ms=at_ms, number=number, quantity=str(quantity * TENTH))]
    trades: list[Trade] = []
    while executed < quantity and draw(st.integers(0, 5)):
        at_ms += draw(st.integers(0, 2))  # an exchange fills twice within a millisecond
        fill = draw(st.integers(1, quantity - executed))
        executed += fill
        status = "filled" if executed == quantity else "part"
        trades.append(trade(f"{number}-{len(trades)}", str(fill * TENTH), at_ms, number))
        states.append(_state(status, executed, at_ms, number, quantity))
    end = draw(st.sampled_from(["", "canceled", "expired", "rejected"]))
    if executed < quantity and end:
        states.append(_state(end, executed, at_ms + 1, number, quantity))
    return Story(states, trades)


def _state(status: str, executed: int, at_ms: int, number: str, quantity: int) -> Order:
    total = str(quantity * TENTH)
    return order(status, str(executed * TENTH), at_ms, number=number, quantity=total)


@st.composite
def hearings(draw: st.DrawFn, story: Story, complete: bool) -> list[Order | Trade | str]:
    """Let a story be heard: each thing at least once, at most `late` places off."""
    late = draw(st.sampled_from([0, 1, 3, 20]))
    happened: list[Order | Trade] = sorted(
        [*story.states, *story.trades],
        key=lambda each: each.timestamp_ms if isinstance(each, Trade) else each.update_time_ms,
    )
    placed: list[tuple[float, Order | Trade | str]] = []
    for place, each in enumerate(happened):
        missing = not complete and each is not story.states[-1] and draw(st.integers(0, 3)) == 0
        if isinstance(each, Trade) or not missing:
            for _ in range(draw(st.integers(1, 2))):
                placed.append((place + draw(st.floats(-late, late)), each))
    for _ in range(draw(st.integers(0, 3))):
        placed.append((draw(st.floats(0, len(happened))), OVERDUE))
    return [each for _, each in sorted(placed, key=lambda pair: pair[0])]


@st.composite
def worlds(draw: st.DrawFn, complete: bool) -> tuple[list[Story], list[Order | Trade | str]]:
    told = [draw(stories(str(number))) for number in range(draw(st.integers(1, 3)))]
    heard = [iter(draw(hearings(story, complete))) for story in told]
    mixed: list[Order | Trade | str] = []
    while heard:
        source = draw(st.sampled_from(heard))
        item = next(source, None)
        if item is None:
            heard.remove(source)
        else:
            mixed.append(item)
    return told, mixed


def hear(ledger: Ledger, heard: list[Order | Trade | str]) -> Iterator[Order]:
    now = START
    for each in heard:
        now += timedelta(milliseconds=1)
        if isinstance(each, str):
            yield from ledger.overdue(now)
        else:
            yield from ledger.apply(each, now)
    yield from ledger.overdue(now)


def updates_by_order(ledger: Ledger, heard: list[Order | Trade | str]) -> dict[str, list[Order]]:
    updates: dict[str, list[Order]] = {}
    for update in hear(ledger, heard):
        updates.setdefault(update.exchange_order_id, []).append(update)
    return updates


def _is_end_of(update: Order, truth: Order) -> bool:
    statuses = {truth.status}
    if truth.status in (OrderStatus.EXPIRED, OrderStatus.REJECTED):
        statuses = {OrderStatus.CANCELED}
    same = Decimal(update.executed_qty) == Decimal(truth.executed_qty)
    return same and update.status in statuses


@settings(max_examples=400)
@given(st.booleans().flatmap(worlds))
def test_whatever_the_hearing_the_stream_tells_the_truth(
    world: tuple[list[Story], list[Order | Trade | str]],
) -> None:
    told, heard = world
    ledger = Ledger()
    updates = updates_by_order(ledger, heard)
    for story in told:
        truth = story.states[-1]
        mine = updates[truth.exchange_order_id]
        executed = [Decimal(each.executed_qty) for each in mine]
        assert executed == sorted(executed), "an executed quantity fell"
        times = [each.update_time_ms for each in mine]
        assert times == sorted(times), "time went backwards"
        ids = [each.last_trade.trade_id for each in mine if each.last_trade is not None]
        assert sorted(ids) == sorted(each.trade_id for each in story.trades)
        assert _is_end_of(mine[-1], truth), "the last word is not the truth"
        _assert_one_end(mine)
    assert ledger.waiting_since is None
    assert sorted(each.exchange_order_id for each in ledger.open_orders()) == sorted(
        story.states[-1].exchange_order_id
        for story in told
        if not story.states[-1].status.is_terminal
    )


def _assert_one_end(updates: list[Order]) -> None:
    """After the end there is a killed order's CANCELED, a late trade, or a late fill."""
    for before, after in pairwise(updates):
        if not before.status.is_terminal:
            continue
        assert after.status.is_terminal, "an order was opened again"
        is_killed = before.status in (OrderStatus.EXPIRED, OrderStatus.REJECTED)
        is_late = after.last_trade is not None or goes_beyond(after, before)
        assert is_late or (is_killed and after.status is OrderStatus.CANCELED)
        assert after.status in (before.status, OrderStatus.FILLED, OrderStatus.CANCELED)


@settings(max_examples=200)
@given(worlds(True))
def test_hearing_all_of_it_again_tells_nothing(
    world: tuple[list[Story], list[Order | Trade | str]],
) -> None:
    _, heard = world
    ledger = Ledger()
    list(hear(ledger, heard))
    assert list(hear(ledger, heard)) == []


@settings(max_examples=200)
@given(stories("1"), st.booleans())
def test_in_order_every_fill_is_told_exactly(story: Story, trade_first: bool) -> None:
    ledger = Ledger()
    by_sum: dict[Decimal, Trade] = {}
    total = Decimal(0)
    for each in story.trades:
        total += Decimal(each.quantity)
        by_sum[total] = each
    updates: list[Order] = []
    for state in story.states:
        made_by = by_sum.get(Decimal(state.executed_qty))
        both: list[Order | Trade] = [made_by, state] if made_by is not None else [state]
        for heard in both if trade_first else reversed(both):
            updates += ledger.apply(heard, START)
    for update in updates:
        if update.last_trade is not None:
            assert by_sum[Decimal(update.executed_qty)] == update.last_trade
    killed = story.states[-1].status in (OrderStatus.EXPIRED, OrderStatus.REJECTED)
    assert len(updates) == len(story.states) + killed


@settings(max_examples=200)
@given(stories("1"), st.data())
def test_answers_keep_nothing_from_the_stream(story: Story, data: st.DataObject) -> None:
    quiet, informed = Ledger(), Ledger()
    expected: list[Order] = []
    seen: list[Order] = []
    items: list[Order | Trade] = sorted(
        [*story.trades, *story.states],
        key=lambda each: each.timestamp_ms if isinstance(each, Trade) else each.update_time_ms,
    )
    for item in items:
        if data.draw(st.booleans()):
            informed.note_placed(data.draw(st.sampled_from(story.states)))
        expected += quiet.apply(item, START)
        seen += informed.apply(item, START)
    assert seen == expected
