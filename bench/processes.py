"""Processes that the bench starts, asks, measures through /proc, and ends."""

import asyncio
import contextlib
import ctypes
import itertools
import os
import signal
import sysconfig
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.commands import ToClients, ToDirect, ToExchange, ToHostile

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
CONNECTOR = str(Path(sysconfig.get_path("scripts")) / "connector")
_serials = itertools.count(1)
ANSWER_S = 60.0
START_S = 60.0
STOP_S = 8.0
ANSWER_BYTES = 1 << 28
"""A journal is one line."""
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""Anything else, EXCHANGE or CONNECTOR_…, would change what is measured."""


class ChildFailed(RuntimeError):
    """A process ended or didn't answer; the message has the end of its log."""


class Child:
    """A process of ours: JSON lines in and out, stderr to a file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name, self._process, self._log = name, process, log
        self.pid = process.pid
        self._proc = Path("/proc") / str(process.pid)

    async def line(self, told: type[T], within_s: float = ANSWER_S) -> T:
        """Read the next line of its stdout.

        Errors:  ChildFailed.
        """
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(within_s):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise self._failure(f"no answer within {within_s:.0f} s") from None
        if not line:
            raise self._failure("ended")
        return msgspec.json.decode(line, type=told)

    async def ask(
        self,
        command: ToExchange | ToClients | ToDirect | ToHostile,
        answer: type[T],
        within_s: float = ANSWER_S,
    ) -> T:
        """Send a command and read its answer.

        Errors:  ChildFailed.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(command) + b"\n")
        return await self.line(answer, within_s)

    async def stop(self) -> None:
        """End it, asked first, and wait until it is gone."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    @property
    def cpu_s(self) -> float:
        """CPU seconds so far, all threads, user and system."""
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def rss_mib(self) -> float:
        """Resident memory now."""
        return self._status_kib("VmRSS") / 1024

    @property
    def peak_rss_mib(self) -> float:
        """Most resident memory so far."""
        return self._status_kib("VmHWM") / 1024

    @property
    def open_files(self) -> int:
        """File descriptors, sockets among them."""
        return len(os.listdir(self._proc / "fd"))

    @property
    def threads(self) -> int:
        """Threads of the system."""
        return len(os.listdir(self._proc / "task"))

    def log_lines(self, containing: str) -> list[str]:
        """Give the lines of its log that contain a text."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [line for line in lines if containing in line]

    def _status_kib(self, key: str) -> int:
        for line in (self._proc / "status").read_text().splitlines():
            if line.startswith(f"{key}:"):
                return int(line.split()[1])
        return 0

    def _failure(self, what: str) -> ChildFailed:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-8:])
        return ChildFailed(f"{self.name} {what}; its log ends:\n{tail}")


def machine_s() -> tuple[float, float]:
    """CPU seconds of all processes on all CPUs so far, and those that a virtual host withheld."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _iowait, irq, softirq, steal = stat.readline().split()[1:9]
    busy = sum(int(ticks) for ticks in (user, nice, system, irq, softirq))
    return busy / os.sysconf("SC_CLK_TCK"), int(steal) / os.sysconf("SC_CLK_TCK")


_system = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1  # Linux alone, as the whole bench


def _end_with_parent() -> None:
    """Let the system end this process when the bench is killed and can't."""
    _system.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


@asynccontextmanager
async def running(name: str, command: Sequence[str], folder: Path) -> AsyncGenerator[Child]:
    """Start a process; end it when the block is left, for whatever reason."""
    log = folder / f"{next(_serials)} {name}.log"
    environment = {key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ}
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            cwd=ROOT,
            env=environment,
            limit=ANSWER_BYTES,
            start_new_session=True,  # Ctrl-C is ours alone; we end them
            preexec_fn=_end_with_parent,
        )
    child = Child(name, process, log)
    try:
        yield child
    finally:
        await child.stop()
