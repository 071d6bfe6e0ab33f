"""The end of a stream, however it comes."""

import logging
from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SingleAssignmentDisposable

from connector.operators.operator import Operator

T = TypeVar("T")

_log = logging.getLogger(__name__)


def until_disposed(closing: Observable[object], finalise: Callable[[], None]) -> Operator[T, T]:
    """Mirror the source until `closing` emits, then complete; call `finalise` however it ended.

    Marble:     in  -a-b-c-|    closing  ----x    out  -a-b|    finalise  ----!
    Guarantee:  `finalise` is called exactly once for each subscription: after the last word
                downstream and after source and `closing` are let go. `closing` is heard before
                the source is subscribed; its mere completion closes nothing.
    Errors:     the source's and `closing`'s pass through; what `finalise` raises is logged, as
                there is no one left to tell and the rest of the teardown must go on.
    """

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            upstream = SingleAssignmentDisposable()
            closer = SingleAssignmentDisposable()
            ended = False

            def end() -> None:
                nonlocal ended
                if ended:
                    return
                ended = True
                try:
                    closer.dispose()
                    upstream.dispose()
                finally:
                    _run(finalise)

            def complete(_: object = None) -> None:
                try:
                    observer.on_completed()
                finally:
                    end()

            def fail(error: Exception) -> None:
                try:
                    observer.on_error(error)
                finally:
                    end()

            try:
                closer.disposable = closing.subscribe(complete, fail, scheduler=scheduler)
                if not ended:
                    upstream.disposable = source.subscribe(
                        observer.on_next, fail, complete, scheduler=scheduler
                    )
            except BaseException:
                end()
                raise
            return Disposable(end)

        return Observable(subscribe)

    return apply


def _run(finalise: Callable[[], None]) -> None:
    try:
        finalise()
    except Exception:
        _log.exception("finalising a stream failed")
