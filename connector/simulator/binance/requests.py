"""What a websocket client may ask: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, properties.

Source:  developers.binance.com/docs/binance-spot-api-docs/web-socket-streams (the futures' page
         lists the same methods and errors)
"""

from typing import cast

import orjson

from connector.simulator.binance.stream_names import parse_stream_name
from connector.simulator.binance.streams import Streams, StreamSession

MOST_STREAMS = 1024
"""Streams that one websocket may be subscribed to."""

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")


class Refusal(Exception):
    """An answer with an error code instead of a result."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(hub: Streams, session: StreamSession, text: str) -> bytes:
    """Do what a client's message asks, and give the acknowledgement or the error.

    Shapes:  `{"result":null,"id":1}`, `{"error":{"code":2,"msg":"Invalid request: ..."},"id":1}`.
    """
    try:
        message: object = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _error(3, f"Invalid JSON: {error}", None)
    if not isinstance(message, dict):
        return _error(2, "Invalid request: request must be an object", None)
    request = cast("dict[str, object]", message)
    request_id = request.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, int | str | None):
        return _error(2, "Invalid request: request ID must be an unsigned integer", None)
    try:
        result = _result(hub, session, request)
    except Refusal as refusal:
        return _error(refusal.code, str(refusal), request_id)
    return orjson.dumps({"result": result, "id": request_id})


def _result(hub: Streams, session: StreamSession, request: dict[str, object]) -> object:
    method = request.get("method")
    if method is None:
        raise Refusal(2, "Invalid request: missing field `method`")
    if method not in _METHODS:
        allowed = ", ".join(f"`{name}`" for name in _METHODS)
        raise Refusal(2, f"Invalid request: unknown variant `{method}`, expected one of {allowed}")
    if method == "LIST_SUBSCRIPTIONS":
        return list(session.streams)
    if method in ("SET_PROPERTY", "GET_PROPERTY"):
        return _property(session, request.get("params"), wanted=method == "GET_PROPERTY")
    names = _stream_names(request.get("params"))
    if method == "UNSUBSCRIBE":
        for name in names:
            hub.unsubscribe(session, name)
        return None
    if len(session.streams.keys() | set(names)) > MOST_STREAMS:
        raise Refusal(2, f"Invalid request: more than {MOST_STREAMS} streams")
    for name in names:
        hub.subscribe(session, name)
    return None


def _stream_names(params: object) -> list[str]:
    if not isinstance(params, list):
        raise Refusal(2, "Invalid request: missing field `params`")
    names: list[str] = []
    for name in cast("list[object]", params):
        if not isinstance(name, str) or parse_stream_name(name) is None:
            raise Refusal(2, "Invalid request: invalid stream")
        names.append(name)
    return names


def _property(session: StreamSession, params: object, *, wanted: bool) -> object:
    given = cast("list[object]", params) if isinstance(params, list) else []
    if not given or not isinstance(given[0], str):
        raise Refusal(2, "Invalid request: property name must be a string")
    if given[0] != "combined":
        raise Refusal(0, "Unknown property")
    if wanted:
        return session.combined
    if len(given) != 2 or not isinstance(given[1], bool):
        raise Refusal(1, "Invalid value type: expected Boolean")
    session.combined = given[1]
    return None


def _error(code: int, message: str, request_id: int | str | None) -> bytes:
    return orjson.dumps({"error": {"code": code, "msg": message}, "id": request_id})
