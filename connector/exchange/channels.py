"""Which of ccxt's `watch_*` and `un_watch_*` serve which kind of update."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any

from connector.domain import PriceSource
from connector.errors import Unsupported
from connector.exchange.capabilities import CANDLE_KINDS, FUNDING_KINDS, PRICE_KINDS
from connector.exchange.channel import Channel
from connector.exchange.journal import CandleJournal, TradeJournal
from connector.exchange.lane import Lane
from connector.exchange.session import Session
from connector.exchange.sockets import hang_up, hang_up_unserved, open_for

_MARK_KINDS = PRICE_KINDS[PriceSource.MARK]

Watch = Callable[[Sequence[str]], Awaitable[object]]


def price_kind(session: Session, source: PriceSource) -> str | None:
    """Give the suffix of the `watch*` method that tells a source's prices, None where none does."""
    return _first_offered(session, PRICE_KINDS[source])


def streams_candles(session: Session) -> bool:
    """Whether candles are streamed; else they are asked for."""
    return _first_offered(session, CANDLE_KINDS) is not None


def candle_channel(session: Session, interval: str) -> Channel:
    """Give the channel of an interval: `(row, closed flag)`, row as in parse_candle, or a Candle.

    Errors:  Unsupported where the exchange streams no candles.
    """
    kind = _first_offered(session, CANDLE_KINDS)
    if kind is None:
        raise Unsupported(f"{session.ccxt.id} streams no candles")
    ccxt, read_candle = session.ccxt, session.way.read_candle

    def note(symbol: str, row: list[Any]) -> None:
        read = read_candle and read_candle(ccxt.frame, row[0], ccxt.market(symbol))
        channel.deliver(symbol, read or ([*row], False))

    def seed(symbols: Sequence[str]) -> None:
        for symbol in symbols:
            journals = ccxt.ohlcvs.setdefault(symbol, {})
            journals[interval] = CandleJournal(partial(note, symbol))

    channel = _channel(session, f"candles {interval}", kind, _nothing, seed, interval)
    return channel


def funding_kind(session: Session) -> str | None:
    """Give the suffix of the `watch*` method that tells funding, None where none does."""
    kind = _first_offered(session, FUNDING_KINDS)
    if kind is None and session.way.funding_in_mark_price is not None:
        kind = _first_offered(session, _MARK_KINDS)
    return kind


def tells_marks(kind: str) -> bool:
    """Whether a kind tells mark price structures."""
    return kind in _MARK_KINDS


def structure_channel(session: Session, kind: str) -> Channel:
    """Give the channel of a kind: ccxt's ticker, trade, mark price or funding structures.

    Where a fast lane reads them it tells values: Price, and FundingRate beside it of a mark price.

    One channel a kind, whoever listens for what: ccxt tells each message hash to one caller.
    """
    if kind in PRICE_KINDS[PriceSource.TRADES]:
        return _trades_channel(session, kind)
    return _channel(session, kind, kind, _structures)


def _trades_channel(session: Session, kind: str) -> Channel:
    ccxt = session.ccxt

    def note(symbol: str, trade: dict[str, Any]) -> None:
        channel.deliver(symbol, trade)

    def seed(symbols: Sequence[str]) -> None:
        for symbol in symbols:
            ccxt.trades[symbol] = TradeJournal(partial(note, symbol))

    channel = _channel(session, kind, kind, _nothing, seed)
    return channel


def _channel(
    session: Session,
    name: str,
    kind: str,
    split: Callable[[Any], Iterable[tuple[str, Any]]],
    seed: Callable[[Sequence[str]], None] = lambda _: None,
    interval: str | None = None,
) -> Channel:
    ccxt, many = session.ccxt, kind.endswith("s")

    def caller(method: str) -> Watch:
        call = getattr(ccxt, method)

        async def watch(symbols: Sequence[str]) -> object:
            if interval is not None:
                if many:
                    return await call([[symbol, interval] for symbol in symbols])
                return await call(symbols[0], interval)
            return await call(list(symbols) if many else symbols[0])

        return watch

    async def leave(_: Sequence[str]) -> object:
        return await hang_up_unserved(ccxt)

    watch = caller(f"watch{kind}")
    unwatches = session.offers(f"unWatch{kind}")
    unwatch = caller(f"unWatch{kind}") if unwatches else leave

    async def seeded(symbols: Sequence[str]) -> object:
        seed(symbols)
        return await watch(symbols)

    channel = Channel(
        name,
        seeded,
        unwatch,
        split,
        lambda whose: hang_up(ccxt, whose),
        session.way.symbols_at_once(session.market_type) if many else 1,
        unwatches,
        open_for=partial(open_for, ccxt),
    )
    lane: Lane | None = ccxt.lane
    if lane is not None:
        lane.serve(name, channel.deliver)
    return channel


def _first_offered(session: Session, kinds: Iterable[str]) -> str | None:
    return next((kind for kind in kinds if session.offers(f"watch{kind}")), None)


def _structures(result: Any) -> Iterable[tuple[str, Any]]:
    """Take one structure, a list of them, or a dictionary of them by symbol."""
    if isinstance(result, dict):
        symbol = result.get("symbol")
        if isinstance(symbol, str):
            yield symbol, result
            return
        result = result.values()
    elif not isinstance(result, list):
        return
    for part in result:
        if isinstance(part, dict) and isinstance(part.get("symbol"), str):
            yield part["symbol"], part


def _nothing(_: Any) -> Iterable[tuple[str, Any]]:
    return ()
