"""The envelope of every answer, and a request that is refused."""

from aiohttp import web

from connector.simulator.serving.http import json_response

Row = dict[str, object]


class Rejected(Exception):
    """A request that the exchange refuses: its code and message; the HTTP status is 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Answer:
    """A result with what is said of its parts, in a batch."""

    def __init__(self, result: Row, parts: list[Row]) -> None:
        self.result = result
        self.parts = parts


def answered(result: Row | Answer, now_ms: int) -> web.Response:
    """Answer well."""
    extra: Row = {}
    if isinstance(result, Answer):
        result, extra = result.result, {"list": result.parts}
    return _enveloped(0, "OK", result, extra, now_ms)


def refused(rejected: Rejected, now_ms: int) -> web.Response:
    """Answer with a code and its message."""
    return _enveloped(rejected.code, str(rejected), {}, {}, now_ms)


def _enveloped(code: int, message: str, result: Row, extra: Row, now_ms: int) -> web.Response:
    return json_response(
        {
            "retCode": code,
            "retMsg": message,
            "result": result,
            "retExtInfo": extra,
            "time": now_ms,
        }
    )


def listed(category: str, rows: list[Row], cursor: str = "") -> Row:
    """Put rows into a result."""
    return {"category": category, "list": rows, "nextPageCursor": cursor}
