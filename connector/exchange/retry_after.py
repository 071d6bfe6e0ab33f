"""How long an answer of the exchange asks to stay away."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from connector.exchange.pacing import LONGEST_PAUSE_S


def retry_after_seconds(headers: Any) -> float | None:
    """Give how long an answer's headers ask to stay away, three days at most; None if not."""
    if not isinstance(headers, dict):
        return None
    for name, value in headers.items():
        if str(name).lower() == "retry-after":
            return _seconds_left(str(value).strip())
    return None


def _seconds_left(text: str) -> float | None:
    """Read a Retry-After, which is seconds or a date (RFC 9110); None for what is neither."""
    if text.isascii() and text.isdigit():
        seconds = float(text)
    else:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (until - datetime.now(until.tzinfo)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_PAUSE_S)
