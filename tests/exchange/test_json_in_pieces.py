"""JSON in pieces is the tree that ccxt's own decoding gives, digit by digit."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.exchange.json_in_pieces import in_pieces
from tests.exchange.test_recordings import FOLDER, answers

PIECE = 24

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=40,
)


def _tree(loads: Any, text: str) -> str:
    """Write a tree out with its types; or that the text is no JSON, as ccxt hears it."""
    try:
        return repr(loads(text))
    except ValueError:
        return "ValueError"


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_any_tree_is_the_same_in_pieces(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    assert _tree(in_pieces(orjson.loads, PIECE), text) == _tree(orjson.loads, text)


@given(VALUES, st.data())
@example({"a": [1.0] * 20}, None)
def test_text_that_is_damaged_is_refused_in_pieces_as_in_one(value: Any, data: Any) -> None:
    text = json.dumps(value)
    if data is None:
        damaged = text[:-9]
    else:
        at = data.draw(st.integers(0, len(text)))
        damaged = text[:at] + data.draw(st.sampled_from(["", ",", "}", '"', "\\u", "x"]))
        damaged += text[at + data.draw(st.integers(0, 2)) :]

    assert _tree(in_pieces(orjson.loads, PIECE), damaged) == _tree(orjson.loads, damaged)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": [1, 2, 3, 4, 5, 6, 7], "a": {"c": 0.10}}',
        "[0.1, 1e5, 1E-7, -0, -0.0, 18446744073709551616, 1e400, 97123.10]",
        '{"a": "\\ud83d\\ude00 and some more text", "\\u00e9": [[[[[[[[[[]]]]]]]]]]}',
        '{"a": "\\ud800 and some more of the text"}',
        '{"\\ud800": "and some more of the text"}',
        '["a text that is longer than a piece is", {}, []]',
        '{"a": NaN, "and": "some more of the text"}',
        " " * 40,
        "[" * 40,
        "[" * 2_000 + "]" * 2_000,
    ],
)
def test_what_parsers_differ_in_is_as_in_one(text: str) -> None:
    assert _tree(in_pieces(orjson.loads, PIECE), text) == _tree(orjson.loads, text)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no recordings beside this checkout")
@pytest.mark.parametrize("name", ["BINANCE_FUTURES.0.gz", "OKX.0.gz"])
def test_real_answers_about_markets_are_the_same_in_pieces(name: str) -> None:
    for text in answers(name).values():
        assert _tree(in_pieces(orjson.loads), text) == _tree(orjson.loads, text)


def test_no_call_decodes_more_than_a_piece() -> None:
    lengths: list[int] = []

    def loads(raw: Any) -> Any:
        lengths.append(len(raw))
        return orjson.loads(raw)

    told = {"code": "0", "data": {"list": [{"id": n, "tick": "0.10"} for n in range(10_000)]}}

    assert in_pieces(loads)(json.dumps(told)) == told
    assert max(lengths) < 100
