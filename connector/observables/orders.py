"""The account's order states and trades, as the exchange streams them."""

from collections.abc import Sequence

from reactivex import Observable

from connector.exchange.order_events import Heard, OrderEvents
from connector.observables.asked import asked
from connector.observables.listening import listening
from connector.trading import Order


def order_events(events: OrderEvents) -> Observable[Heard]:
    """Emit every order state and own trade.

    Errors:  Transient when the socket is gone, Unsupported, Denied.
    """
    return listening(events.listen)


def missed_events(
    events: OrderEvents, since_ms: int, unfinished: Sequence[Order]
) -> Observable[list[Heard]]:
    """Ask once for what was missed. Errors: those of the questions."""
    return asked(lambda: events.missed(since_ms, unfinished))


def orders_differ(events: OrderEvents, believed_open: Sequence[Order]) -> Observable[bool]:
    """Ask once whether the exchange knows other open orders. Errors: those of the question."""
    return asked(lambda: events.differs(believed_open))
