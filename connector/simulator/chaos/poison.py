"""Broken copies of frames, one for each way in which JSON can be wrong."""

from typing import cast

import orjson

from connector.simulator.serving.session import text_frame

BIG_BYTES = 5_000_000
_BINARY = 0x82
_KEPT = frozenset({"e", "s", "stream", "topic", "type", "op", "id"})
"""What tells a frame's kind, so that a broken one reaches the parser of its kind."""


def poisoned(frame: bytes, what: str) -> bytes | None:
    """Give a broken copy of a text frame; None where nothing is left to break, as in an answer.

    Shapes:  what "cut": half its JSON; "missing": all fields but those that tell its kind gone;
             "types": each value another type; "empty": no payload; "binary": bytes that are no
             text; "big": the frame with 5 MB beside its fields.
    """
    text = payload_of(frame)
    if what == "empty":
        return text_frame(b"")
    if what == "cut":
        return text_frame(text[: len(text) // 2])
    if what == "binary":
        return bytes((_BINARY, 6)) + b"\xff\xfe\x00\x01\x80\xc3"
    try:
        content: object = orjson.loads(text)
    except orjson.JSONDecodeError:  # broken by another fault
        return None
    if not isinstance(content, dict) or "id" in content or "op" in content:
        return None
    row = cast("dict[str, object]", content)
    if what == "big":
        return text_frame(orjson.dumps({**row, "padding": "x" * BIG_BYTES}))
    return text_frame(orjson.dumps(_bare(row) if what == "missing" else _retyped(row)))


def spoilt(answer: bytes, what: str) -> bytes:
    """Give the body of an answer broken, in the ways of frames: cut, missing or types."""
    if what == "cut":
        return answer[: len(answer) // 2]
    content: object = orjson.loads(answer)
    return orjson.dumps(_bare(content) if what == "missing" else _retyped(content))


def payload_of(frame: bytes) -> bytes:
    """Give a frame's payload."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :]


def _bare(value: object) -> object:
    if isinstance(value, dict):
        row = cast("dict[str, object]", value)
        return {key: _kept(key, row[key]) for key in row if key in _KEPT or _is_nested(row[key])}
    if isinstance(value, list):
        return [_bare(each) for each in cast("list[object]", value)]
    return value


def _kept(key: str, value: object) -> object:
    return value if key in _KEPT and isinstance(value, str) else _bare(value)


def _is_nested(value: object) -> bool:
    return isinstance(value, dict | list)


def _retyped(value: object, key: str = "") -> object:
    if key in _KEPT and isinstance(value, str):
        return value
    if isinstance(value, dict):
        row = cast("dict[str, object]", value)
        return {name: _retyped(each, name) for name, each in row.items()}
    if isinstance(value, list):
        return [_retyped(each) for each in cast("list[object]", value)]
    if isinstance(value, str):
        return {"not": "text"}
    return ["no number"] if isinstance(value, int | float) else 7
