"""A gRPC server that answers calls of unknown methods itself, whatever bytes their names are.

grpc.aio decodes such a name in its main loop, and a name that is no UTF-8 ends the whole server:
every stream of every client. Known methods never come that way, so those that do are kept from it.
Rests on private names of grpcio; `tests/rpc/test_hostile_frames.py` holds them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
from grpc._cython import cygrpc  # pyright: ignore
from grpc.aio import _server  # pyright: ignore

private: Any = cygrpc
public: Any = _server


class _NoMethods:
    def resolve_handler(self, _: object) -> None:
        """Know none."""


class _Port(private.AioServer):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)  # pyright: ignore
        self._answering: set[asyncio.Task[None]] = set()

    async def _request_call(self) -> Any:
        """Wait for calls of unknown methods and answer them; none is given to the main loop."""
        loop = asyncio.get_running_loop()
        while True:
            state: Any = await super()._request_call()  # pyright: ignore
            answer = private._handle_rpc("unknown", _NoMethods(), (), state, loop, False)
            call = private._schedule_rpc_coro(answer, state, loop, "unknown")
            task: asyncio.Task[None] = loop.create_task(call)
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)


class _ServerOfKnownMethods(public.Server):
    def __init__(self, interceptors: Sequence[object], options: Sequence[tuple[str, int]]) -> None:
        self._loop = private.get_working_loop()
        self._server = _Port(self._loop, None, (), tuple(interceptors), tuple(options), None)


def server(
    interceptors: Sequence[grpc.aio.ServerInterceptor], options: Sequence[tuple[str, int]]
) -> grpc.aio.Server:
    """Make a server as `grpc.aio.server` does, for registered handlers, as generated ones are."""
    made: Any = _ServerOfKnownMethods(interceptors, options)
    return made
