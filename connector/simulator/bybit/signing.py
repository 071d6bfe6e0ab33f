"""Who asks, and whether it is really they: API keys, signatures, timestamps.

Source:  bybit-exchange.github.io/docs/v5/guide#authentication
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import cast

import orjson
from aiohttp import web

from connector.simulator.bybit.answers import Rejected

_USUAL_WINDOW_MS = 5_000
_AHEAD_MS = 1_000
_REALTIME = "GET/realtime"


class Signing:
    """Admits requests, and websockets to the account's topics.

    Errors:  Rejected 10003 for another key or none, 10004 for a wrong signature, 10002 outside the
             window, 10001 for a body that is no JSON object.
    """

    def __init__(
        self,
        api_key: str | None,
        api_secret: str | None,
        now_ms: Callable[[], int],
        *,
        checks_timestamps: bool,
    ) -> None:
        self._api_key = api_key
        self._api_secret = (api_secret or "").encode()
        self._now_ms = now_ms
        self._checks_timestamps = checks_timestamps

    async def signed(self, request: web.Request) -> dict[str, object]:
        """Admit a signed request; give its parameters: a GET's query, a POST's JSON."""
        headers = request.headers
        self._check_key(headers.get("X-BAPI-API-KEY", ""))
        timestamp = headers.get("X-BAPI-TIMESTAMP", "")
        window = headers.get("X-BAPI-RECV-WINDOW", "")
        self._check_time(timestamp, window)
        body = await request.read()
        query = request.raw_path.partition("?")[2]
        content = body if request.method == "POST" else query.encode()
        text = f"{timestamp}{self._api_key}{window}".encode() + content
        if not self._matches(text, headers.get("X-BAPI-SIGN", "")):
            origin = text.decode("utf-8", "replace")
            raise Rejected(10004, f"error sign! origin_string[{origin}]")
        return _json_object(body) if request.method == "POST" else dict(request.query)

    def admit(self, args: list[object]) -> None:
        """Admit a websocket by `[key, expires, signature]`."""
        texts = [str(each) for each in args]
        if len(texts) != 3:
            raise Rejected(10001, "Params Error")
        key, expires, signature = texts
        self._check_key(key)
        if not expires.isdecimal():
            raise Rejected(10001, "Params Error")
        if self._checks_timestamps and int(expires) <= self._now_ms():
            raise Rejected(10002, "expires is expired")
        if not self._matches((_REALTIME + expires).encode(), signature):
            raise Rejected(10004, "error sign!")

    def _matches(self, text: bytes, signature: str) -> bool:
        expected = hmac.new(self._api_secret, text, sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), signature.lower().encode())

    def _check_key(self, key: str) -> None:
        if not key or key != self._api_key:
            raise Rejected(10003, "API key is invalid.")

    def _check_time(self, timestamp: str, window: str) -> None:
        if not timestamp.isdecimal():
            raise Rejected(10001, "Request parameter error: timestamp")
        width = int(window) if window.isdecimal() else _USUAL_WINDOW_MS
        now_ms = self._now_ms()
        late = now_ms - int(timestamp)
        if self._checks_timestamps and not -_AHEAD_MS < late <= width:
            raise Rejected(
                10002,
                "invalid request, please check your server timestamp or recv_window param."
                f" req_timestamp[{timestamp}],server_timestamp[{now_ms}],recv_window[{width}]",
            )


def _json_object(body: bytes) -> dict[str, object]:
    try:
        given: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise Rejected(10001, "Request parameter error.")
    return cast("dict[str, object]", given)
