"""One upstream subscription for any number of observers."""

import logging
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SerialDisposable, SingleAssignmentDisposable

from connector.operators.operator import Operator, ignore, the_scheduler

T = TypeVar("T")

_log = logging.getLogger(__name__)


def always(_: object) -> bool:
    """Say yes: every value may be replayed."""
    return True


def share_latest(
    linger: timedelta,
    replay: Callable[[T], bool] = always,
    on_released: Callable[[], None] = ignore,
) -> Operator[T, T]:
    """Share one subscription of the source; a newcomer gets the last value first, if `replay` says.

    Marble:     in -a-b-c-    1st ^------!    2nd ----^--!    out  -a-b-c- and ----bc-
    Guarantee:  each observer sees, in order and without a hole, all that came since its first
                item. The source is kept for `linger` after the last observer left, and a newcomer
                meanwhile finds it running. When the source ends all are told, nothing of it is
                kept, and the next observer starts anew. Observers may come and go during an
                emission. `on_released`: the source is let go or has ended, exactly once for each
                subscription and before the observers are told of an end.
    Errors:     the source's are told to all. An observer that raises is detached and gets its
                exception as its own error; neither siblings nor source notice. What `on_released`
                raises is logged. What `replay` raises is the newcomer's error.
    Units:      time, and the source's scheduler, from the subscriber that started it.
    """

    def apply(source: Observable[T]) -> Observable[T]:
        current: list[_Sharing[T]] = []

        def start(clock: SchedulerBase | None) -> _Sharing[T]:
            sharing: _Sharing[T] = _Sharing(clock, linger, lambda: release(sharing))
            current.append(sharing)
            return sharing

        def release(sharing: _Sharing[T]) -> None:
            current.remove(sharing)
            try:
                on_released()
            except Exception:
                _log.exception("what share_latest told of a release failed")

        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            if linger:
                the_scheduler(scheduler, "share_latest")
            if current:
                sharing = current[0]
                sharing.join(observer, replay)
            else:
                sharing = start(scheduler)
                sharing.observers = (observer,)
                sharing.upstream.disposable = source.subscribe(
                    sharing.on_next, sharing.on_error, sharing.on_completed, scheduler=scheduler
                )
            return Disposable(lambda: sharing.leave(observer))

        return Observable(subscribe)

    return apply


class _Sharing(Generic[T]):
    """One life of the shared subscription, from its first observer to its release."""

    def __init__(
        self,
        clock: SchedulerBase | None,
        linger: timedelta,
        release: Callable[[], None],
    ) -> None:
        self.observers: tuple[ObserverBase[T], ...] = ()
        self.upstream = SingleAssignmentDisposable()
        self._clock = clock
        self._linger = linger
        self._release = release
        self._timer = SerialDisposable()
        self._last: tuple[T] | None = None
        self._busy = False
        self._backlog: deque[T] = deque()  # only what is emitted from within an emission
        self._end: Callable[[ObserverBase[T]], None] | None = None
        self._over = False

    def join(self, observer: ObserverBase[T], replay: Callable[[T], bool]) -> None:
        self._timer.disposable = Disposable()
        self.observers += (observer,)
        if self._last is not None:
            self._hand_last(observer, self._last[0], replay)

    def _hand_last(self, observer: ObserverBase[T], last: T, replay: Callable[[T], bool]) -> None:
        try:
            if replay(last):
                observer.on_next(last)
        except Exception as error:
            self._eject(observer, error)

    def leave(self, observer: ObserverBase[T]) -> None:
        if observer not in self.observers:
            return
        self.observers = tuple(each for each in self.observers if each is not observer)
        if self.observers or self._over:
            return
        if self._linger and self._clock is not None:
            self._timer.disposable = self._clock.schedule_relative(self._linger, self._expire)
        else:
            self._expire()

    def _expire(self, _: SchedulerBase | None = None, __: object = None) -> None:
        if not self.observers:
            self._finish()

    def _finish(self) -> None:
        if self._over:
            return
        self._over = True
        self._last = None
        self._backlog.clear()
        self._timer.dispose()
        try:
            self.upstream.dispose()
        finally:
            self._release()

    def on_next(self, value: T) -> None:
        if self._busy:
            self._backlog.append(value)
            return
        self._busy = True
        try:
            self._deliver(value)
            while self._backlog:
                self._deliver(self._backlog.popleft())
        finally:
            self._busy = False
        if self._end is not None:
            self._tell_end(self._end)

    def _deliver(self, value: T) -> None:
        self._last = (value,)
        for observer in self.observers:
            try:
                observer.on_next(value)
            except Exception as error:
                self._eject(observer, error)

    def _eject(self, observer: ObserverBase[T], error: Exception) -> None:
        try:
            observer.on_error(error)
        except Exception:
            _log.exception("an observer failed on its own error")
        finally:
            self.leave(observer)

    def on_error(self, error: Exception) -> None:
        self._tell_end(lambda observer: observer.on_error(error))

    def on_completed(self) -> None:
        self._tell_end(lambda observer: observer.on_completed())

    def _tell_end(self, end: Callable[[ObserverBase[T]], None]) -> None:
        if self._busy:
            self._end = end
            return
        observers, self.observers = self.observers, ()
        self._finish()
        for observer in observers:
            try:
                end(observer)
            except Exception:
                _log.exception("an observer failed at the end of its stream")
