"""The exchange as a web application: routes, refusals, what is not here."""

from collections.abc import Callable

from aiohttp import web

from connector.simulator.binance.parameters import Rejected
from connector.simulator.binance.rest import Handler

_CATEGORIES = ("", "/market", "/public")
"""Streams are served under each; the private one is not here."""


def build_application(
    rest: dict[str, Handler], websocket: Handler, refuses: Callable[[], bool]
) -> web.Application:
    """Put the endpoints together. While `refuses()`, each new request is cut without an answer."""

    @web.middleware
    async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
        if refuses() and request.transport is not None:
            request.transport.abort()
            return web.Response()
        return await handler(request)

    application = web.Application(middlewares=[refusing])
    for path, handler in rest.items():
        application.router.add_get(path, handler)
    for category in _CATEGORIES:
        application.router.add_get(f"{category}/ws", websocket)
        application.router.add_get(f"{category}/ws/{{streams:.*}}", websocket)
        application.router.add_get(f"{category}/stream", websocket)
    application.router.add_route("*", "/{path:.*}", _not_here)
    return application


async def _not_here(request: web.Request) -> web.StreamResponse:
    message = f"Path {request.path}, Method {request.method} is invalid"
    return Rejected(-5000, message, status=404).response()
