"""What an operator is, and what it may ask of its subscriber."""

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from reactivex import Observable
from reactivex.abc import SchedulerBase

A = TypeVar("A")
B = TypeVar("B")

Operator: TypeAlias = Callable[[Observable[A]], Observable[B]]
"""Observable in, Observable out: a stage of a pipe."""


class SchedulerMissing(RuntimeError):
    """An operator that waits was subscribed without a scheduler: a bug of the subscriber."""


def the_scheduler(given: SchedulerBase | None, stage: str) -> SchedulerBase:
    """Give the scheduler of a subscription, or refuse.

    reactivex would fall back to a thread for each timer; here all time is one event loop's.

    Errors:  SchedulerMissing when none was given at subscribe.
    """
    if given is None:
        raise SchedulerMissing(
            f"{stage} waits: subscribe(..., scheduler=...) must give it a scheduler"
        )
    return given


def ignore(*_: object) -> None:
    """Do nothing: the callback of those who don't ask."""
