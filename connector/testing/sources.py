"""Virtual time, and sources that play a diagram in it and note who subscribed."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar, cast

from reactivex import Observable, typing
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import CompositeDisposable, Disposable
from reactivex.testing import TestScheduler

from connector.testing.timeline import Event

T = TypeVar("T", covariant=True)

_ACTIONS = 100_000
_EPOCH = datetime.fromtimestamp(0, UTC)


class Clock(TestScheduler):
    """Virtual time that ends when nothing is planned any more.

    `strays_us` are the instants at which a timer fired although every observer had gone: timers
    that an operator forgot.
    """

    def __init__(self) -> None:
        super().__init__(0.0)
        self.strays_us: list[int] = []
        self.observers = 0

    @property
    def now_us(self) -> int:
        """The virtual instant in microseconds."""
        return round((self.now - _EPOCH).total_seconds() * 1_000_000)

    def plan(self, at_us: int, action: Callable[[], None]) -> DisposableBase:
        """Plan what belongs to the play and not to an operator."""

        def act(_: SchedulerBase, __: object = None) -> None:
            action()

        return super().schedule_absolute(at_us / 1_000_000, act)

    def schedule_absolute(
        self,
        duetime: typing.AbsoluteTime,
        action: typing.ScheduledAction[object],
        state: object = None,
    ) -> DisposableBase:
        """Plan an operator's timer."""

        def act(scheduler: SchedulerBase, given: object = None) -> DisposableBase | None:
            if self.observers == 0:
                self.strays_us.append(self.now_us)
            return action(scheduler, given)

        return super().schedule_absolute(duetime, act, state)

    def drain(self) -> None:
        """Let time pass until nothing is planned.

        TestScheduler.start would move the clock on by a second after 100 actions in one instant.

        Errors:  AssertionError when there is no end to it.
        """
        for _ in range(_ACTIONS):
            if not self._queue:
                return
            item = self._queue.dequeue()
            if item.duetime > self.now:
                self._clock = self.to_seconds(item.duetime)
            if not item.is_cancelled():
                item.invoke()
        raise AssertionError(
            f"still busy after {_ACTIONS} actions, at {self.now_us / 1_000_000:g}s: "
            "end the subscription with a `!`"
        )


class Source(Observable[T]):
    """A played diagram that notes the instants of each subscription and its end."""

    def __init__(self, clock: Clock, events: Sequence[Event]) -> None:
        super().__init__()
        self.lives_us: list[tuple[int, int | None]] = []
        self._time = clock
        self._events = events

    def _subscribe_core(
        self, observer: ObserverBase[T], scheduler: SchedulerBase | None = None
    ) -> DisposableBase:
        index = len(self.lives_us)
        self.lives_us.append((self._time.now_us, None))

        def end() -> None:
            self.lives_us[index] = (self.lives_us[index][0], self._time.now_us)

        return CompositeDisposable(self._play(observer), Disposable(end))

    def _play(self, observer: ObserverBase[T]) -> DisposableBase:
        raise NotImplementedError


class Cold(Source[T]):
    """Plays its diagram anew for each subscriber, from the frame of the subscription."""

    def _play(self, observer: ObserverBase[T]) -> DisposableBase:
        return play(self._time, self._events, observer)


class InTurn(Source[T]):
    """Plays its first diagram for the first subscriber, and so on; the last for all that follow."""

    def __init__(self, clock: Clock, turns: Sequence[Sequence[Event]]) -> None:
        super().__init__(clock, ())
        self._turns = turns

    def _play(self, observer: ObserverBase[T]) -> DisposableBase:
        turn = min(len(self.lives_us), len(self._turns)) - 1
        return play(self._time, self._turns[turn], observer)


class Hot(Source[T]):
    """Plays its diagram once, from frame 0, to whoever is there; who comes late is told the end."""

    def __init__(self, clock: Clock, events: Sequence[Event]) -> None:
        super().__init__(clock, events)
        self._observers: list[ObserverBase[T]] = []
        self._end: Event | None = None

    def start(self) -> None:
        """Plan what happens from frame 0 on."""
        for event in self._events:
            if event.at_us >= 0:
                self._time.plan(event.at_us, lambda event=event: self._tell(event))
            elif event.kind != "next":
                self._end = event

    def _tell(self, event: Event) -> None:
        if event.kind != "next":
            self._end = event
        for observer in [*self._observers]:
            tell(observer, event)

    def _play(self, observer: ObserverBase[T]) -> DisposableBase:
        if self._end is not None:
            tell(observer, self._end)
            return Disposable()
        self._observers.append(observer)
        return Disposable(lambda: self._observers.remove(observer))


def play(clock: Clock, events: Sequence[Event], observer: ObserverBase[T]) -> DisposableBase:
    """Plan events for one observer, counted from now."""
    return CompositeDisposable(
        [
            clock.plan(clock.now_us + event.at_us, lambda event=event: tell(observer, event))
            for event in events
        ]
    )


def tell(observer: ObserverBase[T], event: Event) -> None:
    """Tell an observer of an event."""
    if event.kind == "next":
        observer.on_next(cast("T", event.payload))
    elif isinstance(event.payload, Exception):
        observer.on_error(event.payload)
    else:
        observer.on_completed()
