"""The table of docs/reliability.md: measured, never written by hand."""

from pathlib import Path

from tests.chaos.cases import Case
from tests.chaos.floor import STREAMS

PAPER = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"

Took = dict[str, float]
FOUND: dict[Case, Took | None] = {}
"""What each case of this run found; None for a fault that wasn't survived."""


def table(figures: dict[Case, Took | None]) -> str:
    """Write the figures."""
    survived = {case: took for case, took in figures.items() if took is not None}
    counted = {case: max(took.values()) for case, took in survived.items() if not case.endless}
    worst = max(counted, key=lambda case: counted[case], default=None)
    lines = [
        f"{len(figures)} faults tried, {len(survived)} survived."
        + (f" Worst recovery: {counted[worst]:.2f} s, `{worst.name}`." if worst else ""),
        "",
        f"| fault | {' | '.join(STREAMS)} |",
        f"|---|{'---|' * len(STREAMS)}",
    ]
    for case, took in figures.items():
        cells = [f"{took[each]:.2f}" if took and each in took else "–" for each in STREAMS]
        failed = "" if took is not None else " **not survived**"
        lines.append(f"| `{case.name}`{failed} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(figures: dict[Case, Took | None]) -> None:
    """Put the table into the paper, between its marks."""
    before, _, rest = PAPER.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAPER.write_text(f"{before}{BEGIN}\n\n{table(figures)}\n\n{END}{after}")
