"""What the exchange does wrong when it is told to: the one place where requests go astray."""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
from aiohttp import web

from connector.simulator.serving.http import Handler

How = str | tuple[str, float]
"""See `Faults.fail_next`."""

ANY = "*"
_STAGES = ("before", "after")
_KINDS = ("cut", "hang", "status", "delay", "astray")
_RETRY_AFTER = "Retry-After"
_WEB_PAGE = "<!DOCTYPE html><html><body><h1>Please wait</h1></body></html>"

Matches = Callable[[web.Request], bool]
"""Whether a request is meant."""

FOR_EVER = 1 << 62

Failure = Callable[[int, str], web.Response]
"""(status, "before" or "after" it was executed) → what the exchange says under that status."""


class Failing(msgspec.Struct, kw_only=True):
    """Requests that are to fail, and how."""

    matches: Matches
    kind: str
    """"cut", "hang", "status", "delay" as `Faults.fail_next` says; "half": executed, half an
    answer; "garbage": executed, a web page; "spoilt": executed, the answer as `spoil` makes it;
    "astray" is always before: what comes later is executed, or refused for coming too late."""
    stage: str = "after"
    number: float = 0.0
    """A status, or seconds."""
    retry_after_s: int | None = None
    """0: a status without the header; None: as the exchange does."""
    times: int = FOR_EVER
    spoil: Callable[[bytes], bytes] = bytes


class Faults:
    """Decides about each request before its handler and after it."""

    def __init__(self, failure: Failure) -> None:
        self._failure = failure
        self.refuse_connections = False
        """While true, each new request and websocket is cut without an answer."""
        self.refuse_websockets = False
        """While true, each new websocket is cut; REST goes on."""
        self.on_taken: Callable[[], None] | None = None
        """Called when a request has been let fail."""
        self._planned: list[Failing] = []
        self._astray: set[asyncio.Task[None]] = set()
        self._released = asyncio.Event()
        self._arrived = asyncio.Event()

    @property
    def planned(self) -> int:
        """Failures still to come; those without a number count once."""
        return sum(1 if each.times > FOR_EVER // 2 else each.times for each in self._planned)

    def fail_next(self, method: str, path: str, how: How, times: int = 1) -> None:
        """Let the next requests to a path fail; several plans are used up in their order.

        Shapes:  method "POST" or "*", path "/fapi/v1/order" or "*"; how
                 "cut_before", "cut_after": the connection is cut without an answer;
                 "hang_before", "hang_after": no answer ever comes, the connection stays;
                 ("status_before", 503), ("status_after", 503): answered with that status;
                 ("delay_before", seconds), ("delay_after", seconds): all well, but late;
                 ("astray_before", seconds): cut without an answer, and here after all, so late.
                 What fails "before" was not executed, "after" it was. ("delay", seconds) is after.
        Errors:  ValueError for any other.
        """
        name, number = how if isinstance(how, tuple) else (how, 0.0)
        kind, _, stage = (name if "_" in name else f"{name}_after").partition("_")
        needs_number = kind in ("status", "delay", "astray")
        if kind not in _KINDS or stage not in _STAGES or needs_number != isinstance(how, tuple):
            raise ValueError(f"no such way to fail: {how!r}")
        if times < 1:
            raise ValueError(f"times must be at least 1, got {times}")

        def matches(request: web.Request) -> bool:
            return method.upper() in (ANY, request.method) and path in (ANY, request.path)

        self.plan(Failing(matches=matches, kind=kind, stage=stage, number=number, times=times))

    def plan(self, failing: Failing) -> Callable[[], None]:
        """Let requests fail until what is given back is called; what hangs is cut then."""
        self._planned.append(failing)

        def withdraw() -> None:
            self._withdraw(failing)
            if failing.kind == "hang":
                self.release()

        return withdraw

    def _withdraw(self, failing: Failing) -> None:
        self._planned[:] = [each for each in self._planned if each is not failing]

    def forget(self) -> None:
        """Let nothing fail any more; what hangs is cut, and what went astray never comes."""
        self._planned.clear()
        for each in self._astray:
            each.cancel()
        self.release()

    def release(self) -> None:
        """Cut what hangs."""
        self._released.set()
        self._released = asyncio.Event()

    def arrive(self) -> None:
        """Let what went astray arrive now."""
        self._arrived.set()
        self._arrived = asyncio.Event()

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Stand between every request and its handler."""
        websocket = request.headers.get("Upgrade", "").lower() == "websocket"
        if self.refuse_connections or (self.refuse_websockets and websocket):
            return _cut(request)
        planned = self._take(request)
        if planned is None:
            return await handler(request)
        if self.on_taken is not None:
            self.on_taken()
        if planned.kind == "astray":
            await request.read()
            task = asyncio.create_task(self._handle_late(request, handler, planned.number))
            self._astray.add(task)
            task.add_done_callback(self._astray.discard)
            return _cut(request)
        if planned.stage == "before":
            if planned.kind != "delay":
                return await self._failed(request, planned)
            await asyncio.sleep(planned.number)
            return await handler(request)
        response = await handler(request)
        if planned.kind == "half":
            return await _half(request, response)
        if planned.kind == "spoilt":
            return _spoilt(response, planned)
        if planned.kind != "delay":
            return await self._failed(request, planned)
        await asyncio.sleep(planned.number)
        return response

    async def _handle_late(self, request: web.Request, handler: Handler, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        await handler(request)

    def _take(self, request: web.Request) -> Failing | None:
        for planned in self._planned:
            if planned.matches(request):
                planned.times -= 1
                if not planned.times:
                    self._withdraw(planned)
                return planned
        return None

    async def _failed(self, request: web.Request, planned: Failing) -> web.StreamResponse:
        if planned.kind == "garbage":
            return web.Response(text=_WEB_PAGE, content_type="text/html")
        if planned.kind == "status":
            response = self._failure(int(planned.number), planned.stage)
            if planned.retry_after_s is not None:
                response.headers.pop(_RETRY_AFTER, None)
            if planned.retry_after_s:
                response.headers[_RETRY_AFTER] = str(planned.retry_after_s)
            return response
        if planned.kind == "hang":
            await self._released.wait()
        return _cut(request)


async def _half(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = whole.body if isinstance(whole, web.Response) else None
    if isinstance(body, bytes):
        half = web.StreamResponse(status=whole.status, headers={"Content-Length": str(len(body))})
        half.content_type = whole.content_type
        await half.prepare(request)
        await half.write(body[: len(body) // 2])
    return _cut(request)


def _spoilt(whole: web.StreamResponse, planned: Failing) -> web.StreamResponse:
    if isinstance(whole, web.Response) and isinstance(whole.body, bytes):
        return web.Response(
            status=whole.status, body=planned.spoil(whole.body), content_type=whole.content_type
        )
    return whole


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
