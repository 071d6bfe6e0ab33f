"""The account's open orders, own trades and positions, each list to its end.

Whoever doesn't find an order among the open ones takes it for cancelled: a part of a list is never
given for the whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.exchange.pages import WHOLE, Pages, Parameters, every_row
from connector.exchange.parse_fields import Raw
from connector.exchange.session import Session

NOTHING: Parameters = {}


async def list_open_orders(session: Session, symbol: str | None) -> list[Raw]:
    """Ask for the open orders of a symbol, or of all: ccxt's structures.

    Errors:  ccxt's; Unsupported for a list that can't be read to its end.
    """
    pages = session.way.order_pages.get(session.market_type) or _by_features(
        session, "fetchOpenOrders"
    )

    async def ask(parameters: Parameters) -> Sequence[Raw]:
        return await session.ccxt.fetch_open_orders(symbol, None, pages.limit, dict(parameters))

    rows: list[Raw] = []
    for scope in _scopes(session, symbol):
        rows += await every_row(ask, pages, scope, "open orders")
    return rows


async def list_own_trades(session: Session, symbol: str, since_ms: int) -> list[Raw]:
    """Ask for the own trades of a symbol since an instant: ccxt's structures.

    Errors:  ccxt's; Unsupported for a list that can't be read to its end.
    """
    since = _trade_pages(session).since
    if since is None:
        return await _trades(session, symbol, since_ms, NOTHING)
    return await _trades(session, symbol, None, since(since_ms))


async def list_trades_of_order(
    session: Session, symbol: str, order_id: str, since_ms: int
) -> list[Raw]:
    """Ask for the own trades of one order, by the exchange's id: ccxt's structures.

    Where no exchange can be asked so, of those of its symbol since an instant its own.
    Errors:  ccxt's; Unsupported for a list that can't be read to its end.
    """
    of_order = _trade_pages(session).of_order
    if of_order is None:
        rows = await list_own_trades(session, symbol, since_ms)
    else:
        rows = await _trades(session, symbol, None, of_order(order_id))
    return [row for row in rows if row.get("order") == order_id]


async def _trades(
    session: Session, symbol: str, since_ms: int | None, first: Parameters
) -> list[Raw]:
    pages = _trade_pages(session)

    async def ask(parameters: Parameters) -> Sequence[Raw]:
        return await session.ccxt.fetch_my_trades(symbol, since_ms, pages.limit, dict(parameters))

    return await every_row(ask, pages, first, f"own trades of {symbol}")


def _trade_pages(session: Session) -> Pages:
    known = session.way.trade_pages.get(session.market_type)
    return known or _by_features(session, "fetchMyTrades")


async def list_positions(session: Session, symbol: str | None) -> list[Raw]:
    """Ask for the positions of a symbol, or of all: ccxt's structures.

    Errors:  ccxt's; Unsupported for a list that can't be read to its end.
    """
    symbols = None if symbol is None else [symbol]

    async def ask(parameters: Parameters) -> Sequence[Raw]:
        return await session.ccxt.fetch_positions(symbols, dict(parameters))

    pages = WHOLE if symbol is not None else session.way.position_pages
    rows: list[Raw] = []
    for scope in _scopes(session, symbol):
        rows += await every_row(ask, pages, scope, "positions")
    return rows


def _scopes(session: Session, symbol: str | None) -> list[Parameters]:
    """Give the questions that together ask of every served market."""
    settled_in = session.way.settled_in
    if symbol is not None or settled_in is None:
        return [NOTHING]
    markets: Mapping[str, Mapping[str, Any]] = session.ccxt.markets
    served = (market for market in markets.values() if session.symbols.serves(market["symbol"]))
    coins = dict.fromkeys(str(market["settle"]) for market in served if market.get("linear"))
    scopes: list[Parameters] = []
    for coin in coins:
        if (scope := settled_in(coin)) not in scopes:
            scopes.append(scope)
    return scopes or [NOTHING]


def _by_features(session: Session, method: str) -> Pages:
    """Ask for as many as ccxt says that a page holds; more can't be asked for."""
    features: Any = session.ccxt.features or {}
    found: Any = features.get(session.market_type.value) or {}
    found = found.get("linear", found) or {}
    told = (found.get(method) or {}).get("limit")
    return Pages(size=told, limit=told) if isinstance(told, int) and told > 0 else WHOLE
