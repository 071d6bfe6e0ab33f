"""`python -m bench [SCENARIO ...]`: measure, print, and say whether anything was lost."""

import argparse
import asyncio
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from rich.console import Console

from bench.processes import ChildFailed
from bench.report import Result, show
from bench.run import Run, Scenario
from bench.scenarios import SCENARIOS

PIPED_WIDTH = 120
SCENARIO_S = 60.0
"""What a scenario may take besides its measuring: a bound, not a figure."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure whole processes on loopback. Exit status 1 for anything lost, "
        "doubled or out of order; never for a slow figure.",
    )
    parser.add_argument("scenario", nargs="*", help="all of them when none is named")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the values there too")
    parser.add_argument(
        "--seconds", type=float, help="how long each scenario measures (1 to 60; else its own)"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.scenario if name not in SCENARIOS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(SCENARIOS)}")
    if arguments.seconds is not None and not 1 <= arguments.seconds <= 60:
        parser.error("--seconds: 1 to 60")
    return arguments


async def _run_all(chosen: list[Scenario], run: Run, console: Console) -> list[Result]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    limit_s = SCENARIO_S + run.seconds(0)
    results: list[Result] = []
    for scenario in chosen:
        result = Result(scenario.name, scenario.about)
        results.append(result)
        try:
            async with asyncio.timeout(limit_s):
                await scenario.measure(run, result)
        except ChildFailed as error:
            result.faults.append(str(error))
        except TimeoutError:
            result.faults.append(f"not done within {limit_s:.0f} s")
        show(result, console)
    return results


def _load() -> str:
    python = platform.python_version()
    return f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {python}"


def main() -> int:
    """Give the exit status."""
    arguments = _arguments()
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    if arguments.list:
        for scenario in SCENARIOS.values():
            console.print(f"{scenario.name:9} {scenario.about}", highlight=False)
        return 0
    if not Path("/proc/self/stat").exists():
        print("bench: CPU and memory are read from /proc, which only Linux has", file=sys.stderr)
        return 2
    names: list[str] = arguments.scenario
    chosen = [each for name, each in SCENARIOS.items() if not names or name in names]
    console.print(f"{_load()}. On a busy machine trust ratios and counts, not milliseconds.\n")
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    faults = 0
    try:
        results = asyncio.run(_run_all(chosen, Run(folder, arguments.seconds), console))
        faults = sum(len(result.faults) for result in results)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("bench: stopped", file=sys.stderr)
        return 130
    finally:
        if not faults:
            shutil.rmtree(folder, ignore_errors=True)
    if faults:
        console.print(f"The logs of all processes are kept in {folder}", highlight=False)
    console.print(f"{time.monotonic() - began:.0f} s, faults: {faults}. Then: {_load()}")
    if arguments.json is not None:
        arguments.json.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
