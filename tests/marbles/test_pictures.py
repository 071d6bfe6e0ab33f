"""Marble text as SVG."""

import re
from xml.etree import ElementTree

import pytest

from connector.testing.diagrams import MalformedDiagram
from connector.testing.pictures import picture

SVG = "{http://www.w3.org/2000/svg}"
CHARACTER = 7.3
"""Width of one in a monospace font of 12 px, as browsers draw it."""


def _circles(text: str) -> list[tuple[int, int, str]]:
    """Give each marble's place and letter."""
    groups = ElementTree.fromstring(picture(text)).iter(f"{SVG}g")
    return [
        (int(circle.get("cx", "")), int(circle.get("cy", "")), label.text or "")
        for circle, label in groups
    ]


def test_what_stands_in_one_column_is_drawn_below_each_other() -> None:
    above, below = "in   -a-b-|", "out  ---b-|"

    (_, _, a), (x, y, b), (x_below, y_below, b_below) = _circles(f"{above}\n{below}")

    assert [a, b, b_below] == ["a", "b", "b"]
    assert x == x_below
    assert y < y_below


def test_a_diagram_may_be_indented_to_be_aligned() -> None:
    (first, *_), (second, *_) = _circles("source  -a-|\nother     -b-|")

    assert second - first == _circles("in  -a-b-|")[1][0] - _circles("in  -a-b-|")[0][0]


def test_a_digit_belongs_to_the_letter_before_it() -> None:
    assert [text for *_, text in _circles("in  -a5-b12-7-b'-|")] == ["a5", "b12", "7", "b'"]


def test_a_group_is_one_instant_and_is_stacked() -> None:
    first, second, after = _circles("in  -(ab)-c-|")

    assert first[0] == second[0]
    assert first[1] < second[1]
    assert after[0] > first[0]
    assert after[1] == first[1]


def test_ends_errors_pauses_and_subscriptions_are_drawn() -> None:
    drawn = picture("in   -a- 3s -#\nlife ^-----!\nout  -a-...-|\n> resume(<1>)")

    kinds = re.findall(r'class="(end|error|life|pause|operator)"', drawn)
    assert kinds == ["pause", "error", "life", "life", "pause", "end", "operator", "operator"]
    assert "resume(&lt;1&gt;)" in drawn


def test_a_group_that_ends_has_its_bar_behind_its_marbles_and_no_longer_than_them() -> None:
    drawn = picture("in  -a-(bc|)")

    (bar,) = (line for line in ElementTree.fromstring(drawn).iter() if line.get("class") == "end")
    (*_, first, last) = _circles("in  -a-(bc|)")
    assert drawn.index('class="end"') < drawn.index('class="marble ')
    assert int(bar.get("x1", "")) == first[0] == last[0]
    assert int(bar.get("y1", "")) - first[1] == last[1] - int(bar.get("y2", ""))


def test_an_operators_text_stands_within_its_box() -> None:
    text = "heartbeat(every_s=0.05) | stale_after(max_age_s=0.06)"
    root = ElementTree.fromstring(picture(f"in  -a-|\n> {text}\nout  -a-|"))

    (box,) = root.iter(f"{SVG}rect")
    assert int(box.get("width", "")) > CHARACTER * len(text)
    assert int(root.get("width", "")) >= int(box.get("x", "")) + int(box.get("width", ""))


def test_a_letter_and_its_capital_share_a_colour_and_not_the_filling() -> None:
    drawn = picture("in  -a-A-b-|")

    colours = re.findall(r"--colour:(#\w+)", drawn)
    assert colours[0] == colours[1] != colours[2]
    assert re.findall(r'class="marble (\w+)"', drawn) == ["full", "hollow", "full"]


@pytest.mark.parametrize(
    ("line", "place"),
    [("in  -a-%-|", 3), ("in  -(a", 1), ("in  -a)-|", 2), ("in  -(a-b)", 3), ("in  -((a))", 2)],
)
def test_what_is_no_diagram_is_refused_with_the_place(line: str, place: int) -> None:
    with pytest.raises(MalformedDiagram) as refused:
        picture(line)

    assert str(refused.value).splitlines()[-1].index("^") == place + 2


def test_a_line_without_a_diagram_is_refused() -> None:
    with pytest.raises(MalformedDiagram, match="a name, a space and a diagram"):
        picture("-a-b-|")
    with pytest.raises(ValueError, match="needs a line"):
        picture("> nothing\n")
