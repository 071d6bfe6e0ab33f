"""Who asks, and whether it is really they: API keys, signatures, timestamps.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/general-info
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import parse_qsl

from aiohttp import web

from connector.simulator.binance.parameters import Rejected, not_sent

_USUAL_WINDOW_MS = 5_000
_LONGEST_WINDOW_MS = 60_000
_AHEAD_MS = 1_000
_SIGNATURE = "signature="


class Signing:
    """Admits requests.

    Errors:  Rejected -2014 without a key, -2015 for another one, -1102 and -1022 for a signature
             that is missing or wrong, -1021 outside the window, -1131 for a window too long.
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

    async def known(self, request: web.Request) -> dict[str, str]:
        """Admit a request that only needs a key; give its parameters."""
        self._check_key(request)
        query, body = await _texts(request)
        return _parameters(query, body)

    async def signed(self, request: web.Request) -> dict[str, str]:
        """Admit a signed request; give its parameters."""
        self._check_key(request)
        query, body = await _texts(request)
        parameters = _parameters(query, body)
        signature = parameters.pop("signature", "")
        timestamp = parameters.get("timestamp", "")
        if not timestamp.isdecimal():
            raise not_sent("timestamp")
        if not signature:
            raise not_sent("signature")
        text = (_unsigned(query) + _unsigned(body)).encode()
        expected = hmac.new(self._api_secret, text, sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
            raise Rejected(-1022, "Signature for this request is not valid.")
        self._check_time(int(timestamp), parameters.get("recvWindow", ""))
        return parameters

    def _check_key(self, request: web.Request) -> None:
        key = request.headers.get("X-MBX-APIKEY", "")
        if not key:
            raise Rejected(-2014, "API-key format invalid.", status=401)
        if key != self._api_key:
            message = "Invalid API-key, IP, or permissions for action."
            raise Rejected(-2015, message, status=401)

    def _check_time(self, timestamp: int, window: str) -> None:
        width = int(window) if window.isdecimal() else _USUAL_WINDOW_MS
        if width > _LONGEST_WINDOW_MS:
            raise Rejected(-1131, "recvWindow must be less than 60000")
        if not self._checks_timestamps:
            return
        late = self._now_ms() - timestamp
        if late < -_AHEAD_MS:
            message = "Timestamp for this request was 1000ms ahead of the server's time."
            raise Rejected(-1021, message)
        if late > width:
            raise Rejected(-1021, "Timestamp for this request is outside of the recvWindow.")


async def _texts(request: web.Request) -> tuple[str, str]:
    """Give query and body as they were sent, to the byte."""
    body = await request.read()
    return request.raw_path.partition("?")[2], body.decode("utf-8", "replace")


def _unsigned(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith(_SIGNATURE))


def _parameters(query: str, body: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True)
    return dict(pairs)
