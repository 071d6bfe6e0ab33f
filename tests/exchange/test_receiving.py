"""A websocket is read in slices: a blast leaves turns to others, and nothing of it is lost."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import ccxt
import pytest
from aiohttp import web
from ccxt.async_support.base.ws.client import Client

from connector.exchange.receiving import SLICE_S, read_in_slices

FRAMES, WORK_S = 200, SLICE_S / 2

Socket = web.WebSocketResponse
Serve = Callable[[Callable[[Socket], Awaitable[None]]], Awaitable[str]]


@pytest.fixture
async def serve(no_task_left: None) -> AsyncIterator[Serve]:
    """Serve one websocket as told, and give its address."""
    runners: list[web.AppRunner] = []

    async def start(speak: Callable[[Socket], Awaitable[None]]) -> str:
        async def answer(request: web.Request) -> Socket:
            socket = Socket()
            await socket.prepare(request)
            await speak(socket)
            return socket

        app = web.Application()
        app.router.add_get("/", answer)
        runners.append(web.AppRunner(app, shutdown_timeout=0.2))
        await runners[0].setup()
        await web.TCPSite(runners[0], "127.0.0.1", 0).start()
        return f"ws://127.0.0.1:{runners[0].addresses[0][1]}/"

    yield start
    for runner in runners:
        await runner.cleanup()


class _Reader:
    """ccxt's client, reading in slices, and what it told."""

    def __init__(self, url: str, work_s: float) -> None:
        self.heard: list[Any] = []
        self.closed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def hear(_: Any, message: Any) -> None:
            self.heard.append(message)
            until = time.perf_counter() + work_s
            while time.perf_counter() < until:
                pass

        def end(_: Any, code: Any) -> None:
            if not self.closed.done():
                self.closed.set_result(code)

        loop = asyncio.get_running_loop()
        self.client = Client(url, hear, end, end, lambda _: None, {"asyncio_loop": loop})
        read_in_slices(self.client)


async def _open(reader: _Reader, session: aiohttp.ClientSession) -> None:
    connected: Any = reader.client.connect(session)
    await connected


async def test_others_have_their_turn_during_a_blast(serve: Serve) -> None:
    async def blast(socket: Socket) -> None:
        for number in range(FRAMES):
            await socket.send_str(f'{{"n":{number}}}')
        await socket.receive()

    reader = _Reader(await serve(blast), WORK_S)
    turns: list[int] = []
    async with aiohttp.ClientSession() as session, asyncio.timeout(10):
        await _open(reader, session)
        while len(reader.heard) < FRAMES:
            turns.append(len(reader.heard))
            await asyncio.sleep(0)
        await reader.client.close()
        await reader.closed

    at_once = max(after - before for before, after in itertools.pairwise(turns))
    assert at_once <= SLICE_S / WORK_S + 1
    assert [each["n"] for each in reader.heard] == list(range(FRAMES))


async def test_a_socket_that_the_exchange_closes_is_told_as_closed(serve: Serve) -> None:
    async def leave(socket: Socket) -> None:
        await socket.send_str('{"n":1}')
        await socket.close()

    reader = _Reader(await serve(leave), 0)
    async with aiohttp.ClientSession() as session, asyncio.timeout(10):
        await _open(reader, session)
        waiting = reader.client.future("news")
        await reader.closed
        with pytest.raises(ccxt.NetworkError):
            await waiting

    assert reader.heard == [{"n": 1}]
