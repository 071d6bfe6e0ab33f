"""The bench's own processes: an exchange that keeps what it sent, clients, a bare server."""

import sys


def python(program: str, *arguments: str) -> list[str]:
    """Give the command that starts one of them."""
    return [sys.executable, "-m", f"{__name__}.{program}", *arguments]
