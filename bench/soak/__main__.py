"""Soak a connector: 50 symbols at 2,000 frames a second, clients coming and going, faults.

python -m bench.soak --minutes 30: prints a table, and whether it passed; the exit status says it
too (0 passed, 1 failed, 2 too short to tell). --write puts the table into docs/reliability.md.

Before the minutes that are judged there is a warm-up, in which each kind of fault strikes once
under the full load and 1,500 orders are placed: buffers grow to the largest frame (5 MB), every
code path is loaded, and what is remembered on purpose of orders is full.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import msgspec

from bench.processes import ROOT
from bench.soak.clients import Notes, Visit
from bench.soak.faults import cards, dealt
from bench.soak.server import Kinds, Port, Size
from bench.soak.verdict import Check, left, medians, memory, slope
from connector.exchange.embedded import embedded_urls
from connector.simulator import Simulator, SimulatorConfig
from connector.simulator.config import USUAL_KEY, USUAL_SECRET

SYMBOLS, FRAMES_PER_SECOND, CLIENTS = 50, 2_000.0, 10
VISIT_S = (10.0, 40.0)
SAMPLE_S, FAULT_S = 5.0, 20.0
FIRST_S = 20.0
"""Of the first visits, after which the connector at rest is measured."""
WARM_FAULT_S = 8.0
"""Between two faults of the warm-up."""
WARM_ORDERS = 1_500
"""Orders of the warm-up: SQLite's pages, of what is remembered the last to be full, take 1,000."""
WARM_VISITS_S, MOST_WARM_S = 30.0, 1_200.0
TOLD_EVERY = 12
"""Samples, until the next line that tells how it goes."""
CALM_S = 25.0
"""After the last client: the linger of 5 s, the last fault's repair, ccxt's own pauses."""
KINDS_SHOWN = 8
TRACEBACK, TOLD_LENGTH = "Traceback (most recent call last)", 1_500
BEGIN, END = "<!-- soak: written by make soak -->", "<!-- soak: end -->"
PAPER = ROOT / "docs" / "reliability.md"


