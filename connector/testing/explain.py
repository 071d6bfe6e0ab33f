"""What pytest says when two timelines differ: both diagrams, aligned, and where they part."""

from itertools import zip_longest

from connector.testing.diagrams import subscription
from connector.testing.timeline import Event, Lives, Timeline, draw


def pytest_assertrepr_compare(
    config: object, op: str, left: object, right: object
) -> list[str] | None:
    """Explain a failed `==` of timelines or lives; import it into a conftest.py to have it."""
    del config
    return explain(left, right) if op == "==" else None


def explain(left: object, right: object) -> list[str] | None:
    """Say how two timelines, lists of timelines, or lives differ; None for anything else."""
    if isinstance(left, Timeline) and isinstance(right, Timeline):
        return _timelines(left, right)
    if isinstance(left, Lives) and isinstance(right, list):
        return _lives(left, [*right])
    if isinstance(left, list) and isinstance(right, list):
        return _each([*left], [*right])
    return None


def _each(left: list[object], right: list[object]) -> list[str] | None:
    lines: list[str] = []
    for index, (mine, theirs) in enumerate(zip_longest(left, right)):
        if mine != theirs and (told := explain(mine, theirs)):
            lines += [f"[{index}] {told[0]}", *told[1:]]
    return lines or None


def _timelines(left: Timeline, right: Timeline) -> list[str]:
    (mine, theirs), legend = draw([left, right])
    lines = [
        "marbles differ:",
        f"  {left.role:<9} {mine}",
        f"  {right.role:<9} {theirs}",
    ]
    for seen, other in zip_longest(left.events, right.events):
        if seen is None or other is None or not seen.is_same(other):
            lines.append(f"  {left.role:<9} {_told(seen, left)}")
            lines.append(f"  {right.role:<9} {_told(other, right)}")
            break
    return lines + [f"  {line}" for line in legend]


def _told(event: Event | None, line: Timeline) -> str:
    if event is None:
        return "nothing more"
    what = event.kind if event.kind == "completed" else f"{event.kind} {event.payload!r}"
    return f"{what} at frame {event.at_us / line.tick_us:g}"


def _lives(left: Lives, right: list[object]) -> list[str]:
    lines = ["lives differ:"]
    for mine, theirs in zip_longest(left, right):
        if isinstance(theirs, str):
            theirs = Lives([subscription(theirs, left.tick_us)], left.tick_us)[0]
        lines.append(f"  lived     {mine if mine is not None else 'no such subscription'}")
        lines.append(f"  expected  {theirs if theirs is not None else 'no such subscription'}")
    return lines
