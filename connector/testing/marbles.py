"""Streams drawn as text, played in virtual time."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Generic, TypeVar, overload

from reactivex import Observable
from reactivex.disposable import SerialDisposable

from connector.testing.diagrams import MICROSECOND, Life, Mark, stream_marks, subscription
from connector.testing.sources import Clock, Cold, Hot, InTurn, Source
from connector.testing.timeline import Event, Lives, Timeline

T = TypeVar("T")
U = TypeVar("U")


class Boom(Exception):
    """What `#` stands for where no other error is given."""


class Marbles(Generic[T]):
    """One play: sources and expectations drawn as diagrams, run once in virtual time.

    | in a diagram | means |
    |---|---|
    | `-` | a tick passes |
    | `a`, `B`, `7` | a value: that of `values`, or the character itself; takes a tick |
    | <code>&#124;</code> | completion |
    | `#` | the error |
    | `(ab)` | all at the instant of `(`; takes as many ticks as it has characters (here 4) |
    | ` 9.8s ` | that time passes (`ms`, `s`, `m`; between spaces) |
    | space | nothing: use it to align |
    | `^` | hot: frame 0, what stands before it is past; subscription: begins |
    | `!` | subscription: ends |

    ```python
    m = Marbles()
    source = m.hot("-a-b-c-|")
    until = "       ----!   "
    assert m.run(source.pipe(OPERATOR), until) == m.expected("-a-b")
    assert m.lives(source) == ["^---!"]
    assert m.strays == []
    ```

    Guarantee:  the scheduler is given at subscribe, so what waits waits in virtual time. In one
                frame subscriptions change first, then hot sources speak, then timers and cold
                sources in the order of their planning. Errors are equal by identity, or by type
                and arguments.
    Errors:     MalformedDiagram, pointing at the place; ValueError for a letter without a value;
                RuntimeError when run a second time; what an observer raises climbs.
    Units:      `tick` is what one character means; instants in frames from the start.
    """

    @overload
    def __init__(
        self: "Marbles[str]",
        values: None = None,
        *,
        tick: timedelta = ...,
        error: Exception | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self, values: Mapping[str, T], *, tick: timedelta = ..., error: Exception | None = None
    ) -> None: ...

    def __init__(
        self,
        values: Mapping[str, T] | None = None,
        *,
        tick: timedelta = timedelta(milliseconds=1),
        error: Exception | None = None,
    ) -> None:
        if tick < MICROSECOND:
            raise ValueError(f"a tick is a microsecond at least, not {tick}")
        self.scheduler = Clock()
        self.error = error or Boom()
        self._values = values
        self._tick_us = tick // MICROSECOND
        self._hot: list[Hot[T]] = []
        self._is_over = False

    @overload
    def hot(self, diagram: str, *, error: Exception | None = None) -> Hot[T]: ...

    @overload
    def hot(
        self, diagram: str, values: Mapping[str, U], *, error: Exception | None = None
    ) -> Hot[U]: ...

    def hot(
        self,
        diagram: str,
        values: Mapping[str, U] | None = None,
        *,
        error: Exception | None = None,
    ) -> Hot[T] | Hot[U]:
        """Draw a source that plays once, whoever listens; its frame 0 is at `^` or at the left."""
        self._refuse_when_over()
        marks = stream_marks(diagram, self._tick_us, hot=True)
        source: Hot[T] = Hot(self.scheduler, self._events(diagram, marks, values, error))
        self._hot.append(source)
        return source

    @overload
    def cold(self, diagram: str, *, error: Exception | None = None) -> Cold[T]: ...

    @overload
    def cold(
        self, diagram: str, values: Mapping[str, U], *, error: Exception | None = None
    ) -> Cold[U]: ...

    def cold(
        self,
        diagram: str,
        values: Mapping[str, U] | None = None,
        *,
        error: Exception | None = None,
    ) -> Cold[T] | Cold[U]:
        """Draw a source that plays anew for each subscriber, from its subscription on."""
        marks = stream_marks(diagram, self._tick_us)
        return Cold(self.scheduler, self._events(diagram, marks, values, error))

    def in_turn(self, *diagrams: str, error: Exception | None = None) -> InTurn[T]:
        """Draw a cold source whose first subscriber gets the first diagram, and so on."""
        return InTurn(
            self.scheduler,
            [
                self._events(each, stream_marks(each, self._tick_us), None, error)
                for each in diagrams
            ],
        )

    @overload
    def expected(self, diagram: str, *, error: Exception | None = None) -> Timeline: ...

    @overload
    def expected(
        self, diagram: str, values: Mapping[str, object], *, error: Exception | None = None
    ) -> Timeline: ...

    def expected(
        self,
        diagram: str,
        values: Mapping[str, object] | None = None,
        *,
        error: Exception | None = None,
    ) -> Timeline:
        """Draw what should be seen; frames count from the start of the run."""
        events = self._events(diagram, stream_marks(diagram, self._tick_us), values, error)
        return Timeline(events, values or self._values or {}, self._tick_us, "expected")

    def run(self, stream: Observable[object], during: str = "^") -> Timeline:
        """Play everything, subscribe as drawn (without `^`: in frame 0), and give what was seen."""
        return self.run_together((stream, during))[0]

    def run_together(
        self, *wanted: Observable[object] | tuple[Observable[object], str]
    ) -> list[Timeline]:
        """Play everything with several subscribers, each as drawn, and give what each saw."""
        self._refuse_when_over()
        pairs = [each if isinstance(each, tuple) else (each, "^") for each in wanted]
        self.scheduler.observers = len(pairs)
        seen = [self._watch(stream, subscription(text, self._tick_us)) for stream, text in pairs]
        for source in self._hot:
            source.start()
        self._is_over = True
        self.scheduler.drain()
        return [Timeline(told, self._values or {}, self._tick_us, "seen") for told in seen]

    def lives(self, source: Source[object]) -> Lives:
        """Give the subscriptions of a source, oldest first."""
        tick_us = self._tick_us
        return Lives(
            (
                Life(start // tick_us, None if end is None else end // tick_us)
                for start, end in source.lives_us
            ),
            tick_us,
        )

    @property
    def strays(self) -> list[float]:
        """The frames in which an operator's timer fired when all observers had gone.

        Most are forgotten timers; a linger after the last observer (share_latest) is on purpose.
        """
        return [at_us / self._tick_us for at_us in self.scheduler.strays_us]

    def now_ms(self) -> int:
        """Give the virtual instant in ms: a wall clock for those who ask for one."""
        return self.scheduler.now_us // 1_000

    def _watch(self, stream: Observable[object], life: Life) -> list[Event]:
        clock = self.scheduler
        told: list[Event] = []
        slot = SerialDisposable()
        is_there = True

        def leave() -> None:
            nonlocal is_there
            clock.observers -= is_there
            is_there = False

        def on_next(value: object) -> None:
            told.append(Event(clock.now_us, "next", value))

        def on_error(error: Exception) -> None:
            told.append(Event(clock.now_us, "error", error))
            leave()

        def on_completed() -> None:
            told.append(Event(clock.now_us, "completed"))
            leave()

        def begin() -> None:
            slot.disposable = stream.subscribe(on_next, on_error, on_completed, scheduler=clock)

        def end() -> None:
            slot.dispose()
            leave()

        clock.plan((life.start or 0) * self._tick_us, begin)
        if life.end is not None:
            clock.plan(life.end * self._tick_us, end)
        return told

    def _events(
        self,
        diagram: str,
        marks: list[Mark],
        values: Mapping[str, object] | None,
        error: Exception | None,
    ) -> list[Event]:
        known = self._values if values is None else values

        def event(mark: Mark) -> Event:
            at_us = mark.frame * self._tick_us
            if mark.character == "|":
                return Event(at_us, "completed")
            if mark.character == "#":
                return Event(at_us, "error", error or self.error)
            if known is None:
                return Event(at_us, "next", mark.character)
            if mark.character not in known:
                raise ValueError(f"no value is given for `{mark.character}` of {diagram!r}")
            return Event(at_us, "next", known[mark.character])

        return [event(mark) for mark in marks]

    def _refuse_when_over(self) -> None:
        if self._is_over:
            raise RuntimeError("this play is over: make another Marbles")
