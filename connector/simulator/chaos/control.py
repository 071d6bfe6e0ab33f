"""Faults over HTTP, on the exchange's own port: for whoever runs on the same machine.

POST /control/faults {"fault": "drop:every=30s"} begins one, GET tells those that are not over,
DELETE /control/faults/1 ends one, DELETE /control/faults all; GET /control/faults/known lists them.
"""

import ipaddress
import re

import orjson
from aiohttp import web

from connector.simulator.chaos.chaos import Begun, Chaos
from connector.simulator.chaos.registry import FAULTS
from connector.simulator.serving.http import Handler, json_response

PATH = "/control/faults"
_ONE = re.compile(PATH + r"/(\d{1,15})")


class Control:
    """Answers the control's path before any fault does.

    Errors:  400 with what is allowed; 403 from another machine or from a web page; 404; 405.
    """

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Take what is for the control; hand on the rest."""
        if not request.path.startswith("/control"):
            return await handler(request)
        if not _is_local(request) or "Origin" in request.headers:
            return _told("only programs on this machine may ask for faults", 403)
        if request.path == f"{PATH}/known" and request.method == "GET":
            return json_response([_known(each.name) for each in FAULTS])
        if request.path == PATH:
            return await self._of_all(request)
        one = _ONE.fullmatch(request.path)
        if one is None:
            return _told(f"there are {PATH}, {PATH}/known and {PATH}/NUMBER", 404)
        if request.method != "DELETE":
            return _told("a fault can be ended: DELETE", 405)
        try:
            self._chaos.end(int(one[1]))
        except KeyError:
            return _told(f"no fault {one[1]}, or it is over", 404)
        return json_response({})

    async def _of_all(self, request: web.Request) -> web.Response:
        if request.method == "GET":
            return json_response([_shown(each) for each in self._chaos.begun])
        if request.method == "DELETE":
            self._chaos.end_all()
            return json_response({})
        if request.method != "POST":
            return _told("GET, POST or DELETE", 405)
        try:
            return json_response(_shown(self._chaos.begin(await _asked(request))), 201)
        except ValueError as error:
            return _told(str(error), 400)


async def _asked(request: web.Request) -> str:
    try:
        given: object = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        given = None
    match given:
        case {"fault": str(text)}:
            return text
        case _:
            raise ValueError('say which: {"fault": "drop:every=30s"}')


def _shown(begun: Begun) -> dict[str, object]:
    return {"number": begun.number, "fault": begun.plan.text, "strikes": begun.strikes}


def _known(name: str) -> dict[str, object]:
    fault = next(each for each in FAULTS if each.name == name)
    parameters = [
        {"name": each.name, "says": each.says, "usual": each.usual} for each in fault.parameters
    ]
    return {"name": name, "kind": fault.kind, "does": fault.does, "parameters": parameters}


def _told(what: str, status: int) -> web.Response:
    return json_response({"error": what}, status)


def _is_local(request: web.Request) -> bool:
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
