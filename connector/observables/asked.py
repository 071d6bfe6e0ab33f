"""A question to the exchange becoming an Observable: asked once for each subscription."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TypeVar

import reactivex
from reactivex import Observable, abc
from reactivex.disposable import Disposable

T = TypeVar("T")


def asked(question: Callable[[], Coroutine[object, None, T]]) -> Observable[T]:
    """Emit the answer and complete; disposing cancels the question.

    Errors:  what the question raises.
    """

    def subscribe(
        observer: abc.ObserverBase[T], scheduler: abc.SchedulerBase | None = None
    ) -> abc.DisposableBase:
        def answered(task: asyncio.Task[T]) -> None:
            if task.cancelled():
                return
            error = task.exception()
            if isinstance(error, Exception):
                observer.on_error(error)
            elif error is None:
                observer.on_next(task.result())
                observer.on_completed()

        task = asyncio.get_running_loop().create_task(question())
        task.add_done_callback(answered)

        def cancel() -> None:
            task.cancel()

        return Disposable(cancel)

    return reactivex.create(subscribe)
