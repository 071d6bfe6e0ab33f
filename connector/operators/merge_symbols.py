"""Many symbols, one stream."""

from collections.abc import Callable
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import Disposable, SingleAssignmentDisposable

from connector.operators.operator import Operator

T = TypeVar("T")


def merge_symbols(stream_of: Callable[[str], Observable[T]]) -> Operator[str, T]:
    """Subscribe to the stream of each symbol asked for, and merge them as they come.

    Marble:     in  -b-e-b-|    b: -1--2|    e: -3|        out  --1-(23)|
    Guarantee:  a symbol's order is kept; a text asked twice is subscribed once, also when its
                stream has ended; completes when the source and all streams have; unbuffered.
    Errors:     the first error of the source or of a stream passes and lets go of all others
                (streams that should outlive an outage resume by themselves); so does what
                `stream_of` raises.
    """

    def apply(source: Observable[str]) -> Observable[T]:
        def subscribe(
            observer: ObserverBase[T], scheduler: SchedulerBase | None = None
        ) -> DisposableBase:
            asking = SingleAssignmentDisposable()
            asked: dict[str, SingleAssignmentDisposable] = {}
            running = 1
            ended = False

            def on_symbol(symbol: str) -> None:
                nonlocal running
                if ended or symbol in asked:
                    return
                try:
                    stream = stream_of(symbol)
                except Exception as error:
                    on_error(error)
                    return
                running += 1
                slot = asked[symbol] = SingleAssignmentDisposable()
                slot.disposable = stream.subscribe(
                    observer.on_next, on_error, on_completed, scheduler=scheduler
                )

            def on_completed() -> None:
                nonlocal running
                running -= 1
                if running == 0:
                    observer.on_completed()

            def on_error(error: Exception) -> None:
                observer.on_error(error)
                let_go()

            def let_go() -> None:
                nonlocal ended
                ended = True
                asking.dispose()
                for slot in asked.values():
                    slot.dispose()

            asking.disposable = source.subscribe(
                on_symbol, on_error, on_completed, scheduler=scheduler
            )
            return Disposable(let_go)

        return Observable(subscribe)

    return apply
