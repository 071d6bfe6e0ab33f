"""What Bybit says when a request fails at its gates, or behind them."""

from aiohttp import web

from connector.simulator.bybit.answers import Row
from connector.simulator.serving.http import json_response

_LIMITED = 429
_BANNED = 403
_SERVER = 500


def failure(status: int, stage: str) -> web.Response:
    """Answer with a status; from 500 on the gateway speaks, without JSON."""
    if status == _LIMITED:
        return _said(10006, "Too many visits. Exceeded the API Rate Limit.", status)
    if status == _BANNED:
        return _said(10009, "IP has been banned.", status)
    if status >= _SERVER:
        return web.Response(text="upstream connect error", status=status)
    return _said(10001, "Request parameter error.", status)


def _said(code: int, message: str, status: int) -> web.Response:
    content: Row = {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 0}
    return json_response(content, status)
