"""A jump is believed when it is confirmed.

Lower case letters are values near 100, upper case near 200, Greek ones near 300.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest

from connector.operators import Operator, outlier_guard
from connector.testing import Marbles

RATIO = Decimal("0.05")
VALUES: dict[str, tuple[str, str]] = (
    {letter: ("key", f"{100 + n}.0") for n, letter in enumerate("abcde")}
    | {letter: ("key", f"{200 + n}.0") for n, letter in enumerate("ABCDE")}
    | {letter: ("key", f"{300 + n}.0") for n, letter in enumerate("αβγδε")}
    | {"x": ("other", "1"), "y": ("other", "1.04"), "z": ("other", "2")}
)


def guard(
    confirm: int = 2,
    held: Callable[[], None] = lambda: None,
    dropped: Callable[[], None] = lambda: None,
) -> Operator[tuple[str, str], tuple[str, str]]:
    return outlier_guard(
        lambda item: item[0],
        lambda item: Decimal(item[1]),
        RATIO,
        remember=3,
        confirm=confirm,
        on_held=held,
        on_dropped=dropped,
    )


@pytest.mark.parametrize(
    ("given", "passed", "held", "dropped"),
    [
        ("-a-b-c-|", "-a-b-c-|", 0, 0),
        ("-a-A-b-c-|", "-a---b-c-|", 1, 1),
        ("-a-b-A-B-C-------D-|", "-a-b-----(ABC)---D-|", 2, 0),
        ("-a-A-α-β-γ-----|", "-a-------(αβγ)-|", 3, 1),
        ("-a-A-B-|", "-a-----|", 2, 0),
        ("-x-a-z-b-y-|", "-x-a---b-y-|", 1, 1),
        ("-A-B-|", "-A-B-|", 0, 0),
        ("-a-A-#", "-a---#", 1, 0),
    ],
)
def test_what_passes(given: str, passed: str, held: int, dropped: int) -> None:
    was_held: list[None] = []
    was_dropped: list[None] = []
    m = Marbles(VALUES)
    source = m.hot(given)
    stage = guard(held=lambda: was_held.append(None), dropped=lambda: was_dropped.append(None))
    assert m.run(source.pipe(stage)) == m.expected(passed)
    assert (len(was_held), len(was_dropped)) == (held, dropped)


def test_after_a_confirmed_jump_the_old_level_is_the_outlier() -> None:
    m = Marbles(VALUES)
    assert m.run(m.hot("-a-A-B------C-b-D-|").pipe(guard(confirm=1))) == m.expected(
        "-a---(AB)---C---D-|"
    )


def test_one_confirmation_is_enough_where_one_is_asked() -> None:
    m = Marbles(VALUES)
    assert m.run(m.hot("-a-A-B------|").pipe(guard(confirm=1))) == m.expected("-a---(AB)---|")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((Decimal(0), 3, 2), "max_jump_ratio is above 0"),
        ((Decimal("NaN"), 3, 2), "max_jump_ratio is above 0"),
        ((RATIO, 0, 2), "remember and confirm are 1 or more"),
        ((RATIO, 3, 0), "remember and confirm are 1 or more"),
    ],
)
def test_options_out_of_bounds_are_refused(options: tuple[Decimal, int, int], message: str) -> None:
    def nothing(_: object) -> Decimal:
        return Decimal(1)

    with pytest.raises(ValueError, match=message):
        outlier_guard(nothing, nothing, *options)
