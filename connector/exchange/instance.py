"""An exchange's class of ccxt.pro made an instance: exact, tapped, paced as the exchange allows."""

from collections.abc import Mapping
from typing import Any

import ccxt.pro

from connector.config import BadConfig, ExchangeConfig
from connector.domain import MarketType
from connector.exchange.capabilities import auto_market_type
from connector.exchange.pacing import RollingWindow
from connector.exchange.tap import tapped
from connector.exchange.ways import Way, way_of

LONGEST_WAIT_S = 8.0
"""Of a request for its turn within the exchange's limit; below every bound of ours, so that what is
given up at its bound was sent."""
LEAST_BURST = 60
"""Requests that fit into a window: above the weight of any single one."""
KEEP_ALIVE_MS = 5_000
"""Between pings of a websocket; one that misses two is dead."""
NO_SNAPSHOT = {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False}
"""ccxt would ask for positions at the first subscription alone, and tell nothing else till then."""


def instance(
    class_name: str, config: ExchangeConfig, urls: Mapping[str, Any], timeout_s: float
) -> Any:
    """Make the exchange's instance of ccxt.pro, tapped and set as everything here expects it.

    Errors:  BadConfig when a sandbox is asked for that ccxt doesn't know.
    """
    way = way_of(class_name)
    base: type[Any] = tapped(getattr(ccxt.pro, class_name))
    exchange_class = type(base.__name__, (*way.overrides, base), {})
    exchange: Any = exchange_class(
        {
            "apiKey": config.api_key.get_secret_value(),
            "secret": config.api_secret.get_secret_value(),
            "password": config.passphrase.get_secret_value(),
            "timeout": round(timeout_s * 1000),
            "enableRateLimit": True,
            "newUpdates": True,
            "options": {"watchPositions": NO_SNAPSHOT, **way.options},
            **config.ccxt.proxies,
        }
    )
    exchange.number = str
    _allow_bursts(exchange, way.weight_window_ms)
    listed: dict[str, Any] = exchange.timeframes or {}
    absent = way.absent_intervals
    exchange.timeframes = {name: id_ for name, id_ in listed.items() if name not in absent}
    keep_alive = exchange.streaming.get("keepAlive") or KEEP_ALIVE_MS
    exchange.streaming = {**exchange.streaming, "keepAlive": min(keep_alive, KEEP_ALIVE_MS)}
    exchange.options = exchange.deep_extend(exchange.options, config.ccxt.options)
    if config.ccxt.sandbox:
        try:
            exchange.set_sandbox_mode(True)
        except (TypeError, ccxt.pro.NotSupported):  # ccxt looks for it in an address that is None
            raise BadConfig(f"exchange.ccxt.sandbox: {config.id} has none in ccxt") from None
    exchange.urls = exchange.deep_extend(exchange.urls, urls)
    return exchange


def _allow_bursts(exchange: Any, window_ms: int | None) -> None:
    """Count requests over a window, instead of ccxt's pause after each.

    ccxt's default bucket is not refilled while nothing is asked, so that each question waits for
    the one before: 50 ms on Binance, whatever the rate. A window is exact about the same limit.
    """
    window_ms = window_ms or max(1000, LEAST_BURST * exchange.rateLimit)
    exchange.throttler = RollingWindow(
        window_ms / exchange.rateLimit, window_ms / 1000, LONGEST_WAIT_S
    )


def traded(config: ExchangeConfig, exchange: Any, way: Way) -> MarketType:
    """Give the type of the markets that are served. Errors: BadConfig for one that isn't there."""
    has_swap, has_spot = exchange.has.get("swap") is True, exchange.has.get("spot") is not False
    if config.market == "auto":
        return auto_market_type(exchange.has, way)
    wanted = MarketType(config.market)
    if not (has_swap if wanted is MarketType.SWAP else has_spot):
        raise BadConfig(f"exchange.market {config.market!r} is not traded on {config.id}")
    return wanted
