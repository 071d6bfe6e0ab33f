"""What a check found, and how it is shown."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from connector.masking import mask_text
from connector.terminal.rows import wide_table


class State(enum.Enum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "FAILURE"
    SKIPPED = "skipped"


COLOURS = {State.OK: "green", State.WARNING: "yellow", State.FAILURE: "bold red"}


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    words: str
    remedy: str = ""


def show(findings: Sequence[Finding]) -> None:
    """Print a table on a terminal; piped, a line each: check, state, finding, remedy."""
    console = Console()
    if not console.is_terminal:
        for each in findings:
            cells = (each.check, each.state.value, each.words, each.remedy)
            print("\t".join(mask_text(" ".join(cell.split())) for cell in cells))
        return
    table = wide_table("check", "", "finding", "remedy")
    table.columns[0].no_wrap = table.columns[1].no_wrap = True
    for each in findings:
        table.add_row(
            each.check,
            Text(each.state.value, COLOURS.get(each.state, "dim")),
            Text(mask_text(each.words)),
            Text(mask_text(each.remedy)),
        )
    console.print(table)
