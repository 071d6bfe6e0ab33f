"""Which orders' placing is being answered, so that their events can wait for the answer."""

from collections.abc import Callable

from reactivex import Observable
from reactivex.subject import Subject


class Answers:
    """The client order ids whose PlaceOrder has begun and whose answer is not out yet."""

    def __init__(self) -> None:
        self._pending: dict[str, Subject[object]] = {}

    def begin(self, client_order_id: str) -> Callable[[], None]:
        """Note that an answer is pending; the result is called when it is out (once counts)."""
        pending: Subject[object] = Subject()
        self._pending[client_order_id] = pending

        def out() -> None:
            if self._pending.get(client_order_id) is pending:
                del self._pending[client_order_id]
            pending.on_completed()

        return out

    def pending(self, client_order_id: str) -> Observable[object] | None:
        """Give what completes when the answer is out; None when none is pending."""
        return self._pending.get(client_order_id)
