"""What ccxt raised for an order, as ours: by the exchange's own code and words, then by its class.

ccxt alone can't be believed here: it chooses Binance's table by the REST address and so loses it
with any other, makes Binance's -4116 and Bybit's 110072 an InvalidOrder like any, and throws the
code away where it knows the words. So each exchange has its rows in its `Way`. What
decides most is whether the order may stand at the exchange all the same: that is `Lost`, and is
looked up.
"""

import asyncio
import fnmatch
import json
import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any

import aiohttp
import ccxt

from connector.errors import (
    Closing,
    ConnectorError,
    Denied,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PostOnlyWouldTake,
    RateLimited,
    Transient,
    UnknownSymbol,
    Unsupported,
)
from connector.exchange.faults import by_status, is_stumble, stumbled
from connector.exchange.order_fault_rows import ANYWHERE, Lost
from connector.exchange.ways import way_of
from connector.masking import without_queries

CLASSES: tuple[tuple[type[BaseException], type[ConnectorError]], ...] = (
    (ccxt.RateLimitExceeded, RateLimited),
    (ccxt.DDoSProtection, RateLimited),
    (ccxt.ExchangeClosedByUser, Closing),
    (ccxt.OnMaintenance, Transient),
    (ccxt.InvalidNonce, Transient),
    (ccxt.CancelPending, OrderRejected),
    (ccxt.OperationFailed, Lost),
    (ccxt.InsufficientFunds, InsufficientFunds),
    (ccxt.OrderNotFound, OrderNotFound),
    (ccxt.OrderNotCached, OrderNotFound),
    (ccxt.OrderImmediatelyFillable, PostOnlyWouldTake),
    (ccxt.DuplicateOrderId, DuplicateOrder),
    (ccxt.OrderNotFillable, OrderRejected),
    (ccxt.ContractUnavailable, OrderRejected),
    (ccxt.InvalidOrder, InvalidOrder),
    (ccxt.AuthenticationError, Denied),
    (ccxt.RestrictedLocation, Denied),
    (ccxt.BadSymbol, UnknownSymbol),
    (ccxt.ArgumentsRequired, InvalidOrder),
    (ccxt.BadRequest, InvalidOrder),
    (ccxt.NotSupported, Unsupported),
    (ccxt.ExchangeError, OrderRejected),
    (ConnectionRefusedError, Transient),
    (ConnectionError, Lost),
    (TimeoutError, Lost),
)
"""First match wins, so the narrower class stands above the wider. Doubt is `Lost`."""

_UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    socket.gaierror,
)
"""Of a connection that never was, so that nothing can have gone out on it."""

_HEARD: tuple[tuple[str, type[ConnectorError]], ...] = (
    ("insufficient", InsufficientFunds),
    ("margin", InsufficientFunds),
    ("INVALID_SYMBOL", UnknownSymbol),
    ("not found", OrderNotFound),
    ("already filled", OrderNotFound),
    ("ORDER_STATUS_FILLED", OrderNotFound),
    ("POST_ONLY", PostOnlyWouldTake),
    ("postOnly", PostOnlyWouldTake),
    ("would execute immediately", PostOnlyWouldTake),
    ("immediate execution", PostOnlyWouldTake),
    ("market order", PostOnlyWouldTake),
    ("51020", PostOnlyWouldTake),
    ("170193", PostOnlyWouldTake),
    ("170194", PostOnlyWouldTake),
)
"""Pieces by which the engine knows a class, and the one class that may say them."""

_REQUEST = re.compile(r"\S+ (?:GET|POST|PUT|PATCH|DELETE) \S+(?: (\d{3})\b)?")
"""What ccxt says of a request without an answer, or with a page and its status in place of one."""
_SECRETS = re.compile(
    r"(?i)(api_?key|signature|passphrase|secret|access[-_]?(?:key|sign)|listen_?key|"
    r"origin_string)([\"']?\s*[=:\[]\s*[\"']?)[^\s\"'\],;&}]+"
)
_SUCCESS = ("ok", "success")
_MOST_TEXT = 300
_CODES = ("sCode", "code", "retCode", "ret_code", "label", "err_code", "error_code", "errorCode")
_WORDS = (
    "sMsg",
    "msg",
    "retMsg",
    "ret_msg",
    "message",
    "detail",
    "err_msg",
    "error_message",
    "errorMsg",
)


def order_error(error: BaseException, exchange_id: str) -> ConnectorError | None:
    """Translate what ccxt raised for an order; None for what is a bug of ours and must climb.

    Guarantee:  the text is the exchange's own code and words, 300 characters at most, without
                query strings and keys, and without what makes the engine take it for another
                class. Any answer that leaves the order's fate open is `Lost`.
    """
    if isinstance(error, ConnectorError):
        return error
    ours = _by_class(error)
    if ours is None:
        if is_stumble(error):
            return _made(Lost, exchange_id, "", f"ccxt can't read the answer: {stumbled(error)}")
        return None
    code, words = _told(str(error), exchange_id)
    if code or not _REQUEST.match(str(error)):
        ours = _by_rows(exchange_id, code, words) or ours
    if by_status(error) is RateLimited:
        ours = RateLimited
    elif ours is OrderRejected and _says_nothing(code, words):
        ours = Lost
    return _made(ours, exchange_id, code, words, error)


