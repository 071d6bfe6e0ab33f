"""Query parameters, and the exchange's own errors for them."""

from collections.abc import Mapping

from aiohttp import web

from connector.simulator.market.interval import INTERVALS
from connector.simulator.market.listing import Listing
from connector.simulator.serving.http import json_response


class Rejected(Exception):
    """A request that the exchange refuses: its code and message, under an HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def response(self) -> web.Response:
        """Give the body `{"code":-1121,"msg":"Invalid symbol."}`."""
        return json_response({"code": self.code, "msg": str(self)}, self.status)


class Parameters:
    """One request's parameters.

    Errors:  Rejected -1102 when missing, -1100 when malformed, -1130 when out of range, -1120 and
             -1121 for an interval and a symbol that there are not, -1023 for a turned period.
    """

    def __init__(self, query: Mapping[str, str], listings: dict[str, Listing]) -> None:
        self._query = query
        self._listings = listings

    def listing(self) -> Listing:
        """Give the one that `symbol` names."""
        return self._listed(self.mandatory("symbol"))

    def listings(self) -> list[Listing] | None:
        """Give the one that `symbol` names as a list, or None when it names none."""
        return [self.listing()] if "symbol" in self._query else None

    def every_listing(self) -> list[Listing]:
        """Give all listings."""
        return list(self._listings.values())

    def interval(self) -> str:
        """Give `interval`, one of the exchange's."""
        interval = self.mandatory("interval")
        if interval not in INTERVALS:
            raise Rejected(-1120, "Invalid interval.")
        return interval

    def limit(self, usual: int, most: int) -> int:
        """Give `limit`, 1 to `most`."""
        limit = self.whole("limit")
        if limit is None:
            return usual
        if not 1 <= limit <= most:
            raise Rejected(-1130, "Data sent for parameter 'limit' is not valid.")
        return limit

    def period(self) -> tuple[int | None, int | None]:
        """Give `startTime` and `endTime` in epoch milliseconds."""
        start, end = self.whole("startTime"), self.whole("endTime")
        if start is not None and end is not None and start > end:
            raise Rejected(-1023, "Start time is greater than end time.")
        return start, end

    def whole(self, name: str) -> int | None:
        """Give a whole number of up to 20 digits, or None when it was not sent."""
        text = self._query.get(name)
        if text is None:
            return None
        if not text:
            raise not_sent(name)
        if not (text.isascii() and text.isdigit() and len(text) <= 20):
            raise Rejected(
                -1100,
                f"Illegal characters found in parameter '{name}';"
                " legal range is '^[0-9]{1,20}$'.",
            )
        return int(text)

    def text(self, name: str) -> str | None:
        """Give a parameter, or None when it was not sent; -1105 when it was sent empty."""
        text = self._query.get(name)
        if text == "":
            raise Rejected(-1105, f"Parameter '{name}' was empty.")
        return text

    def flag(self, name: str) -> bool:
        """Give `true` or `false`, false when it was not sent."""
        text = (self.text(name) or "false").lower()
        if text not in ("true", "false"):
            raise Rejected(-1130, f"Data sent for parameter '{name}' is not valid.")
        return text == "true"

    def mandatory(self, name: str) -> str:
        """Give a parameter that must be there."""
        text = self._query.get(name)
        if not text:
            raise not_sent(name)
        return text

    def _listed(self, symbol: str) -> Listing:
        listing = self._listings.get(symbol)
        if listing is None:
            raise Rejected(-1121, "Invalid symbol.")
        return listing


def not_sent(name: str) -> Rejected:
    """Give the refusal of a request without a mandatory parameter."""
    return Rejected(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )
