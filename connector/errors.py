"""Everything that can go wrong, sorted by who reacts to it."""

from datetime import timedelta


class ConnectorError(Exception):
    """Root of all errors that the connector raises on purpose."""


class Transient(ConnectorError):
    """Passes by itself: streams wait and resume, a unary read retries and then reports."""

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Transient):
    """The exchange asks for fewer requests; `retry_after` says when to come back, if it told."""


class Refused(ConnectorError):
    """The caller's request can't be done as it stands."""


class UnknownSymbol(Refused):
    """No market of this exchange answers to that spelling."""


class InvalidRequest(Refused):
    """A field of the request is out of what is allowed; the message says what is."""


class InvalidOrder(Refused):
    """An order's price, quantity or other field is out of what the market allows."""


class InsufficientFunds(Refused):
    """There is not enough balance or collateral for the order."""


class PostOnlyWouldTake(Refused):
    """A post-only order would have executed at once, so it was not placed."""


class OrderNotFound(Refused):
    """No open order answers to that id: unknown, or finished."""


class DuplicateOrder(Refused):
    """The client order id is in use already."""


class OrderRejected(Refused):
    """The exchange did not take the order, for a reason of its own."""


class OutcomeUnknown(ConnectorError):
    """An order was sent, and even looking it up could not tell what became of it."""


class ExchangeRefused(Refused):
    """The exchange said no, for a reason of its own."""


class Denied(ConnectorError):
    """Credentials are missing, wrong or not allowed to do this: a human must act."""


class Unsupported(ConnectorError):
    """This exchange, or this connector, doesn't offer it."""


class Malformed(ConnectorError):
    """What arrived can't be read; counted, kept, and the stream goes on."""


class Overflow(ConnectorError):
    """A lossless stream's reader fell too far behind; it alone is told, and reconnects."""


class LimitReached(ConnectorError):
    """A client asks for more than one may have; the message names the limit."""


class Closing(ConnectorError):
    """The connector is shutting down."""
