"""How a command runs, and how it ends: the exit statuses and the one line on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from typing import NoReturn, TypeVar

T = TypeVar("T")
FAILED, BAD_USAGE, UNKNOWN, INTERRUPTED = 1, 2, 3, 130
"""Exit statuses: it couldn't be done; a wrong argument or value; an order was sent, and nobody
knows whether it was placed; Ctrl-C. Else 0."""


def run(main: Callable[[], Coroutine[object, None, T]], interrupted: str = "") -> T:
    """Run to the end; Ctrl-C, where `main` doesn't stop by itself at it, ends with 130.

    `interrupted` is said then; empty: nothing.
    """
    import asyncio

    import uvloop

    def to_the_end() -> T:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())

    return or_fail(to_the_end, interrupted)


def run_shown(
    words: str, main: Callable[[], Coroutine[object, None, T]], interrupted: str = ""
) -> T:
    """Run to the end, and tell on a terminal what takes so long."""
    from connector.terminal.asking import working

    with working(words):
        return run(main, interrupted)


def or_fail(step: Callable[[], T], interrupted: str = "") -> T:
    """Give what the step gives, or end with the line of its error."""
    from connector.config import BadConfig
    from connector.errors import ConnectorError, OutcomeUnknown

    try:
        return step()
    except BadConfig as error:
        fail(str(error), BAD_USAGE)
    except OutcomeUnknown as error:
        fail(str(error), UNKNOWN)
    except ConnectorError as error:
        fail(str(error), FAILED)
    except KeyboardInterrupt:
        if interrupted:
            fail(interrupted, INTERRUPTED)
        raise SystemExit(INTERRUPTED) from None


def fail(message: str, status: int) -> NoReturn:
    """Say in one line why it ends."""
    from connector.masking import mask_text

    print(f"connector: {mask_text(message)}", file=sys.stderr)
    raise SystemExit(status)


def announce(facts: dict[str, object]) -> None:
    """Print one JSON line, for whoever started this and waits for it."""
    print(json.dumps(facts), flush=True)
