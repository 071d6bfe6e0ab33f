"""How a command runs, and how it ends: the exit statuses and the one line on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from typing import NoReturn, TypeVar

T = TypeVar("T")
BAD_USAGE, FAILED, INTERRUPTED = 2, 1, 130
"""Exit statuses: a wrong argument or value; it couldn't be done; Ctrl-C. Else 0."""


def run(main: Callable[[], Coroutine[object, None, T]]) -> T:
    """Run to the end; Ctrl-C, where `main` doesn't stop by itself at it, ends quietly."""
    import asyncio

    import uvloop

    def to_the_end() -> T:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())

    try:
        return or_fail(to_the_end)
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def or_fail(step: Callable[[], T]) -> T:
    """Give what the step gives, or end with the line of its error."""
    from connector.config import BadConfig
    from connector.errors import ConnectorError

    try:
        return step()
    except BadConfig as error:
        fail(str(error), BAD_USAGE)
    except ConnectorError as error:
        fail(str(error), FAILED)


def fail(message: str, status: int) -> NoReturn:
    """Say in one line why it ends."""
    from connector.masking import mask_text

    print(f"connector: {mask_text(message)}", file=sys.stderr)
    raise SystemExit(status)


def announce(facts: dict[str, object]) -> None:
    """Print one JSON line, for whoever started this and waits for it."""
    print(json.dumps(facts), flush=True)
