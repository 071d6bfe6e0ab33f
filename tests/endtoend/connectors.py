"""Connectors for the terminal's commands: real ones as processes, and one that misbehaves."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources

from connector.exchange.embedded import redirected
from connector.grpc.server import SERVICE_NAME
from connector.simulator.config import USUAL_KEY, USUAL_SECRET
from tests.endtoend.processes import START_S, end, ended, running

Context = grpc.aio.ServicerContext[Any, Any]


async def order(address: str, *arguments: str, **environment: str) -> list[list[str]]:
    """Run `connector order …`, which must do it; give its lines' cells."""
    run = await ended("order", *arguments, "--address", address, **environment)
    assert (run.status, run.err) == (0, "")
    return [line.split("\t") for line in run.out.splitlines()]


@asynccontextmanager
async def not_embedded() -> AsyncGenerator[str]:
    """Give the address of a connector that knows its exchange as any other, on loopback."""
    async with running("simulate", "--port", "0", "--symbols", "BTCUSDT") as simulator:
        urls = redirected("binanceusdm", simulator.ready["rest"], simulator.ready["websocket"])
        environment = {
            "EXCHANGE": "binanceusdm",
            "API_KEY": USUAL_KEY,
            "API_SECRET": USUAL_SECRET,
            "CONNECTOR_EXCHANGE__CCXT__URLS": json.dumps(urls),
            "CONNECTOR_STATE__PATH": ":memory:",
        }
        async with running("serve", "--port", "0", **environment) as run:
            yield f"127.0.0.1:{run.ready['port']}"


@dataclass
class Stub:
    """A connector of another make: it doesn't tell its exchange, and never answers an order."""

    says: str = ""
    """The text of UNAVAILABLE that an order is answered with; empty: it isn't answered."""
    keys: list[object] = field(default_factory=list[object])
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def GetName(self, request: rpc.GetNameRequest, context: Context) -> rpc.GetNameResponse:
        metadata = {key: value for key, value in context.invocation_metadata() or ()}
        self.keys.append(metadata.get("x-api-key"))
        return rpc.GetNameResponse(name="other")

    async def PlaceOrder(
        self, request: resources.PlaceOrderRequest, context: Context
    ) -> resources.Order:
        self.asked.set()
        if self.says:
            await context.abort(grpc.StatusCode.UNAVAILABLE, self.says)
        await asyncio.sleep(START_S)
        return resources.Order()


@asynccontextmanager
async def serving(stub: Stub) -> AsyncGenerator[str]:
    server = grpc.aio.server()
    handlers = {
        "GetName": grpc.unary_unary_rpc_method_handler(
            stub.GetName,
            rpc.GetNameRequest.FromString,
            rpc.GetNameResponse.SerializeToString,
        ),
        "PlaceOrder": grpc.unary_unary_rpc_method_handler(
            stub.PlaceOrder,
            resources.PlaceOrderRequest.FromString,
            resources.Order.SerializeToString,
        ),
    }
    generic = grpc.method_handlers_generic_handler(SERVICE_NAME, handlers)
    server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


class Terminal:
    """A process on a terminal of 80 columns, and what it has written there."""

    def __init__(self, process: asyncio.subprocess.Process, device: int) -> None:
        self.process, self._device = process, device
        self.text = ""
        self._more = asyncio.Event()
        os.set_blocking(device, False)
        asyncio.get_running_loop().add_reader(device, self._read)

    def _read(self) -> None:
        try:
            self.text += os.read(self._device, 65536).decode(errors="replace")
        except OSError:  # the other side is closed
            asyncio.get_running_loop().remove_reader(self._device)
        self._more.set()

    async def shows(self, words: str) -> None:
        async with asyncio.timeout(START_S):
            while words not in self.text:
                self._more.clear()
                await self._more.wait()

    def type(self, keys: str) -> None:
        os.write(self._device, keys.encode())

    async def status(self) -> int:
        return await asyncio.wait_for(self.process.wait(), START_S)

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._device)
        await end(self.process)
        os.close(self._device)


@asynccontextmanager
async def on_terminal(*arguments: str) -> AsyncGenerator[Terminal]:
    """Run `connector …` as someone at a keyboard would; Ctrl-C can be typed."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _OWN_TERMINAL, *arguments,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={"PATH": os.environ["PATH"], "TERM": "xterm", "COLUMNS": "80", "LINES": "30"},
    )  # fmt: skip
    os.close(theirs)
    terminal = Terminal(process, ours)
    try:
        yield terminal
    finally:
        await terminal.close()


_OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that a typed Ctrl-C is a signal
os.execv(sys.executable, [sys.executable, "-m", "connector.cli", *sys.argv[1:]])
"""
