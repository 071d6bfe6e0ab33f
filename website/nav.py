"""The order of the pages.

One that is named here and isn't written yet is left out; one that isn't named stands at the end.
"""

from collections.abc import Iterable

ORDER: dict[str, tuple[str, ...]] = {
    "Start": ("index.md", "concepts.md", "guarantees.md"),
    "Use": ("rpc.md", "config.md", "pipelines.md", "stages.md", "metrics.md", "security.md"),
    "Extend": ("own-stage.md",),
    "Operate": ("operating.md", "deployment.md", "doctor.md", "chaos.md"),
    "Figures": ("reliability.md", "performance.md", "capabilities.md", "bench.md"),
    "Reasons": ("decisions.md",),
}

EXPECTED = {name for names in ORDER.values() for name in names}
"""Every page that has a place."""


def nav_of(pages: Iterable[str]) -> list[dict[str, list[str]]]:
    """Put pages into their sections, each once."""
    there = sorted(pages)
    nav = [
        {title: kept}
        for title, names in ORDER.items()
        if (kept := [name for name in names if name in there])
    ]
    if rest := [name for name in there if name not in EXPECTED]:
        nav.append({"More": rest})
    return nav
