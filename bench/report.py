"""What was measured, as rows for people and as values for machines."""

import math
from collections.abc import Sequence

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

Value = float | int | str


class Row(msgspec.Struct):
    """A figure beside what is aimed at; an empty target means that it is told for its own sake."""

    figure: str
    target: str
    measured: str
    plain: str = ""
    floor: str = ""
    of_plain: str = ""
    of_floor: str = ""


class Machine(msgspec.Struct):
    """Where it was measured. Load is the system's mean of one minute."""

    cpus: int
    python: str
    load_before: float
    load_after: float


class Result(msgspec.Struct, omit_defaults=True):
    """Of one scenario."""

    scenario: str
    about: str
    rows: list[Row] = msgspec.field(default_factory=list[Row])
    values: dict[str, Value] = msgspec.field(default_factory=dict[str, Value])
    ratios: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    """Ours to another's, less is better: what the check compares from run to run."""
    seconds: float = 0.0
    """How long the scenario took."""
    faults: list[str] = msgspec.field(default_factory=list[str])
    """Losses, repetitions, disorder, streams that ended: never a slow figure."""
    apart: Machine | None = None
    """Where, if it was renewed alone, in a later run than the others."""

    def add(self, figure: str, measured: str, target: str = "", **values: Value) -> None:
        """Add a row, and the values behind it."""
        self.rows.append(Row(figure, target, measured))
        self.values.update(values)

    def beside(
        self,
        figure: str,
        key: str,
        ours: float,
        *,
        plain: float | None = None,
        floor: float | None = None,
        target: str = "",
        digits: int = 0,
        checked: bool = True,
    ) -> None:
        """Add a row of ours beside the plain way and the floor, with ratios to both.

        `checked`: whether the ratios are steady enough to be compared with another run's.
        """
        row = Row(figure, target, f"{ours:,.{digits}f}")
        self.values[key] = ours
        if plain is not None:
            row.plain, row.of_plain = f"{plain:,.{digits}f}", _ratio(ours, plain)
            self.values[f"{key} plain"] = plain
        if floor is not None:
            row.floor, row.of_floor = f"{floor:,.{digits}f}", _ratio(ours, floor)
            self.values[f"{key} floor"] = floor
        for name, other in (("plain", plain), ("floor", floor)):
            if checked and other:
                self.ratios[f"{key} / {name}"] = ours / other
        self.rows.append(row)

    def must_be(self, figure: str, found: int, wanted: int = 0) -> None:
        """Add a row whose figure is a promise; anything else is a fault."""
        self.add(figure, f"{found:,}", f"{wanted:,}")
        self.values[figure] = found
        if found != wanted:
            self.faults.append(f"{figure}: {found:,}, not {wanted:,}")

    def quantiles(
        self,
        figure: str,
        ns: Sequence[int],
        target: str = "",
        key: str = "",
        percents: Sequence[int] = (50, 95, 99),
    ) -> None:
        """Add a row of p50, p95 and p99 in milliseconds, and the values in nanoseconds."""
        if not ns:
            self.add(figure, "nothing measured", target)
            return
        found = [quantile(ns, percent / 100) for percent in percents]
        names = "/".join(f"p{percent}" for percent in percents)
        text = " / ".join(f"{value / 1e6:.2f}" for value in found)
        values = {f"{key}_p{p}_ns": value for p, value in zip(percents, found, strict=True)}
        self.add(f"{figure} {names}, ms", text, target, **values)


def quantile(values: Sequence[int], share: float) -> int:
    """Give the least value that `share` of all values don't exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _ratio(ours: float, other: float) -> str:
    return f"{ours / other:.2f} x" if other else ""


def show(result: Result, console: Console) -> None:
    """Print a scenario's table and its faults."""
    plain = not console.is_terminal
    console.print(f"[bold]{result.scenario}[/]: {result.about}", highlight=False)
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=not plain)
    table.add_column("figure", min_width=44)
    table.add_column("target", justify="right")
    compared = any(row.plain or row.floor for row in result.rows)
    titles = ["ours", "plain way", "floor", "to plain", "to floor"] if compared else ["measured"]
    for title in titles:
        table.add_column(title, justify="right")
    for row in result.rows:
        beside = [row.plain, row.floor, row.of_plain, row.of_floor] if compared else []
        table.add_row(row.figure, row.target, row.measured, *beside)
    console.print(table)
    for fault in result.faults:
        console.print(f"FAULT {fault}", style="bold red", highlight=False, markup=False)
    console.print()
