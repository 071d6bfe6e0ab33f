"""When faults strike and when they end."""

import asyncio
from collections.abc import Callable

from connector.simulator.chaos.registry import Plan, planned
from connector.simulator.chaos.strikes import STRIKES, End, Struck

_ENDLESS = 1 << 62


class Begun:
    """A fault that was asked for and is not over: it waits, strikes, lasts, strikes again."""

    def __init__(self, number: int, plan: Plan, struck: Struck, on_over: Callable[[], None]):
        self.number, self.plan = number, plan
        self.strikes = 0
        """How often it has struck."""
        self._struck, self._on_over = struck, on_over
        self._end: End | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.is_over = False
        values = plan.values
        usual = _ENDLESS if "every" in values else 1
        self._left = int(values.get("times", usual))
        after = float(values.get("after", values.get("every", 0.0)))
        if after:
            self._later("strike", after, self._strike)
        else:
            self._strike()

    def _strike(self) -> None:
        values = self.plan.values
        self._cease()
        self.strikes += 1
        self._left -= 1
        self._end = STRIKES[self.plan.fault.name](self._struck, values)
        lasting = values.get("for", values.get("refuse"))
        if lasting is not None:
            self._later("cease", float(lasting), self._cease)
        if self._left:
            self._later("strike", float(values["every"]), self._strike)
        elif self._end is None:
            self._finish()

    def _cease(self) -> None:
        end, self._end = self._end, None
        if end is None:
            return
        end()
        if not self._left:
            self._finish()

    def _finish(self) -> None:
        self.is_over = True
        self._on_over()

    def end(self) -> None:
        """Strike no more, and undo what lasts."""
        for timer in self._timers.values():
            timer.cancel()
        self._left = 0
        self._cease()

    def _later(self, what: str, seconds: float, step: Callable[[], None]) -> None:
        self._timers[what] = asyncio.get_running_loop().call_later(seconds, step)


class Chaos:
    """The faults of an exchange that were asked for."""

    def __init__(self, struck: Struck, dialect: str) -> None:
        self._struck, self._dialect = struck, dialect
        self._begun: dict[int, Begun] = {}
        self._number = 0

    @property
    def begun(self) -> list[Begun]:
        """Those that are not over, oldest first."""
        return list(self._begun.values())

    def begin(self, text: str) -> Begun:
        """Let a fault strike, at once unless it says otherwise.

        Errors:  ValueError that says what is allowed.
        """
        plan = planned(text, self._dialect)
        self._struck.check(plan.fault.name, plan.values)
        self._number += 1
        number = self._number
        begun = Begun(number, plan, self._struck, lambda: self._over(number))
        if not begun.is_over:
            self._begun[number] = begun
        return begun

    def end(self, number: int) -> None:
        """End one; KeyError if there is none of this number."""
        self._begun.pop(number).end()

    def end_all(self) -> None:
        """End every one."""
        for number in list(self._begun):
            self.end(number)

    def _over(self, number: int) -> None:
        self._begun.pop(number, None)