def refusal(exchange_id: str, answer: Mapping[str, Any]) -> ConnectorError:
    """Translate what one order of a batch was answered with, the exchange's own structure."""
    code, words = _told(json.dumps(answer), exchange_id)
    unsaid = Lost if _says_nothing(code, words) else OrderRejected
    return _made(_by_rows(exchange_id, code, words) or unsaid, exchange_id, code, words)


def is_outcome_unknown(error: BaseException, exchange_id: str = "") -> bool:
    """Whether what was asked may have happened all the same, so that it must be looked up.

    Shapes:  ccxt's own exceptions begin with the exchange's id, which serves if none is given.
    """
    if isinstance(error, asyncio.CancelledError):
        return True
    ours = order_error(error, exchange_id or str(error).partition(" ")[0])
    return isinstance(ours, OutcomeUnknown)


def harmless(kind: type[ConnectorError], text: str) -> str:
    """Give a message without the pieces by which the engine knows another class than `kind`.

    Guarantee:  the same words: a piece changes its case (the engine minds it), a code is parted.
    """
    for piece, speaker in _HEARD:
        if not issubclass(kind, speaker) and piece in text:
            text = text.replace(piece, _unheard(piece))
    return text


def _by_class(error: BaseException) -> type[ConnectorError] | None:
    ours = next((ours for theirs, ours in CLASSES if isinstance(error, theirs)), None)
    if ours is None:
        return None
    if isinstance(error.__cause__, _UNSENT):
        return Transient
    if isinstance(error.__cause__, _TRANSPORT):
        return Lost  # also where ccxt has an ExchangeError: an answer cut in its middle
    page = _REQUEST.match(str(error))
    status = (page and page[1]) or ""
    if status in ("418", "429"):
        return RateLimited  # OKX's are of another class
    if status.startswith("4") and isinstance(error, ccxt.ExchangeNotAvailable):
        return Transient  # a page in place of an answer: stopped at the exchange's door
    return ours


_TRANSPORT = (aiohttp.ClientError, OSError, TimeoutError)


def _by_rows(exchange_id: str, code: str, words: str) -> type[ConnectorError] | None:
    for row in (*way_of(exchange_id).order_faults, *ANYWHERE):
        of_code = not row.codes or _codes(row.codes).fullmatch(code or "none")
        if of_code and (not row.says or re.search(row.says, words, re.IGNORECASE)):
            return row.ours
    return None


@lru_cache
def _codes(codes: str) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(code) for code in codes.split()))


def _told(text: str, exchange_id: str) -> tuple[str, str]:
    """Read code and words of ccxt's text: the exchange's id, then the answer's body or its words.

    Shapes:  `binanceusdm {"code":-2019,"msg":"Margin is insufficient."}`; OKX's own are in
             `data[].sCode` and `sMsg`; `binance Account has insufficient balance for …` has none.
    """
    text = text.removeprefix(exchange_id).strip()
    answer = _body(text)
    rows = answer.get("data")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and str(row.get("sCode") or "0") != "0":
            return str(row["sCode"]), str(row.get("sMsg") or answer.get("msg") or text)
    told = {key: str(each) for key, each in answer.items() if isinstance(each, str | int)}
    code = next((told[key] for key in _CODES if key in told), "")
    return code, next((told[key] for key in _WORDS if told.get(key)), text)


def _says_nothing(code: str, words: str) -> bool:
    """Whether an answer has neither a code nor words, so that nobody knows what it refuses.

    Or the words of a success: its code was lost on the way, and ccxt took it for a refusal.
    """
    said = words.strip().lower()
    is_said = any(letter.isalpha() for letter in said) and not said.startswith("{")
    return said in _SUCCESS or not (code.strip("0") or is_said)


def _body(text: str) -> dict[str, Any]:
    start = text.find("{")
    if start >= 0:
        with suppress(ValueError, RecursionError):
            answer: Any = json.JSONDecoder().raw_decode(text[start:])[0]
            return answer
    return {}


def _made(
    ours: type[ConnectorError],
    exchange_id: str,
    code: str,
    words: str,
    error: BaseException | None = None,
) -> ConnectorError:
    shown = _SECRETS.sub(r"\1\2…", without_queries(" ".join(words.split())))
    told = (exchange_id, code, shown or type(error).__name__)
    text = harmless(ours, " ".join(part for part in told if part))[:_MOST_TEXT]
    if issubclass(ours, Transient):
        seconds = getattr(error, "retry_after", None)
        return ours(text, timedelta(seconds=seconds) if isinstance(seconds, int | float) else None)
    return ours(text)


def _unheard(piece: str) -> str:
    if piece.isdigit():
        return f"{piece[:-3]}'{piece[-3:]}"
    return piece.title() if piece.isupper() else piece[0].upper() + piece[1:]
