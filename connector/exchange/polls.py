"""Which questions stand in where ccxt has no `watch_*`, and how often they are asked."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from connector.domain import PriceSource
from connector.errors import ConnectorError, Unsupported
from connector.exchange.few_at_once import few_at_once
from connector.exchange.parse_fields import Raw
from connector.exchange.polled import Polled
from connector.exchange.session import Session

PRICE_S = 2.0
CANDLES_S = 5.0
AT_ONCE = 5
"""Questions on their way, where each symbol needs its own."""

One = Callable[[str], Awaitable[Any]]

_MANY = {
    PriceSource.TICKER: "fetchTickers",
    PriceSource.TRADES: "fetchTickers",
    PriceSource.BIDASK: "fetchBidsAsks",
    PriceSource.MARK: "fetchMarkPrices",
}


def price_poll(session: Session, source: PriceSource, one: One) -> Polled:
    """Ask for the prices of a source every 2 s: all in one question if there is one, else `one`.

    Errors:  Unsupported where they can't be asked for either.
    """
    needed = "fetchMarkPrice" if source is PriceSource.MARK else "fetchTicker"
    many = _MANY[source] if session.offers(_MANY[source]) else None
    if many is None and not session.offers(needed):
        raise Unsupported(f"{session.ccxt.id} has no prices from {source.value!r}")

    def spelled(raw: Raw) -> Raw:
        return {**raw, "price": raw.get("last")} if source is PriceSource.TRADES else raw

    async def ask(symbols: Sequence[str]) -> Iterable[tuple[str, Any]]:
        answers = await together(session, many, one, symbols)
        return [(s, a if isinstance(a, ConnectorError) else spelled(a)) for s, a in answers]

    return Polled(f"prices of {source.value}", ask, PRICE_S)


def candle_poll(session: Session, interval: str, newest: One) -> Polled:
    """Ask for each symbol's newest bars every 5 s: `(row, False)`, row as in parse_candle.

    Errors:  Unsupported where they can't be asked for either.
    """
    if not session.offers("fetchOHLCV"):
        raise Unsupported(f"{session.ccxt.id} has no candles")

    async def ask(symbols: Sequence[str]) -> Iterable[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        for symbol, rows in await each(newest, symbols):
            if isinstance(rows, ConnectorError):
                found.append((symbol, rows))
            else:
                found.extend((symbol, (row, False)) for row in rows)
        return found

    return Polled(f"candles {interval}", ask, CANDLES_S)


async def together(
    session: Session, many: str | None, one: One, symbols: Sequence[str]
) -> list[tuple[str, Any]]:
    """Ask ccxt's `fetchXs` once for all, and `one` for each that it doesn't tell."""
    if many is None:
        return await each(one, symbols)
    call = getattr(session.ccxt, many)
    raws = await session.ask(many, lambda: call(list(symbols)))
    told = [(symbol, raws[symbol]) for symbol in symbols if symbol in raws]
    return told + await each(one, [symbol for symbol in symbols if symbol not in raws])


async def each(one: One, symbols: Sequence[str]) -> list[tuple[str, Any]]:
    """Ask for each symbol, a few at once; one that fails gives its error."""

    async def ask(symbol: str) -> tuple[str, Any]:
        try:
            return symbol, await one(symbol)
        except ConnectorError as error:
            return symbol, error

    return await few_at_once(AT_ONCE, symbols, ask)
