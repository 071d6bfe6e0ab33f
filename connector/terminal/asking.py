"""Asked before anything is sent to an exchange where it costs money; told while it takes time."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console

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
