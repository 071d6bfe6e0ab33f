"""What is listened to and what is held, made equal with few calls."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import ccxt
import pytest

from connector.errors import Closing, ConnectorError, Transient, UnknownSymbol
from connector.exchange import channel as module
from connector.exchange.channel import Channel


class Upstream:
    """An exchange's side of a channel: what was called, and what it answers."""

    def __init__(self) -> None:
        self.watched: list[list[str]] = []
        self.unwatched: list[list[str]] = []
        self.keeps: BaseException | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.opened_s = 0.0
        self.answer: Callable[[Sequence[str]], None] = lambda _: None
        self.hung_up: list[Callable[[object], bool]] = []
        self.channel = Channel(
            "test",
            self.watch,
            self.unwatch,
            self.split,
            self.hung_up.append,
            batch=3,
            open_for=lambda _: self.opened_s,
        )

    async def watch(self, symbols: Sequence[str]) -> None:
        self.watched.append(list(symbols))
        self.answer(symbols)

    async def unwatch(self, symbols: Sequence[str]) -> None:
        self.unwatched.append(list(symbols))
        await self.answers.wait()
        if self.keeps:
            raise self.keeps

    def split(self, result: Any) -> Iterable[tuple[str, Any]]:
        return [result]

    async def until(self, met: Callable[[], bool]) -> None:
        async with asyncio.timeout(2):
            while not met():
                await asyncio.sleep(0)


@pytest.fixture
async def upstream(monkeypatch: pytest.MonkeyPatch, no_task_left: None) -> AsyncIterator[Upstream]:
    """Give a channel without pauses."""
    monkeypatch.setattr(module, "GATHER_S", 0)
    monkeypatch.setattr(module, "PACE_S", 0)
    up = Upstream()
    yield up
    await up.channel.close()


def _ignore(_: object) -> None:
    pass


async def test_symbols_asked_for_in_one_go_share_a_call(upstream: Upstream) -> None:
    for symbol in "abcd":
        upstream.channel.listen(symbol, _ignore, _ignore)

    await upstream.until(lambda: upstream.channel.held == frozenset("abcd"))
    await upstream.until(lambda: len(upstream.watched) == 2)
    assert upstream.watched == [["a", "b", "c"], ["d"]]


async def test_a_second_listener_of_a_symbol_needs_no_call(upstream: Upstream) -> None:
    heard: list[str] = []
    for _ in range(2):
        upstream.channel.listen("a", heard.append, _ignore)
    await upstream.until(lambda: bool(upstream.watched))

    upstream.channel.hear(("a", "item"))

    assert upstream.watched == [["a"]]
    assert heard == ["item", "item"]


async def test_the_last_to_leave_lets_go(upstream: Upstream) -> None:
    leaves = [upstream.channel.listen("a", _ignore, _ignore) for _ in range(2)]
    await upstream.until(lambda: bool(upstream.watched))

    leaves[0]()
    await asyncio.sleep(0)
    assert upstream.channel.held == {"a"}
    leaves[1]()
    leaves[1]()

    await upstream.until(lambda: bool(upstream.unwatched))
    assert upstream.unwatched == [["a"]]
    assert not upstream.channel.held


async def test_a_failed_call_is_told_to_each_listener_once(upstream: Upstream) -> None:
    errors: list[ConnectorError] = []
    upstream.answer = lambda _: (_ for _ in ()).throw(ccxt.NetworkError("gone"))
    for symbol in "ab":
        upstream.channel.listen(symbol, _ignore, errors.append)

    await upstream.until(lambda: len(errors) == 2)

    assert all(isinstance(error, Transient) for error in errors)
    assert not upstream.channel.held


async def test_one_refused_symbol_does_not_take_the_others_along(upstream: Upstream) -> None:
    errors: dict[str, ConnectorError] = {}

    def refuse_b(symbols: Sequence[str]) -> None:
        if "b" in symbols:
            raise ccxt.BadSymbol("b is no market")

    upstream.answer = refuse_b
    for symbol in "abc":
        upstream.channel.listen(
            symbol, _ignore, lambda error, symbol=symbol: errors.update({symbol: error})
        )

    await upstream.until(lambda: bool(errors) and upstream.channel.held == frozenset("ac"))

    assert list(errors) == ["b"]
    assert isinstance(errors["b"], UnknownSymbol)


async def test_a_refusal_for_the_exchanges_own_reasons_is_to_be_tried_again(
    upstream: Upstream,
) -> None:
    errors: list[ConnectorError] = []
    upstream.answer = lambda _: (_ for _ in ()).throw(ccxt.ExchangeError("not now"))
    upstream.channel.listen("a", _ignore, errors.append)

    await upstream.until(lambda: bool(errors))

    assert isinstance(errors[0], Transient)


async def test_a_listener_told_of_an_error_may_listen_again_at_once(upstream: Upstream) -> None:
    fails = [ccxt.NetworkError("gone")]
    upstream.answer = lambda _: (_ for _ in ()).throw(fails.pop()) if fails else None
    heard: list[str] = []
    upstream.channel.listen(
        "a", _ignore, lambda _: upstream.channel.listen("a", heard.append, _ignore) and None
    )

    await upstream.until(lambda: len(upstream.watched) == 2)
    upstream.channel.hear(("a", "item"))

    assert heard == ["item"]


