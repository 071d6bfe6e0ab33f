"""Asked before anything is sent to an exchange where it costs money; told while it takes time."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from connector.errors import ConnectorError


class NotConfirmed(ConnectorError):
    """Nobody said yes, so nothing was sent."""


def confirm(doing: str, where: str) -> None:
    """Ask whether to send it; only `y` or `yes` is a yes.

    Errors:  NotConfirmed, also where there is no terminal to ask on.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NotConfirmed(
            f"not sent: {where} is not the embedded exchange and there is no terminal to ask on; "
            "--yes sends without asking"
        )
    print(f"{doing}\non {where}", file=sys.stderr)
    print("Send it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotConfirmed("not sent")


@contextmanager
def working(words: str) -> Generator[None]:
    """Show on a terminal that something is under way, until it is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(words):
        yield


@contextmanager
def steps(count: int) -> Generator[Callable[[str], None]]:
    """Show on a terminal how many of the steps are done; each is named when it begins."""
    console = Console(stderr=True)
    columns = (BarColumn(), TextColumn("{task.description}"))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("", total=count)

        def began(step: str) -> None:
            progress.update(task, description=step, advance=1)

        yield began
