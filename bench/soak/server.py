"""The connector that is soaked, in a process of its own: tells its port, then its size when asked.

Arguments: a configuration as JSON. Each line on stdin is answered with a line: an empty one with a
`Size`, any other with `Kinds`.
What the connector remembers of so many finished orders is cut down, so that it is full within a
minute of trading instead of within an hour: what grows beyond that is a leak. What it takes when
full, as it is shipped, is in docs/reliability.md.
"""

import asyncio
import ctypes
import gc
import sys
from collections import Counter
from pathlib import Path

import msgspec
import uvloop

from connector.app import Connector
from connector.config import Config
from connector.exchange import journal, order_fates, order_ids
from connector.logs import configure_logs
from connector.memory import settle_memory
from connector.operators import ledger

KEPT = 100
"""Finished orders that are remembered, instead of 1,000 to 20,000 in each place."""
SMAPS = Path("/proc/self/smaps_rollup")


class Size(msgspec.Struct):
    """What a process holds at an instant."""

    tasks: int
    files: int
    sockets: int
    streams: int
    blocks: int
    """Memory blocks that Python has given out, after a collection."""
    resident_bytes: int
    malloc_bytes: int = 0
    """In use of what malloc has given out: Python's large blocks, and the libraries' own."""


class _Mallinfo(ctypes.Structure):
    """glibc's `struct mallinfo2`: ten sizes, of which two are read."""

    mapped: int
    in_use: int
    _fields_ = (
        ("_first", ctypes.c_size_t * 4),
        ("mapped", ctypes.c_size_t),
        ("_between", ctypes.c_size_t * 2),
        ("in_use", ctypes.c_size_t),
        ("_last", ctypes.c_size_t * 2),
    )


class Kinds(msgspec.Struct):
    """How many objects there are of each type that the garbage collector looks at."""

    counts: dict[str, int]


class Port(msgspec.Struct):
    """Where it listens."""

    port: int


def measured(streams: int) -> Size:
    """Measure this process."""
    gc.collect()
    links = [_link(each) for each in Path("/proc/self/fd").iterdir()]
    return Size(
        tasks=len(asyncio.all_tasks()),
        files=len(links),
        sockets=sum(each.startswith("socket:") for each in links),
        streams=streams,
        blocks=sys.getallocatedblocks(),
        resident_bytes=_resident_bytes(),
        malloc_bytes=_malloc_bytes(),
    )


def _malloc_bytes() -> int:
    """Ask glibc, 2.33 or newer: what is mapped on its own, and in use of all else; 0 elsewhere."""
    ask = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if ask is None:
        return 0
    ask.restype = _Mallinfo
    told: _Mallinfo = ask()
    return told.mapped + told.in_use


def _resident_bytes() -> int:
    """Read it exactly: the figure in statm is some hundreds of kB off, by counters of each CPU."""
    line = next(each for each in SMAPS.read_text().splitlines() if each.startswith("Rss:"))
    return int(line.split()[1]) * 1024


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except FileNotFoundError:  # the listing's own
        return ""


async def _main() -> None:
    config = Config.model_validate_json(sys.argv[1])
    configure_logs(config.log)
    ledger.KEPT_ORDERS = ledger.KEPT_STRAYS = ledger.KEPT_UNTOLD = journal.KEPT_BY_ID = KEPT
    order_fates.KILLED_KEPT = order_ids.IN_MEMORY = KEPT
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with Connector(config) as connector:
        async with asyncio.timeout(30):
            await connector.ready()
        settle_memory()
        _tell(Port(connector.port))
        while asked := await lines.readline():
            if asked.strip():
                _tell(Kinds(Counter(type(each).__qualname__ for each in gc.get_objects())))
            else:
                _tell(measured(connector.service.streams.open))


def _tell(what: Port | Size | Kinds) -> None:
    print(msgspec.json.encode(what).decode(), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_main())
