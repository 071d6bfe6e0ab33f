"""Whole numbers as decimal text with a fixed number of digits, never through a float."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction

IntText = Callable[[int], str]


def fixed_text(units: int, decimals: int) -> IntText:
    """Make a writer of n x units x 10^-decimals with exactly that many decimals.

    `fixed_text(10, 2)(971231)` is "97123.10".
    """
    if decimals == 0:
        return lambda count: str(count * units)
    scale = 10**decimals
    template = f"%d.%0{decimals}d"

    def text(count: int) -> str:
        if count < 0:
            return "-" + template % divmod(-count * units, scale)
        return template % divmod(count * units, scale)

    return text


def whole_count(text: str, unit: str, what: str) -> int:
    """Read how many units a decimal text is.

    Errors:  ValueError that names `what`, for text that is no number above zero or no multiple.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{what} must be a number, got {text!r}") from None
    if number.is_finite() and number > 0 and abs(number.adjusted()) < 40:
        count, rest = divmod(Fraction(number), Fraction(unit))
        if not rest:
            return count
    raise ValueError(f"{what} must be a positive multiple of {unit}, got {text!r}")