async def test_a_socket_that_does_not_let_go_is_hung_up(upstream: Upstream) -> None:
    upstream.keeps = ccxt.RequestTimeout("no answer to UNSUBSCRIBE")
    leave = upstream.channel.listen("a", _ignore, _ignore)
    await upstream.until(lambda: bool(upstream.watched))

    leave()
    await upstream.until(lambda: bool(upstream.hung_up))

    assert not upstream.channel.held
    assert not upstream.hung_up[0](object())


async def test_a_closed_channel_refuses_listeners(upstream: Upstream) -> None:
    await upstream.channel.close()

    with pytest.raises(Closing):
        upstream.channel.listen("a", _ignore, _ignore)


@pytest.mark.parametrize(
    "error", [ccxt.BadResponse("?"), ccxt.BadRequest("?"), ccxt.ExchangeClosedByUser("?")]
)
async def test_whatever_a_socket_dies_of_is_to_be_tried_again(
    upstream: Upstream, error: Exception
) -> None:
    errors: list[ConnectorError] = []
    upstream.answer = lambda _: (_ for _ in ()).throw(error)
    upstream.channel.listen("a", _ignore, errors.append)

    await upstream.until(lambda: bool(errors))

    assert isinstance(errors[0], Transient)


async def test_a_stale_symbol_is_let_go_and_subscribed_anew(upstream: Upstream) -> None:
    heard: list[str] = []
    for symbol in "ab":
        upstream.channel.listen(symbol, heard.append, _ignore)
    await upstream.until(lambda: bool(upstream.watched))

    assert upstream.channel.renew("a")

    await upstream.until(lambda: len(upstream.watched) == 2)
    assert upstream.unwatched == [["a"]]
    assert upstream.watched == [["a", "b"], ["a"]]
    upstream.channel.hear(("a", "item"))
    assert heard == ["item"]
    assert not upstream.hung_up


async def test_what_is_not_held_is_not_renewed(upstream: Upstream) -> None:
    assert not upstream.channel.renew("a")


async def test_a_stale_symbol_that_was_lost_meanwhile_is_not_let_go_again(
    upstream: Upstream,
) -> None:
    upstream.answer = lambda _: (_ for _ in ()).throw(ccxt.NetworkError("gone"))
    errors: list[ConnectorError] = []
    upstream.channel.listen("a", _ignore, errors.append)
    await upstream.until(lambda: "a" in upstream.channel.held)
    upstream.channel.renew("a")
    await upstream.until(lambda: bool(errors) or bool(upstream.unwatched))
    upstream.answer = lambda _: None

    upstream.channel.listen("a", _ignore, errors.append)
    await upstream.until(lambda: "a" in upstream.channel.held)
    before = len(upstream.unwatched)
    for _ in range(20):
        await asyncio.sleep(0)

    assert upstream.channel.held == {"a"}
    assert len(upstream.unwatched) == before


async def test_a_stale_symbol_of_a_dead_websocket_holds_nobody_up(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW_S", 0.01)
    upstream.answers.clear()
    upstream.channel.listen("a", _ignore, _ignore)
    await upstream.until(lambda: bool(upstream.watched))

    upstream.channel.renew("a")

    await upstream.until(lambda: len(upstream.watched) == 2)
    assert len(upstream.hung_up) == 1


async def test_a_websocket_closed_while_a_symbol_is_let_go_ends_no_reconciling(
    upstream: Upstream,
) -> None:
    upstream.keeps = asyncio.CancelledError()
    upstream.channel.listen("a", _ignore, _ignore)
    await upstream.until(lambda: bool(upstream.watched))

    upstream.channel.renew("a")

    await upstream.until(lambda: len(upstream.watched) == 2)


async def test_a_symbol_is_settled_when_its_call_and_its_websocket_are_old_enough(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not upstream.channel.settled("a")
    upstream.channel.listen("a", _ignore, _ignore)
    await upstream.until(lambda: bool(upstream.watched))
    assert not upstream.channel.settled("a")

    monkeypatch.setattr(module, "SETTLED_S", 0)
    assert upstream.channel.settled("a")
    monkeypatch.setattr(module, "SETTLED_S", 1e-9)
    assert not upstream.channel.settled("a")
    upstream.opened_s = 1
    assert upstream.channel.settled("a")


async def test_where_ccxt_cannot_unsubscribe_the_websocket_is_opened_anew_but_rarely(
    no_task_left: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 0)
    monkeypatch.setattr(module, "PACE_S", 0)
    up = Upstream()
    up.channel = Channel(
        "test", up.watch, up.unwatch, up.split, up.hung_up.append, batch=3, unwatches=False
    )
    for symbol in "ab":
        up.channel.listen(symbol, _ignore, _ignore)
    await up.until(lambda: bool(up.watched))

    assert up.channel.renew("a")
    assert up.channel.renew("b"), "it goes along"

    await up.until(lambda: bool(up.hung_up))
    await up.until(lambda: len(up.watched) == 2)
    assert not up.channel.renew("a")
    assert len(up.hung_up) == 1
    await up.channel.close()
