"""Orders that an exchange executes soon, or not at all."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

WINDOW: Mapping[str, int] = MappingProxyType({"recvWindow": 5_000})
"""ccxt's option, in ms. Binance: "It is recommended to use a small recvWindow of 5000 or less"."""


def carries_deadline(header: str, paths: Collection[str]) -> type[Any]:
    """Make what lets the orders of a ccxt class carry their deadline, as ccxt doesn't.

    Source:  ccxt 4.5.90, `async_support/base/exchange.py` (`fetch2`), which signs what has had its
             turn within the limit of requests.
    """

    class CarriesDeadline:
        def sign(self, path: str, api: Any, method: str = "GET", *rest: Any) -> Any:
            exchange: Any = self
            request: Any = super().sign(  # pyright: ignore[reportAttributeAccessIssue]
                path, api, method, *rest
            )
            if method == "POST" and path in paths:
                until_ms = exchange.exchange_ms() + exchange.options["recvWindow"]
                request["headers"] = {**request["headers"], header: str(until_ms)}
            return request

    return CarriesDeadline
