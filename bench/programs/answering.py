"""A process that answers JSON lines on stdin until its parent goes."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import msgspec
import uvloop

T = TypeVar("T")

LINE_LIMIT = 1 << 20


def tell(answer: msgspec.Struct) -> None:
    """Write one line to the parent."""
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
    sys.stdout.buffer.flush()


async def answer_commands(
    commands: msgspec.json.Decoder[T], answer: Callable[[T], Awaitable[msgspec.Struct]]
) -> None:
    """Answer each line; return when the parent closes the pipe, or is no more."""
    lines = asyncio.StreamReader(limit=LINE_LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        tell(await answer(commands.decode(line)))


def run(main: Callable[[], Coroutine[None, None, None]], *, collecting: bool = False) -> None:
    """Run on uvloop, as the connector does, and without garbage collection unless asked for it.

    A pause of the exchange's or of a client's would be taken for one of the connector's; what is
    measured itself collects as the connector does.
    """
    if not collecting:
        gc.disable()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
