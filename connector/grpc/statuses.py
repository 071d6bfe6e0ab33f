"""Our errors as gRPC statuses: the second of the connector's two error tables.

The engine reads no code, only pieces of the message: each message begins with its head, a colon,
then the exchange's own text.
"""

from datetime import timedelta

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from connector.errors import (
    Closing,
    ConnectorError,
    Denied,
    DuplicateOrder,
    ExchangeRefused,
    InsufficientFunds,
    InvalidOrder,
    InvalidRequest,
    LimitReached,
    Malformed,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    Overflow,
    PostOnlyWouldTake,
    RateLimited,
    Transient,
    UnknownSymbol,
    Unsupported,
)
from connector.exchange.order_faults import harmless

TABLE: tuple[tuple[type[ConnectorError], StatusCode, str], ...] = (
    (RateLimited, StatusCode.RESOURCE_EXHAUSTED, "rate limit exceeded"),
    (Transient, StatusCode.UNAVAILABLE, "exchange unavailable"),
    (UnknownSymbol, StatusCode.INVALID_ARGUMENT, "INVALID_SYMBOL"),
    (InvalidRequest, StatusCode.INVALID_ARGUMENT, "invalid request"),
    (InvalidOrder, StatusCode.INVALID_ARGUMENT, "invalid order"),
    (InsufficientFunds, StatusCode.RESOURCE_EXHAUSTED, "insufficient funds"),
    (PostOnlyWouldTake, StatusCode.FAILED_PRECONDITION, "POST_ONLY would execute immediately"),
    (OrderNotFound, StatusCode.NOT_FOUND, "order not found"),
    (DuplicateOrder, StatusCode.ALREADY_EXISTS, "duplicate order"),
    (OrderRejected, StatusCode.FAILED_PRECONDITION, "order rejected"),
    (OutcomeUnknown, StatusCode.UNAVAILABLE, "order outcome unknown"),
    (ExchangeRefused, StatusCode.FAILED_PRECONDITION, "exchange refused"),
    (Denied, StatusCode.UNAUTHENTICATED, "authentication failed"),
    (Unsupported, StatusCode.UNIMPLEMENTED, "not supported"),
    (Malformed, StatusCode.UNAVAILABLE, "exchange unavailable: unreadable answer"),
    (Overflow, StatusCode.RESOURCE_EXHAUSTED, "reader too slow"),
    (LimitReached, StatusCode.RESOURCE_EXHAUSTED, "limit reached"),
    (Closing, StatusCode.UNAVAILABLE, "exchange unavailable"),
)
"""First match wins, so the narrower class stands above the wider."""

BUG = (StatusCode.INTERNAL, "internal error: this is a defect of the connector; its log has more")

RICH_STATUS = "grpc-status-details-bin"
UNTOLD = timedelta(seconds=1)
"""Until one may come back to a limit of requests, where the exchange doesn't say."""


def status_of(error: Exception) -> tuple[StatusCode, str]:
    """Give the code and message of an error; INTERNAL for what is none of ours."""
    for kind, code, head in TABLE:
        if isinstance(error, kind):
            return code, f"{head}: {harmless(type(error), str(error))}"
    return BUG


def trailing_metadata(
    error: Exception, code: StatusCode, message: str
) -> tuple[tuple[str, bytes], ...]:
    """Give the rich status of an error that says when to come back (google.rpc.RetryInfo)."""
    if not isinstance(error, Transient):
        return ()
    retry_after = error.retry_after or (UNTOLD if isinstance(error, RateLimited) else None)
    if retry_after is None:
        return ()
    delay = Duration()
    delay.FromTimedelta(retry_after)
    detail = AnyMessage()
    detail.Pack(RetryInfo(retry_delay=delay))
    status = Status(code=code.value[0], message=message, details=[detail])  # pyright: ignore
    return ((RICH_STATUS, status.SerializeToString()),)
