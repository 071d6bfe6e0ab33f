"""ccxt's exceptions as ours: the first of the connector's two error tables."""

import asyncio
from datetime import timedelta
from pathlib import Path

import ccxt
import structlog

from connector import metrics
from connector.errors import (
    Closing,
    ConnectorError,
    Denied,
    ExchangeRefused,
    InvalidRequest,
    Malformed,
    RateLimited,
    Transient,
    UnknownSymbol,
    Unsupported,
)
from connector.masking import without_queries

log = structlog.get_logger(__name__)

TABLE: tuple[tuple[type[BaseException], type[ConnectorError]], ...] = (
    (ccxt.RateLimitExceeded, RateLimited),
    (ccxt.DDoSProtection, RateLimited),
    (ccxt.ExchangeClosedByUser, Closing),
    (ccxt.NetworkError, Transient),
    (ccxt.AuthenticationError, Denied),
    (ccxt.PermissionDenied, Denied),
    (ccxt.BadSymbol, UnknownSymbol),
    (ccxt.ArgumentsRequired, InvalidRequest),
    (ccxt.BadRequest, InvalidRequest),
    (ccxt.NotSupported, Unsupported),
    (ccxt.BadResponse, Malformed),
    (ccxt.OperationFailed, Transient),
    (ccxt.ExchangeError, ExchangeRefused),
    (ConnectionError, Transient),
    (TimeoutError, Transient),
)
"""First match wins, so the narrower class stands above the wider."""

HOLLOW = "received an empty "
"""What ccxt says, as an AuthenticationError, of an answer without a stream's key or token: a
web page of a proxy, for one. Nobody was denied anything."""
TOO_MANY, SERVER_ERROR = (418, 429), 500
"""HTTP statuses that say more than whatever words they come with; 500 and above alike."""


def as_ours(error: BaseException) -> ConnectorError | None:
    """Translate what ccxt raised; None for what is a bug of ours and must climb.

    Guarantee:  the text holds no query string (signatures and keys travel there), 300 characters
                at most. What ccxt stumbled over is counted and logged: ask once of each error.
    """
    if isinstance(error, ConnectorError):
        return error
    for theirs, ours in TABLE:
        if isinstance(error, theirs):
            said = [str(each) for each in (error, error.__cause__) if each is not None]
            text = ": ".join(without_queries(each) for each in said)[:300] or type(error).__name__
            if isinstance(error, ccxt.ExchangeError):
                ours = by_status(error) or (Transient if _is_hollow(error) else ours)
            if issubclass(ours, Transient):
                return ours(text, _retry_after(error))
            return ours(text)
    if is_stumble(error):
        note_stumble(error)
        return Transient(f"ccxt can't read the answer: {stumbled(error)}"[:300])
    return None


def is_stumble(error: BaseException) -> bool:
    """Whether ccxt's own code raised it, over an answer that is not as it expects.

    Such an answer comes of a proxy or of an exchange's bad minute, and passes. What our code
    raises, also where ccxt calls it, is a bug.
    """
    if isinstance(error, ccxt.BaseError) or not isinstance(error, Exception):
        return False
    return _innermost(error)[0] == "ccxt"


def stumbled(error: BaseException) -> str:
    """Tell what made ccxt stumble, and where."""
    return f"{type(error).__name__}: {without_queries(str(error))} ({_innermost(error)[1]})"


def _innermost(error: BaseException) -> tuple[str, str]:
    """Give whose code raised an error, ccxt's or ours, whatever library it called, and where."""
    found, traceback = ("", ""), error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        whose = str(frame.f_globals.get("__name__")).partition(".")[0]
        if whose in ("ccxt", "connector"):
            code = frame.f_code
            found = whose, f"{Path(code.co_filename).name}:{traceback.tb_lineno} {code.co_name}"
        traceback = traceback.tb_next
    return found


def note_stumble(error: BaseException) -> None:
    """Count and log that ccxt stumbled over an answer; any other error is let be.

    Without a traceback, which in the log is the sign of a bug: the place says as much.
    """
    if is_stumble(error):
        metrics.MALFORMED.labels("answer").inc()
        log.error("ccxt can't read an answer", error=stumbled(error)[:300])


def by_status(error: BaseException) -> type[Transient] | None:
    """Give what the answer's HTTP status says of an error, if that passes by itself."""
    status: int = getattr(error, "status", 0)
    if status in TOO_MANY:
        return RateLimited
    return Transient if status >= SERVER_ERROR else None


def _is_hollow(error: BaseException) -> bool:
    return isinstance(error, ccxt.AuthenticationError) and HOLLOW in str(error)


def is_being_cancelled() -> bool:
    """Whether this task is: ccxt cancels the futures of a socket that it closes, whoever waits."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def is_farewell(error: BaseException) -> bool:
    """Whether this is ccxt's answer to our own unsubscribing, which is no fault."""
    return isinstance(error, ccxt.UnsubscribeError)


def _retry_after(error: BaseException) -> timedelta | None:
    seconds = getattr(error, "retry_after", None)
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) else None
