"""A callback registration becoming an Observable: cold, one registration for each subscription."""

from collections.abc import Callable
from typing import TypeVar

import reactivex
from reactivex import Observable, abc
from reactivex.disposable import Disposable

from connector.errors import ConnectorError

T = TypeVar("T")

Listen = Callable[[Callable[[T], None], Callable[[ConnectorError], None]], Callable[[], None]]
"""Register `on_item` and `on_error`; the answer takes the registration back."""


def listening(listen: Listen[T]) -> Observable[T]:
    """Emit what a registration hears, synchronously, until disposed.

    Errors:  those that the registration tells, and those that registering raises.
    """

    def subscribe(
        observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        try:
            leave = listen(observer.on_next, observer.on_error)
        except ConnectorError as error:
            observer.on_error(error)
            return Disposable()
        return Disposable(leave)

    return reactivex.create(subscribe)
