"""Balances and positions become the account."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from reactivex import Observable
from reactivex.abc import DisposableBase, ObserverBase, SchedulerBase
from reactivex.disposable import CompositeDisposable, SerialDisposable

from connector.operators.operator import the_scheduler
from connector.trading import Account

B = TypeVar("B")
P = TypeVar("P")


def combine_account(
    balances: Observable[B],
    positions: Observable[P],
    complete: Callable[[B, P], Account | None],
    settle: timedelta = timedelta(0),
) -> Observable[Account]:
    """Combine the latest balances with the latest positions into a complete account.

    One fill changes both, one after the other: the halves that come within `settle` of the first
    make one account, so that none is told which never was. Zero is the turn of the event loop.

    Marble:     balances  -a---b-----|    positions  --p--q--q---|    out  --P--Q------|
                (P from a and p; Q from b and q; an equal one isn't repeated)
    Guarantee:  nothing before both have spoken; then at once. What `complete` calls None (nothing
                good is known) is held back: the last good one stays. Equal ones are told once.
                Completes when both have, after what waits.
    Errors:     the first of either passes and lets go of the other; so does what `complete` raises.
    Units:      time from the scheduler given at subscribe. Memory: the last of each.
    """

    def subscribe(
        observer: ObserverBase[Account], scheduler: SchedulerBase | None = None
    ) -> DisposableBase:
        clock = the_scheduler(scheduler, "combine_account")
        balance: list[B] = []
        position: list[P] = []
        last: Account | None = None
        is_armed = False
        running = 2
        timer = SerialDisposable()

        def on_balance(item: B) -> None:
            balance[:] = [item]
            arm()

        def on_position(item: P) -> None:
            position[:] = [item]
            arm()

        def arm() -> None:
            nonlocal is_armed
            if not is_armed and balance and position:
                is_armed = True
                timer.disposable = clock.schedule_relative(settle, tell)

        def tell(_: SchedulerBase | None = None, __: object = None) -> None:
            nonlocal is_armed, last
            is_armed = False
            try:
                account = complete(balance[0], position[0])
            except Exception as error:
                observer.on_error(error)
                return
            if account is not None and account != last:
                last = account
                observer.on_next(account)

        def on_completed() -> None:
            nonlocal running
            running -= 1
            if running:
                return
            if is_armed:
                tell()
            observer.on_completed()

        return CompositeDisposable(
            timer,
            balances.subscribe(on_balance, observer.on_error, on_completed, scheduler=clock),
            positions.subscribe(on_position, observer.on_error, on_completed, scheduler=clock),
        )

    return Observable(subscribe)
