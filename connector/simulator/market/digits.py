"""Whole numbers as decimal text with a fixed number of digits, never through a float."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

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
        count = number / Decimal(unit)
    except InvalidOperation:
        raise ValueError(f"{what} must be a number, got {text!r}") from None
    if not number.is_finite() or number <= 0 or count != count.to_integral_value():
        raise ValueError(f"{what} must be a positive multiple of {unit}, got {text!r}")
    return int(count)
