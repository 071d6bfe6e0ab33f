"""What Binance says when a request fails at its gates, or behind them."""

from aiohttp import web

from connector.simulator.serving.http import json_response

_WAIT_STATUSES = (418, 429)

_BODIES: dict[tuple[int, str], tuple[int, str]] = {
    (429, "before"): (
        -1003,
        "Too many requests; current limit is 2400 requests per minute."
        " Please use the websocket for live updates to avoid polling the API.",
    ),
    (418, "before"): (-1003, "Way too many requests; IP banned until 1749993999999."),
    (503, "before"): (-1008, "Service Unavailable."),
    (503, "after"): (-1000, "Unknown error, please check your request or try again later."),
    (408, "after"): (
        -1007,
        "Timeout waiting for response from backend server. Send status unknown;"
        " execution status unknown.",
    ),
}
"""What a status says; others say -1000."""


def failure(status: int, stage: str) -> web.Response:
    """Answer with a status; 418 and 429 say when to come back."""
    usual = (-1000, "An unknown error occured while processing the request.")
    code, message = _BODIES.get((status, stage), usual)
    response = json_response({"code": code, "msg": message}, status)
    if status in _WAIT_STATUSES:
        response.headers["Retry-After"] = "1"
    return response
