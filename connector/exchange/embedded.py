"""Point a ccxt class at another exchange of the same protocol, so that nothing else is reached."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import ccxt.pro

DEFAULT_DIALECT = "binance"
EMBEDDED_CLASSES: Mapping[str, str] = MappingProxyType({"binance": "binanceusdm", "bybit": "bybit"})
"""Which of ccxt's classes speaks each dialect of the embedded exchange."""


def embedded_urls(rest_url: str, ws_url: str, dialect: str = DEFAULT_DIALECT) -> dict[str, Any]:
    """Give the `urls` that lead to the embedded exchange. Shapes as in `redirected`."""
    return redirected(EMBEDDED_CLASSES[dialect], rest_url, ws_url)


def redirected(exchange_id: str, rest_url: str, ws_url: str) -> dict[str, Any]:
    """Give `urls` in which every API address of a class keeps its path and loses its host.

    Shapes:  rest_url `http://127.0.0.1:8080`, ws_url `ws://127.0.0.1:8080`.
    """
    api: Any = getattr(ccxt.pro, exchange_id)().urls["api"]
    return {"api": _redirected(api, rest_url, ws_url)}


def _redirected(address: Any, rest_url: str, ws_url: str) -> Any:
    if isinstance(address, dict):
        return {key: _redirected(value, rest_url, ws_url) for key, value in address.items()}
    scheme, _, rest = str(address).partition("://")
    path = rest.partition("/")[2]
    return f"{ws_url if scheme.startswith('ws') else rest_url}/{path}".rstrip("/")
