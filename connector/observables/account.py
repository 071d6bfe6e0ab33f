"""The account's balances and positions: streamed where the exchange can, silent where not."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import reactivex
from reactivex import Observable

from connector.errors import ExchangeRefused, Malformed, Transient
from connector.exchange.account import AccountData
from connector.exchange.account_events import AccountEvents
from connector.exchange.parse_account import Wallets
from connector.observables.asked import asked
from connector.observables.listening import listening
from connector.trading import Position

T = TypeVar("T")


def balance_news(events: AccountEvents) -> Observable[None]:
    """Emit when balances changed, and when the websocket that tells it has opened.

    Never emits where the exchange streams no balances. Errors: Transient, Denied.
    """
    if not events.tells_balances:
        return reactivex.never()
    return reactivex.merge(listening(events.listen_balances), asked(events.balances_opened))


def positions_told(events: AccountEvents) -> Observable[Position | None]:
    """Emit each position that a frame tells, and None when the websocket has opened.

    Never emits where the exchange streams no positions. Errors: Transient, Denied.
    """
    if not events.tells_positions:
        return reactivex.never()
    streamed: Observable[Position | None] = listening(events.listen_positions)
    opened: Observable[Position | None] = asked(events.positions_opened)
    return reactivex.merge(streamed, opened)


def asked_wallets(account: AccountData) -> Observable[Wallets]:
    """Ask once for balances. Errors: Transient, Denied, Unsupported."""
    return asked(lambda: _to_be_asked_again(account.wallets))


def asked_positions(account: AccountData) -> Observable[tuple[Position, ...]]:
    """Ask once for all open positions. Errors: Transient, Denied, Unsupported."""

    async def question() -> tuple[Position, ...]:
        return tuple(await account.positions())

    return asked(lambda: _to_be_asked_again(question))


async def _to_be_asked_again(question: Callable[[], Awaitable[T]]) -> T:
    """Take an answer that nobody understands, or a refusal without a reason, for a passing one."""
    try:
        return await question()
    except (Malformed, ExchangeRefused) as error:
        raise Transient(str(error)) from error
