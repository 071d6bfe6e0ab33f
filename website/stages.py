"""Every stage of the project: its options, where it fits, its marble."""

import re

from connector.stages import Registry, Stage
from connector.testing.pictures import picture
from website.settings import default_of, kind_of

_MARBLE = re.compile(r"Marble:\s+in\s+(\S+)\s+out\s+(\S+)\s+(\S.*)")


def stages() -> str:
    """Write a chapter for each stage."""
    return "\n".join(_chapter(stage) for stage in Registry())


def marble_of(stage: Stage) -> tuple[str, str, str]:
    """Find what goes in, what comes out, and the stage as it is written there.

    Errors:  ValueError for a stage whose options' docstring draws nothing.
    """
    found = _MARBLE.search(stage.options.__doc__ or "")
    if found is None:
        raise ValueError(f"the stage {stage.name} has no `Marble:` in its options' docstring")
    return found[1], found[2], found[3].strip()


def drawing(stage: Stage) -> str:
    """Draw a stage."""
    given, seen, written = marble_of(stage)
    return picture(f"in   {given}\n> {written}\nout  {seen}")


def _chapter(stage: Stage) -> str:
    fits = "every feed" if len(stage.feeds) > 5 else ", ".join(f"`{each}`" for each in stage.feeds)
    parts = [f"## {stage.name}", "", stage.about, "", drawing(stage), ""]
    if fields := stage.options.model_fields:
        parts += ["| option | takes | default | means |", "|---|---|---|---|"]
        parts += [
            f"| `{name}` | {kind_of(field)} | {_code(default_of(field))} | {field.description} |"
            for name, field in fields.items()
        ]
        parts.append("")
    lossless = "Loses and repeats nothing." if stage.lossless else "Not for `orders`."
    return "\n".join([*parts, f"Fits {fits}. {lossless}", ""])


def _code(text: str) -> str:
    return f"`{text}`" if text else "–"
