"""Marble diagrams as pictures: SVG for papers, drawn from the same kind of text."""

import re
from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from connector.testing.diagrams import MalformedDiagram

_CELL, _RADIUS, _ROW, _STACK, _CHARACTER = 20, 11, 44, 25, 7.5
_COLOURS = ("#4c78a8", "#e4572e", "#3a9d6e", "#b279a2", "#d08c0c", "#2f9c9c", "#9d755d", "#7c6fd0")
_TOKEN = re.compile(
    r"(?P<pause>\.\.\.|(?<= )\d+(?:\.\d+)?(?:ms|s|m)(?= |$))"
    r"|(?P<marble>[A-Za-z?][0-9]*'?|[0-9①-⑳])"
    r"|(?P<sign>[|#^!()])"
    r"|(?P<nothing>[- ])"
)


class _Row(NamedTuple):
    """A stream, named and drawn, or an operator that stands between streams."""

    name: str
    diagram: str
    column: int


class _Token(NamedTuple):
    """Something in a diagram: where it is written, and how deep in its group's stack."""

    kind: str
    text: str
    column: int
    depth: int


def picture(text: str) -> str:
    """Draw a few lines of marbles as one SVG element.

    Shapes:  each line is `name  -a-b-|`, or `> what happens` between two of them. Columns that
             agree in the text agree in the picture. A digit behind a letter belongs to its marble
             (`a5`); `(ab)` happens at one instant and is stacked; `...` and ` 3s ` are a pause;
             `^` and `!` begin and end a subscription.
    Errors:  MalformedDiagram that points at what is no mark; ValueError when nothing is drawn.
    """
    rows = list(_rows(text))
    streams = [row for row in rows if row.diagram]
    if not streams:
        raise ValueError("a picture needs a line such as `in  -a-b-|`")
    left = min(row.column for row in streams)
    margin = 16 + 8 * max(len(row.name) for row in streams)
    across = max(row.column - left + len(row.diagram) for row in streams)
    wordy = max((len(row.name) for row in rows if not row.diagram), default=0)
    width = max(margin + _CELL * (across + 1), int(_CHARACTER * wordy) + 24)
    y, parts = 0, list[str]()
    for row in rows:
        if not row.diagram:
            parts.append(_operator(row.name, y, width))
            y += _ROW
            continue
        tokens = list(_tokens(row.diagram))
        parts.append(_stream(row, tokens, margin + _CELL * (row.column - left), y))
        y += _ROW + _STACK * max((token.depth for token in tokens), default=0)
    return (
        f'<svg class="marbles" role="img" viewBox="0 0 {width} {y}" width="{width}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(text.strip())}</title>'
        f"{''.join(parts)}</svg>"
    )


def _rows(text: str) -> Iterator[_Row]:
    for line in text.splitlines():
        if line.strip().startswith(">"):
            yield _Row(line.strip()[1:].strip(), "", 0)
        elif line.strip():
            found = re.match(r"\s*(\S+)\s+(?=\S)", line)
            if found is None:
                raise MalformedDiagram("a name, a space and a diagram are wanted", line, 0)
            yield _Row(found[1], line[found.end() :].rstrip(), found.end())


def _tokens(diagram: str) -> Iterator[_Token]:
    column, opened, depth = 0, -1, 0
    while column < len(diagram):
        found = _TOKEN.match(diagram, column)
        if found is None:
            raise MalformedDiagram("no mark of a marble diagram", diagram, column)
        kind, text = str(found.lastgroup), found[0]
        if text == "(" and opened < 0:
            opened, depth = column, 0
        elif text == ")" and opened >= 0:
            opened, depth = -1, 0
        elif text in "()" or (opened >= 0 and (kind in ("nothing", "pause") or text in "^!")):
            raise MalformedDiagram("this doesn't belong here", diagram, column)
        elif kind != "nothing":
            beside = depth - 1 if text == "|" and depth else depth
            yield _Token(kind, text, column if opened < 0 else opened, beside)
            depth += opened >= 0 and text not in "|#"
        column = found.end()
    if opened >= 0:
        raise MalformedDiagram("this group is never closed", diagram, opened)


def _stream(row: _Row, tokens: list[_Token], left: int, y: int) -> str:
    middle = y + _ROW // 2

    def at(column: int) -> int:
        return left + _CELL * column + _CELL // 2

    began = next((at(token.column) for token in tokens if token.text == "^"), left)
    ends = (at(token.column) for token in tokens if token.text in "|#!")
    ended = next(ends, left + _CELL * len(row.diagram))
    parts = [
        f'<text class="name" x="4" y="{middle + 4}">{escape(row.name)}</text>',
        f'<line x1="{began}" y1="{middle}" x2="{ended}" y2="{middle}"/>',
    ]
    marbles_last = sorted(tokens, key=lambda token: token.kind == "marble")
    parts += [_drawn(token, at(token.column), middle) for token in marbles_last]
    return "".join(parts)


def _drawn(token: _Token, x: int, middle: int) -> str:
    y = middle + _STACK * token.depth
    match token.kind, token.text:
        case "pause", text:
            x += _CELL * (len(text) - 1) // 2
            return f'<text class="pause" x="{x}" y="{y - 5}">{text.replace("...", "…")}</text>'
        case "marble", text:
            index = (ord(text[0].lower()) - ord("a")) % len(_COLOURS)
            inside = "hollow" if text[0].isupper() else "full"
            return (
                f'<g class="marble {inside}" style="--colour:{_COLOURS[index]}">'
                f'<circle cx="{x}" cy="{y}" r="{_RADIUS}"/>'
                f'<text x="{x}" y="{y + 4}">{escape(text)}</text></g>'
            )
        case _, "|":
            return f'<line class="end" x1="{x}" y1="{middle - 17}" x2="{x}" y2="{y + 17}"/>'
        case _, "#":
            cross = f"M{x - 8} {y - 8}L{x + 8} {y + 8}M{x - 8} {y + 8}L{x + 8} {y - 8}"
            return f'<path class="error" d="{cross}"/>'
        case _, sign:
            tip = y - 10 if sign == "^" else y + 10
            arrow = f"M{x - 6} {y}L{x} {tip}L{x + 6} {y}Z"
            return f'<path class="life" d="{arrow}"/>'


def _operator(text: str, y: int, width: int) -> str:
    box = f'x="4" y="{y + 6}" width="{width - 8}" height="{_ROW - 12}" rx="6"'
    return (
        f'<rect class="operator" {box}/>'
        f'<text class="operator" x="{width // 2}" y="{y + _ROW // 2 + 4}">{escape(text)}</text>'
    )
