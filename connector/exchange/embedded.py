"""Point ccxt's Binance class at the embedded exchange, so that nothing leaves this machine."""

from typing import Any

import ccxt.pro

from connector.exchange.session import EMBEDDED_CLASS


def embedded_urls(rest_url: str, ws_url: str) -> dict[str, Any]:
    """Give `urls` that replace every address of the class: REST sections by their own path.

    Shapes:  rest_url `http://127.0.0.1:8080`, ws_url `ws://127.0.0.1:8080`.
    """
    api: dict[str, Any] = getattr(ccxt.pro, EMBEDDED_CLASS)().urls["api"]
    return {"api": {key: _redirected(value, rest_url, ws_url) for key, value in api.items()}}


def _redirected(address: Any, rest_url: str, ws_url: str) -> Any:
    if isinstance(address, dict):
        return {key: _redirected(value, rest_url, ws_url) for key, value in address.items()}  # pyright: ignore[reportUnknownVariableType]
    scheme, _, rest = str(address).partition("://")
    path = rest.partition("/")[2]
    return f"{ws_url if scheme.startswith('ws') else rest_url}/{path}"