class Child:
    """The connector's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> bytes:
        """Read its next line."""
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 60)
        if not line:
            raise RuntimeError("the connector's process ended")
        return line

    async def size(self) -> Size:
        """Measure it."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return msgspec.json.decode(await self.line(), type=Size)

    async def kinds(self) -> Counter[str]:
        """Count its objects by type."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"kinds\n")
        return Counter(msgspec.json.decode(await self.line(), type=Kinds).counts)


async def _started(stack: AsyncExitStack, exchange: Simulator, folder: str) -> tuple[Child, int]:
    urls = embedded_urls(exchange.rest_url, exchange.ws_url, "binance")
    config = {
        "exchange": {
            "id": "binanceusdm",
            "api_key": USUAL_KEY,
            "api_secret": USUAL_SECRET,
            "ccxt": {"urls": urls},
        },
        "server": {"port": 0},
        "state": {"path": str(Path(folder) / "state.db")},
    }
    with (Path(folder) / "connector.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.soak.server", json.dumps(config)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        )
    stack.push_async_callback(_ended, process)
    child = Child(process)
    return child, msgspec.json.decode(await child.line(), type=Port).port


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _visits(address: str, symbols: list[str], notes: Notes, until: float) -> None:
    """Keep ten clients there; each leaves after a while, and another comes."""

    async def seat(drawn: random.Random) -> None:
        while (rest := until - time.monotonic()) > 0:
            visit = Visit(next(notes.numbers), address, symbols, notes)
            await visit.stay(min(rest, drawn.uniform(*VISIT_S)))

    async with asyncio.TaskGroup() as group:
        for each in range(CLIENTS):
            group.create_task(seat(random.Random(each)))


async def _faults(exchange: Simulator, begun: Counter[str], texts: Iterator[str]) -> None:
    for count, text in enumerate(texts):
        await asyncio.sleep(WARM_FAULT_S if count < len(cards()) else FAULT_S)
        exchange.begin_fault(text)
        begun[text.partition(":")[0]] += 1
        print(f"  {text}", flush=True)


async def _warmed_up(
    visits: Callable[[float], Awaitable[None]], notes: Notes, begun: Counter[str]
) -> float:
    """Trade until each fault has struck and enough orders are placed; give the seconds it took."""
    began, took_s = time.monotonic(), 0.0
    while begun.total() < len(cards()) or len(notes.placed) < WARM_ORDERS:
        await visits(time.monotonic() + WARM_VISITS_S)
        took_s = time.monotonic() - began
        print(
            f"warm-up: {took_s:.0f} s, {begun.total()} faults, {len(notes.placed)} orders",
            flush=True,
        )
        if took_s > MOST_WARM_S:
            raise RuntimeError(f"no {WARM_ORDERS} orders in {took_s:.0f} s; is anything wrong?")
    return took_s


async def soak(minutes: float, seed: int) -> tuple[list[Check], list[str]]:
    """Soak; give what was checked, and the figures."""
    notes, begun = Notes(), Counter[str]()
    at_s: list[float] = []
    sizes: list[Size] = []
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        exchange = Simulator(
            SimulatorConfig(
                symbols=SYMBOLS, total_frames_per_second=FRAMES_PER_SECOND,
                balance={"USDT": "100000000"},
            )
        )  # fmt: skip
        await exchange.start()
        stack.push_async_callback(exchange.stop)
        child, port = await _started(stack, exchange, folder)
        address, symbols = f"127.0.0.1:{port}", list(exchange.symbols)
        visited = partial(_visits, address, symbols, notes)
        await visited(time.monotonic() + FIRST_S)
        await asyncio.sleep(CALM_S)
        before = await child.size()
        faults = asyncio.create_task(_faults(exchange, begun, dealt(random.Random(seed))))
        warm_s = await _warmed_up(visited, notes, begun)
        kinds = await child.kinds()
        began = time.monotonic()
        until = began + minutes * 60
        visits = asyncio.create_task(visited(until))
        while time.monotonic() < until:
            await asyncio.sleep(SAMPLE_S)
            at_s.append(time.monotonic() - began)
            sizes.append(await child.size())
            for task in (faults, visits):
                if task.done():
                    task.result()  # one that failed ends the soak
            if len(sizes) % TOLD_EVERY == 0:
                print(f"{at_s[-1]:6.0f} s {sizes[-1].resident_bytes / 1e6:.2f} MB", flush=True)
        more = await child.kinds() - kinds
        await visits
        faults.cancel()
        await asyncio.sleep(CALM_S)
        after = await child.size()
        doubled = [name for name, count in exchange.orders_placed.items() if count > 1]
        known = {order.order_id for order in exchange.orders()}
        unknown = set(notes.placed.values()) - known
        log = (Path(folder) / "connector.log").read_text(errors="replace")
    tracebacks = log.count(TRACEBACK)
    checks = [
        memory(at_s, sizes),
        *left(before, after),
        Check("no stream ended, nothing went back", not notes.wrong, f"{len(notes.wrong)} seen"),
        Check("no order is doubled", not doubled, f"{len(notes.placed)} placed, {doubled[:5]}"),
        Check("the exchange has every order", not unknown, f"{len(unknown)} unknown to it"),
        Check("no traceback in the log", not tracebacks, f"{tracebacks} in {len(log)} bytes"),
    ]
    warm = f"before: a warm-up of {warm_s:.0f} s, each fault once, {WARM_ORDERS:,} orders"
    shown = ", ".join(f"{kind} {count:,}" for kind, count in more.most_common(KINDS_SHOWN))
    kinds_line = f"objects more than before, by type: {shown}"
    figures = [warm, *_figures(notes, begun, at_s, sizes), kinds_line, *_first_traceback(log)]
    return checks, [*figures, f"load of the machine: {_load()}"]


def _first_traceback(log: str) -> list[str]:
    """Give the line of the log that holds the first traceback, by its end."""
    line = next((line for line in log.splitlines() if TRACEBACK in line), None)
    return [f"the first traceback ends: {line[-TOLD_LENGTH:]}"] if line else []


def _load() -> str:
    return f"{os.getloadavg()[2]:.1f} on {os.cpu_count()} CPUs, over the last 15 minutes"


def _figures(notes: Notes, begun: Counter[str], at_s: list[float], sizes: list[Size]) -> list[str]:
    third = max(1, len(sizes) // 3)
    lines = [
        f"{what}, most in the first third and in the last:"
        f" {max(getattr(each, what) for each in sizes[:third])},"
        f" {max(getattr(each, what) for each in sizes[-third:])}"
        for what in ("tasks", "files", "sockets", "streams")
    ]
    lines = [
        _spans("resident, MB", at_s, [each.resident_bytes / 1e6 for each in sizes]),
        _spans("malloc's bytes in use, MB", at_s, [each.malloc_bytes / 1e6 for each in sizes]),
        _spans("Python's blocks, thousands", at_s, [each.blocks / 1e3 for each in sizes]),
        *lines,
    ]
    lines.append(f"clients that came and went: {next(notes.numbers) - 1:,}")
    lines.append(f"messages: {_told(notes.heard)}")
    lines.append(f"calls: {_told(notes.answers)}")
    lines.append(f"faults: {begun.total()}, {_told(begun)}")
    wrong = Counter(notes.wrong).most_common(20)
    return [*lines, *(f"wrong, {count} times: {each}" for each, count in wrong)]


def _spans(what: str, at_s: list[float], values: list[float]) -> str:
    fit = slope(at_s, values)
    told = ", ".join(f"{each:.1f}" for each in medians(values))
    return f"{what}, in ten spans: {told}; {fit.per_hour:+.1f} ± {fit.error:.1f} an hour"


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())


def _table(minutes: float, checks: Iterable[Check], figures: Iterable[str]) -> str:
    words = {True: "held", False: "FAILED", None: "too short to tell"}
    head = (
        f"{minutes:g} minutes, {SYMBOLS} symbols at {FRAMES_PER_SECOND:,.0f} frames a second,"
        f" {CLIENTS} clients, a fault every {FAULT_S:g} s."
    )
    rows = [f"| {each.what} | {words[each.held]} | {each.figures} |" for each in checks]
    return "\n".join(
        [head, "", "| what | | figures |", "|---|---|---|", *rows, "", *(f"- {f}" for f in figures)]
    )


def _write(table: str) -> None:
    text = PAPER.read_text() if PAPER.exists() else "# Reliability\n"
    if BEGIN not in text:
        text += f"\n## Soak\n\n{BEGIN}\n{END}\n"
    head, _, rest = text.partition(BEGIN)
    PAPER.write_text(f"{head}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")


def main() -> int:
    """Run it; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=7, help="draws the faults")
    parser.add_argument("--write", action="store_true", help="into docs/reliability.md")
    given = parser.parse_args()
    minutes = float(given.minutes)
    if minutes < 1:
        parser.error("--minutes must be 1 or more")
    checks, figures = asyncio.run(soak(minutes, int(given.seed)))
    table = _table(minutes, checks, figures)
    print(table)
    if given.write:
        _write(table)
    results = [each.held for each in checks]
    status = 1 if False in results else 2 if None in results else 0
    print({0: "PASSED", 1: "FAILED", 2: "TOO SHORT TO TELL"}[status])
    return status


if __name__ == "__main__":
    sys.exit(main())
