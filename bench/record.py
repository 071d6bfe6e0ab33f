"""A run on file: what was measured, on what machine, and whether it became worse since."""

import os
import platform
from pathlib import Path

import msgspec

from bench.report import Machine, Result

ROOT = Path(__file__).resolve().parent.parent
LAST = ROOT / "build" / "bench.json"
"""Of every run; not committed."""
KEPT = ROOT / "docs" / "bench.json"
PICTURE = ROOT / "docs" / "bench.svg"
WORSE = 1.25
"""A ratio that has grown by more is a regression."""


class Record(msgspec.Struct):
    """A run."""

    machine: Machine
    seconds: float
    results: list[Result]


def machine(load_before: float) -> Machine:
    """Describe this machine, at the end of a run."""
    load = os.getloadavg()[0]
    cpus = os.cpu_count() or 0
    return Machine(cpus, platform.python_version(), round(load_before, 2), round(load, 2))


def write(record: Record, path: Path) -> None:
    """Write a run as JSON for people and machines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(record, order="deterministic"), indent=1)
    path.write_bytes(text + b"\n")


def read(path: Path) -> Record:
    """Read a run. Errors: OSError, msgspec.ValidationError."""
    return msgspec.json.decode(path.read_bytes(), type=Record)


def renewed(kept: Record, now: Record) -> Record:
    """Give what was kept with the scenarios of a later run in the place of the same ones."""
    later = {
        each.scenario: msgspec.structs.replace(each, apart=now.machine) for each in now.results
    }
    results = [later.pop(each.scenario, each) for each in kept.results]
    return Record(kept.machine, kept.seconds, [*results, *later.values()])


def compare(
    kept: list[Result], now: list[Result], *, whole: bool = True
) -> tuple[list[str], list[str]]:
    """Give a line for each ratio that both runs have, and those that became worse.

    Only ratios to what was measured beside ours in the same run are compared: they stand on a
    slower or a busier machine too. Less is better for each of them. One that is no number, or in a
    `whole` scenario not there any more, is worse.
    """
    known = {(each.scenario, key): ratio for each in kept for key, ratio in each.ratios.items()}
    lines: list[str] = []
    worse: list[str] = []
    for result in now:
        for key, ratio in result.ratios.items():
            before = known.get((result.scenario, key))
            if before is None:
                continue
            line = f"{result.scenario}: {key}: {before:.2f} then, {ratio:.2f} now"
            lines.append(line)
            if not ratio <= before * WORSE:
                worse.append(line)
    measured = {(each.scenario, key) for each in now for key in each.ratios}
    run = {each.scenario for each in now} if whole else set[str]()
    for (scenario, key), before in known.items():
        if scenario in run and (scenario, key) not in measured:
            lines.append(f"{scenario}: {key}: {before:.2f} then, not measured now")
            worse.append(lines[-1])
    return lines, worse
