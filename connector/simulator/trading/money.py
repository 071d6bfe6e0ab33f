"""Money as whole numbers of 10^-8 of an asset."""

from connector.simulator.market.digits import fixed_text, whole_count

MONEY_DECIMALS = 8
MONEY_UNIT = 10**MONEY_DECIMALS
MILLION = 1_000_000

money_text = fixed_text(1, MONEY_DECIMALS)
"""Write money: `money_text(123)` is "0.00000123"."""


def money_of(text: str, what: str) -> int:
    """Read an amount of zero or more.

    Errors:  ValueError that names `what`, for what is no such number of up to eight decimals.
    """
    if text.strip("0.") == "" and text.count(".") <= 1 and "0" in text:
        return 0
    return whole_count(text, "0.00000001", what)


def rounded(number: int, divisor: int) -> int:
    """Divide to the nearest whole number, halves away from zero."""
    if divisor < 0:
        number, divisor = -number, -divisor
    if number < 0:
        return -((-2 * number + divisor) // (2 * divisor))
    return (2 * number + divisor) // (2 * divisor)
