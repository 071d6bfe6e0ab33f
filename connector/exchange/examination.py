"""What an operator wants to know of an exchange before trading on it, asked once."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from connector.exchange.account import AccountData
from connector.exchange.session import Session
from connector.trading import KeyPermissions

ROUNDS = 10


@dataclass(frozen=True)
class Pace:
    """How far away the exchange is, in ms.

    `clock_ahead_ms`: our clock less the exchange's, by the quickest answer; None where it has no
    question for the time, so that a ticker was asked for instead.
    """

    median_ms: float
    clock_ahead_ms: float | None
    rounds: int = ROUNDS


class Examination:
    """Questions to one session that is open. Errors: ours, as from any question."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._account = AccountData(session)

    @property
    def served(self) -> list[str]:
        """The symbols that are served, in canonical spelling."""
        return self._session.symbols.all()

    def resolve(self, symbol: str) -> str:
        """Find a symbol. Errors: UnknownSymbol, with near misses named."""
        return self._session.symbols.resolve(symbol)

    async def pace(self) -> Pace:
        """Ask ten times, one after the other."""
        ccxt = self._session.ccxt
        first = self._session.symbols.resolve(self.served[0])
        tells_time = self._session.offers("fetchTime")
        question: Callable[[], Awaitable[Any]] = (
            ccxt.fetch_time if tells_time else lambda: ccxt.fetch_ticker(first)
        )
        rounds: list[tuple[float, float]] = []
        for _ in range(ROUNDS):
            began, began_ms = time.perf_counter(), time.time() * 1000
            told = await self._session.ask("the time", question)
            took_ms = (time.perf_counter() - began) * 1000
            exchange_ms = float(told) if tells_time else began_ms
            rounds.append((took_ms, began_ms + took_ms / 2 - exchange_ms))
        ahead = min(rounds)[1] if tells_time else None
        return Pace(median(took for took, _ in rounds), ahead)

    async def assets(self) -> int:
        """Count the assets that the account holds. Errors: Denied when the key may not read."""
        balances = await self._account.balances()
        return sum(bool(each.total.strip("-0.")) for each in balances.values())

    async def permissions(self) -> KeyPermissions | None:
        """Ask what the key may do; None where the exchange has no such question."""
        asks = self._session.way.key_permissions
        if asks is None:
            return None
        method, read = asks
        return read(await self._session.ask("key permissions", getattr(self._session.ccxt, method)))

    async def check_position_mode(self) -> None:
        """Errors:  HedgeMode, with what to do about it."""
        await self._account.validate()
