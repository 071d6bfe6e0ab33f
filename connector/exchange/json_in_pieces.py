"""JSON of megabytes, decoded by many calls: during a single one no other thread runs."""

from collections.abc import Callable
from typing import Any

import msgspec

PIECE = 65_536
"""Bytes that are decoded by one call, in some 0.3 ms."""
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])


def in_pieces(loads: Callable[[Any], Any], piece: int = PIECE) -> Callable[[str], Any]:
    """Decode what is short by `loads`, and what is long value by value.

    Guarantee:  the tree that `loads` gives of the whole.
    Errors:     those of `loads`.
    Shapes:     `loads` takes text and memoryviews, as orjson's does.
    """

    def tree(raw: memoryview) -> Any:
        if len(raw) > piece and raw[0] == ord("{"):
            return {key: tree(memoryview(value)) for key, value in _object.decode(raw).items()}
        if len(raw) > piece and raw[0] == ord("["):
            return [tree(memoryview(value)) for value in _array.decode(raw)]
        return loads(raw)

    def decoded(text: str) -> Any:
        if len(text) <= piece:
            return loads(text)
        try:
            return tree(memoryview(text.encode()))
        except (msgspec.DecodeError, ValueError, RecursionError):
            return loads(text)

    return decoded
