"""The exchange as a web application: routes, faults, what is not here."""

from aiohttp import web

from connector.simulator.binance.parameters import Rejected
from connector.simulator.serving.faults import Faults
from connector.simulator.serving.http import Handler, Routes

_CATEGORIES = ("", "/market", "/public", "/private")
"""Streams are served under each."""


def build_application(rest: Routes, websocket: Handler, faults: Faults) -> web.Application:
    """Put the endpoints together; `faults` stands before all of them."""
    application = web.Application(middlewares=[faults.middleware])
    for (method, path), handler in rest.items():
        application.router.add_route(method, path, handler)
    for category in _CATEGORIES:
        application.router.add_get(f"{category}/ws", websocket)
        application.router.add_get(f"{category}/ws/{{streams:.*}}", websocket)
        application.router.add_get(f"{category}/stream", websocket)
    application.router.add_route("*", "/{path:.*}", _not_here)
    return application


async def _not_here(request: web.Request) -> web.StreamResponse:
    message = f"Path {request.path}, Method {request.method} is invalid"
    return Rejected(-5000, message, status=404).response()
