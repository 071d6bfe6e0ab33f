"""A stream that is silent told from one that is deaf."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SerialDisposable, SingleAssignmentDisposable

from connector.errors import Transient
from connector.operators.operator import Operator, ignore, the_scheduler

T = TypeVar("T")

_ZERO = timedelta(0)


def cross_check(
    silence: timedelta,
    differs: Callable[[], Observable[bool]],
    grace: timedelta = timedelta(seconds=1),
    on_unanswered: Callable[[Exception], None] = ignore,
) -> Operator[T, T]:
    """Ask after each `silence` whether the exchange knows more, and fail when it does.

    A difference counts when nothing was heard of it for another `grace`: what happens in the
    moment of asking is still on its way.

    Marble:     in  -a-----------    differs after 4 ticks: ---y|    out  -a-------#   (1 of grace)
    Guarantee:  at most one question at a time, let go by any item; one that isn't answered within
                `silence` is asked anew. An item costs no timer: the pending one re-arms itself.
    Errors:     Transient when the exchange differs (`resume` subscribes again); the source's pass
                through; a question's error is told to `on_unanswered`, and the question asked
                again after the next `silence`; what the callbacks raise ends the stream.
                ValueError for a silence that isn't positive.
    Units:      time from the scheduler given at subscribe.
    """
    if silence <= _ZERO or grace < _ZERO:
        raise ValueError(f"cross_check: silence {silence} is above zero, grace {grace} not below")

    def apply(source: Observable[T]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            clock = the_scheduler(scheduler, "cross_check")
            upstream = SingleAssignmentDisposable()
            timer = SerialDisposable()
            asking = SerialDisposable()
            heard_at = clock.now
            is_asking = False
            forward = observer.on_next

            def on_next(item: T) -> None:
                nonlocal heard_at, is_asking
                heard_at = clock.now
                if is_asking:
                    is_asking = False
                    asking.disposable = Disposable()
                    arm(silence)
                forward(item)

            def arm(wait: timedelta) -> None:
                timer.disposable = clock.schedule_relative(wait, look)

            def look(_: SchedulerBase, __: object = None) -> None:
                nonlocal heard_at
                silent = clock.now - heard_at
                if silent >= silence:
                    ask()
                else:
                    if silent < _ZERO:  # the wall clock was set back: count anew
                        heard_at, silent = clock.now, _ZERO
                    arm(silence - silent)

            def ask() -> None:
                nonlocal is_asking
                is_asking = True
                slot = SingleAssignmentDisposable()
                asking.disposable = slot
                arm(silence)
                try:
                    question = differs()
                except Exception as error:
                    observer.on_error(error)
                    return
                slot.disposable = question.subscribe(answered, unanswered, scheduler=clock)

            def answered(is_different: bool) -> None:
                nonlocal is_asking
                asking.disposable = Disposable()
                is_asking = is_different  # until the grace is over
                if is_different:
                    timer.disposable = clock.schedule_relative(grace, give_up)

            def give_up(_: SchedulerBase, __: object = None) -> None:
                observer.on_error(
                    Transient("private stream is deaf: the exchange knows more than was heard")
                )

            def unanswered(error: Exception) -> None:
                try:
                    on_unanswered(error)
                except Exception as own:
                    observer.on_error(own)

            def let_go() -> None:
                upstream.dispose()
                timer.dispose()
                asking.dispose()

            arm(silence)
            upstream.disposable = source.subscribe(
                on_next, observer.on_error, observer.on_completed, scheduler=clock
            )
            return Disposable(let_go)

        return Observable(subscribe)

    return apply
