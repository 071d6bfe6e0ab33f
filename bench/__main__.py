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

from rich.console import Console

from bench import record
from bench.picture import draw
from bench.processes import ChildFailed
from bench.report import Result, show
from bench.run import Run, Scenario
from bench.scenarios import QUICK, SCENARIOS

PIPED_WIDTH = 130
QUICK_S = 3.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure whole processes on loopback. Exit status 1 for anything lost, "
        "doubled or out of order; never for a slow figure, but with --check.",
    )
    parser.add_argument(
        "scenario",
        nargs="*",
        help=f"all of them when none is named; quick: {', '.join(QUICK)}, {QUICK_S:.0f} s each",
    )
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument(
        "--seconds", type=float, help="how long each measurement lasts (1 to 60; else its own)"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help=f"exit status 1 if a ratio is {record.WORSE} times that of docs/bench.json",
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="renew docs/bench.json and docs/bench.svg, of the scenarios named or as a whole",
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.scenario if name not in (*SCENARIOS, "quick")]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are quick, {', '.join(SCENARIOS)}")
    if arguments.seconds is not None and not 1 <= arguments.seconds <= 60:
        parser.error("--seconds: 1 to 60")
    if arguments.keep and ("quick" in arguments.scenario or arguments.seconds):
        parser.error("--keep: of whole scenarios only, so neither quick nor --seconds")
    if arguments.check and not record.KEPT.exists():
        parser.error("--check: there is no docs/bench.json to compare with; --keep makes it")
    return arguments


async def _run_all(chosen: list[Scenario], run: Run, console: Console) -> list[Result]:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    results: list[Result] = []
    for scenario in chosen:
        limit_s = scenario.limit_s + run.seconds(0)
        result = Result(scenario.name, scenario.about)
        results.append(result)
        began = time.monotonic()
        try:
            async with asyncio.timeout(limit_s):
                await scenario.measure(run, result)
        except ChildFailed as error:
            result.faults.append(str(error))
        except TimeoutError:
            result.faults.append(f"not done within {limit_s:.0f} s")
        result.seconds = round(time.monotonic() - began, 1)
        show(result, console)
    return results


def _load() -> str:
    python = platform.python_version()
    return f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {python}"


def _check(results: list[Result], console: Console, *, whole: bool) -> int:
    """Compare with the committed run; give how many ratios became worse."""
    lines, worse = record.compare(record.read(record.KEPT).results, results, whole=whole)
    for line in lines:
        console.print(line, style="bold red" if line in worse else None, highlight=False)
    console.print(f"{len(lines)} ratios compared, {len(worse)} worse by more than a quarter\n")
    return len(worse) if lines else 1


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
    quick = "quick" in names
    if quick:
        names = [*QUICK, *names]
    chosen = [each for name, each in SCENARIOS.items() if not names or name in names]
    seconds = arguments.seconds or (QUICK_S if quick else None)
    console.print(f"{_load()}. On a busy machine trust ratios and counts, not milliseconds.\n")
    began, load_before = time.monotonic(), os.getloadavg()[0]
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    faults = 0
    try:
        results = asyncio.run(_run_all(chosen, Run(folder, seconds, quick), console))
        faults = sum(len(result.faults) for result in results)
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("bench: stopped", file=sys.stderr)
        return 130
    finally:
        if not faults:
            shutil.rmtree(folder, ignore_errors=True)
    if faults:
        console.print(f"The logs of all processes are kept in {folder}", highlight=False)
    took_s = time.monotonic() - began
    told = record.Record(record.machine(load_before), round(took_s, 1), results)
    record.write(told, record.LAST)
    worse = _check(results, console, whole=not quick) if arguments.check else 0
    console.print(f"{took_s:.0f} s, faults: {faults}. Then: {_load()}. Values: build/bench.json")
    if arguments.keep and not faults:
        if arguments.scenario and record.KEPT.exists():
            told = record.renewed(record.read(record.KEPT), told)
        record.write(told, record.KEPT)
        record.PICTURE.write_text(draw(told))
        console.print("docs/bench.json and docs/bench.svg renewed")
    return 1 if faults or worse else 0


if __name__ == "__main__":
    sys.exit(main())
