"""Draws a run's ladder as SVG: latency and CPU against rate, ours, the plain way, the floor."""

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bench.record import KEPT, PICTURE, Record, read
from bench.report import Result

WIDTH, HEIGHT = 760, 340
TOP, BOTTOM, LEFT, PANEL, GAP = 56.0, 290.0, 56.0, 290.0, 80.0
WAYS = (
    ("", "connector", "#1f6feb"),
    (" plain", "plain way", "#d1622b"),
    (" floor", "floor", "#7d8590"),
)

Points = list[tuple[float, float]]


def draw(record: Record) -> str:
    """Give the picture. Errors: ValueError when the run has no ladder of two rates at least."""
    ladder = next((each for each in record.results if each.scenario == "ladder"), None)
    rates = _rates(ladder) if ladder is not None else []
    if ladder is None or len(rates) < 2:
        raise ValueError("no picture without the scenario `ladder` at two rates at least")
    panels = (
        ("CPU of the server, percent of a core", "core"),
        ("write to receipt, p50 (line) and p99 (dashes), ms", "p50"),
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
    ]
    for number, (title, key) in enumerate(panels):
        parts += _panel(LEFT + number * (PANEL + GAP), title, key, ladder, rates)
    for number, (_, name, colour) in enumerate(WAYS):
        x = LEFT + number * 110
        parts.append(_line([(x, 18), (x + 22, 18)], colour))
        parts.append(_text(x + 28, 22, name))
    machine = ladder.apart or record.machine
    about = f"load {machine.load_before} to {machine.load_after}"
    words = f"{machine.cpus} CPUs, Python {machine.python}, {about}"
    parts.append(_text(WIDTH - 10, 22, words, "end", "#57606a"))
    return "\n".join([*parts, "</svg>", ""])


def _rates(ladder: Result) -> list[int]:
    return sorted(int(key.removeprefix("us at ")) for key in ladder.values if _is_rate(key))


def _is_rate(key: str) -> bool:
    return key.startswith("us at ") and key.removeprefix("us at ").isdecimal()


def _panel(left: float, title: str, key: str, ladder: Result, rates: Sequence[int]) -> list[str]:
    lines = [(key, ""), ("p99", "5 4")] if key == "p50" else [(key, "")]
    found = {
        (figure, way): [
            (float(rate), float(ladder.values[f"{figure} at {rate}{way}"]))
            for rate in rates
            if f"{figure} at {rate}{way}" in ladder.values
        ]
        for figure, _ in lines
        for way, _, _ in WAYS
    }
    values = [value for points in found.values() for _, value in points if value == value]
    least, most = min(values), max(values)
    bounds = _decades(least, most) if key == "p50" else (0.0, _round_up(most))
    logarithmic = key == "p50"

    def x_of(rate: float) -> float:
        low, high = math.log(rates[0]), math.log(rates[-1])
        return left + (math.log(rate) - low) / (high - low) * PANEL

    def y_of(value: float) -> float:
        low, high = bounds
        if logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(value, bounds[0]))
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    parts = [_text(left, TOP - 12, title)]
    for tick in _ticks(bounds, logarithmic):
        y = y_of(tick)
        parts.append(_line([(left, y), (left + PANEL, y)], "#d8dee4", width=1))
        parts.append(_text(left - 6, y + 4, f"{tick:g}", "end", "#57606a"))
    for rate in rates:
        parts.append(_text(x_of(rate), BOTTOM + 18, f"{rate:,}", "middle", "#57606a"))
    parts.append(_text(left + PANEL / 2, BOTTOM + 38, "prices a second", "middle", "#57606a"))
    for figure, dashes in lines:
        for way, _, colour in WAYS:
            points = [(x_of(rate), y_of(value)) for rate, value in found[figure, way]]
            if len(points) > 1:
                parts.append(_line(points, colour, dashes))
    return parts


def _decades(least: float, most: float) -> tuple[float, float]:
    low = 10.0 ** math.floor(math.log10(max(least, 0.001)))
    return low, max(low * 10, 10.0 ** math.ceil(math.log10(max(most, 0.001))))


def _round_up(most: float) -> float:
    step = 10.0 ** math.floor(math.log10(max(most, 1.0)))
    return math.ceil(most / step) * step


def _ticks(bounds: tuple[float, float], logarithmic: bool) -> list[float]:
    low, high = bounds
    if logarithmic:
        return [low * 10**n for n in range(round(math.log10(high / low)) + 1)]
    return [low + (high - low) * n / 4 for n in range(5)]


def _line(points: Points, colour: str, dashes: str = "", width: float = 2) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    stroke = f'stroke="{colour}" stroke-width="{width:g}"{dashed}'
    return f'<polyline points="{places}" fill="none" {stroke}/>'


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#1f2328") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {place}>{escape(words)}</text>"


if __name__ == "__main__":
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else KEPT
    PICTURE.write_text(draw(read(source)))
