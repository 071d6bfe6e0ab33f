"""Query parameters or a JSON body, and the exchange's own errors for them.

Source:  bybit-exchange.github.io/docs/v5/error
"""

from collections.abc import Mapping
from typing import cast

from connector.simulator.bybit.answers import Rejected
from connector.simulator.bybit.words import CATEGORIES, INTERVALS, LINEAR
from connector.simulator.market.listing import Listing

_PARAMS = 10001


class Parameters:
    """One request's parameters.

    Errors:  Rejected 10001, with what is wrong in the message, as the exchange has it for all
             that isn't well-formed.
    """

    def __init__(self, given: Mapping[str, object], listings: dict[str, Listing]) -> None:
        self._given = given
        self._listings = listings

    def part(self, given: object) -> "Parameters":
        """Give one order of a batch, with the batch's category."""
        if not isinstance(given, dict):
            raise Rejected(_PARAMS, "Request parameter error.")
        category = {"category": self.mandatory("category")}
        return Parameters(cast("dict[str, object]", given) | category, self._listings)

    def category(self) -> str:
        """Give `category`."""
        category = self.mandatory("category")
        if category not in CATEGORIES:
            raise Rejected(_PARAMS, "params error: Illegal category")
        return category

    def linear(self) -> None:
        """Refuse any other category."""
        if self.category() != LINEAR:
            raise Rejected(_PARAMS, "params error: Category is invalid")

    def listing(self) -> Listing:
        """Give the one that `symbol` names."""
        listing = self._listings.get(self.mandatory("symbol"))
        if listing is None:
            raise Rejected(_PARAMS, "params error: symbol invalid")
        return listing

    def maybe_listing(self) -> Listing | None:
        """Give the one that `symbol` names, or None when it names none."""
        return self.listing() if self.text("symbol") else None

    def every_listing(self) -> list[Listing]:
        """Give all listings."""
        return list(self._listings.values())

    def chosen(self) -> list[Listing]:
        """Give those of `symbol`, `baseCoin`, `settleCoin`; all if none is named."""
        named = self.maybe_listing()
        if named is not None:
            return [named]
        base, settle = self.text("baseCoin"), self.text("settleCoin")
        return [
            each
            for each in self.every_listing()
            if base in ("", each.instrument.asset) and settle in ("", each.instrument.quote)
        ]

    def scoped(self) -> list[Listing]:
        """Give the same, where one of the three must be named."""
        if not any(self.text(name) for name in ("symbol", "baseCoin", "settleCoin")):
            raise Rejected(
                _PARAMS, "Missing some parameters that must be filled in, symbol or settleCoin"
            )
        return self.chosen()

    def interval(self) -> str:
        """Give `interval`, as the market calls it."""
        interval = INTERVALS.get(self.mandatory("interval"))
        if interval is None:
            raise Rejected(_PARAMS, "Invalid period!")
        return interval

    def limit(self, usual: int, most: int) -> int:
        """Give `limit`, within what is allowed."""
        limit = self.whole("limit")
        if limit is None:
            return usual
        return min(max(limit, 1), most)

    def period(self, first: str = "startTime", last: str = "endTime") -> tuple[int, int | None]:
        """Give a start, 0 for none, and an end in epoch milliseconds."""
        start, end = self.whole(first), self.whole(last)
        if start is not None and end is not None and start > end:
            raise Rejected(_PARAMS, "params error: startTime must be less than endTime")
        return start or 0, end

    def whole(self, name: str) -> int | None:
        """Give a whole number, or None when it was not sent."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise Rejected(_PARAMS, f"params error: {name} invalid")
        return int(text)

    def text(self, name: str) -> str:
        """Give a parameter as text, empty when it was not sent."""
        given = self._given.get(name)
        if given is None:
            return ""
        return str(given).lower() if isinstance(given, bool) else str(given)

    def flag(self, name: str) -> bool:
        """Give a truth, false when it was not sent."""
        return self.text(name) == "true"

    def listed(self, name: str) -> list[object]:
        """Give a list."""
        given = self._given.get(name)
        if not isinstance(given, list) or not given:
            raise Rejected(_PARAMS, f"params error: {name} invalid")
        return cast("list[object]", given)

    def mandatory(self, name: str) -> str:
        """Give a parameter that must be there."""
        text = self.text(name)
        if not text:
            raise Rejected(_PARAMS, f"params error: {name} is required")
        return text
