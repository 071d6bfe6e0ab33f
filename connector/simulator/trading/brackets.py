"""Maintenance margin by notional, the same table for every instrument."""

from typing import NamedTuple

from connector.simulator.trading.money import MILLION, MONEY_UNIT

GREATEST_LEVERAGE = 125


class Bracket(NamedTuple):
    """From `floor` to `cap` of notional (money).

    Units:  `ratio` in millionths; maintenance margin is notional x ratio - `relief`.
    """

    number: int
    leverage: int
    floor: int
    cap: int
    ratio: int
    relief: int


_ROWS = (
    (125, 50_000, 4_000),
    (100, 600_000, 5_000),
    (75, 3_000_000, 6_500),
    (50, 12_000_000, 10_000),
    (25, 70_000_000, 20_000),
    (20, 100_000_000, 25_000),
    (10, 230_000_000, 50_000),
    (5, 480_000_000, 100_000),
    (4, 600_000_000, 125_000),
    (3, 800_000_000, 150_000),
    (2, 1_200_000_000, 250_000),
    (1, 1_800_000_000, 500_000),
)
"""Greatest leverage, cap in the quote asset, ratio in millionths."""


def _brackets() -> tuple[Bracket, ...]:
    found: list[Bracket] = []
    floor = relief = ratio_before = 0
    for number, (leverage, cap, ratio) in enumerate(_ROWS, 1):
        relief += floor * (ratio - ratio_before) // MILLION
        found.append(Bracket(number, leverage, floor, cap * MONEY_UNIT, ratio, relief))
        floor, ratio_before = cap * MONEY_UNIT, ratio
    return tuple(found)


BRACKETS = _brackets()


def bracket_of(notional: int) -> Bracket:
    """Give the bracket that a notional falls in; beyond the last cap, the last."""
    return next((each for each in BRACKETS if notional < each.cap), BRACKETS[-1])


def maintenance_margin(notional: int) -> int:
    """Give what must stay behind a position of this notional."""
    bracket = bracket_of(notional)
    return notional * bracket.ratio // MILLION - bracket.relief


def greatest_notional(leverage: int) -> int:
    """Give the largest notional that may be held at a leverage."""
    return max(each.cap for each in BRACKETS if each.leverage >= leverage)
