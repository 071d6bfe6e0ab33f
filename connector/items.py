"""What a stage may ask of each feed's items: of values, before they are encoded, and of messages.

Stages of a feed see values; those of one client see the messages that all clients share.
"""

from collections.abc import Callable, Hashable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TypeVar

from msgspec.structs import replace
from reactivex import Observable
from reactivex import operators as ops

from connector import wire
from connector.domain import Candle, FundingRate, Price
from connector.operators import Counts, Operator, resample
from connector.stages import Items
from connector.trading import Account, Order, Position

Tick = Callable[[str], Decimal]
"""The least step of a symbol's price."""
Clock = Callable[[], int]
"""The exchange's time in ms."""

COUNTED = ("dropped", "held", "coalesced")
RATE_TICK = Decimal("0.00000001")
"""Funding rates have no tick; exchanges tell eight places."""

_TENTHS = {tenth: tenth for tenth in (Decimal(1).scaleb(-places) for places in range(13))}

M = TypeVar("M", wire.PriceChange, wire.FundingUpdate)
T = TypeVar("T")


def counted(feed: str) -> Callable[[str, str], Callable[[], None]]:
    """Count what a feed's stages do. Errors: ValueError for what isn't counted."""

    def of_stage(stage: str, what: str) -> Callable[[], None]:
        if what not in COUNTED:
            raise ValueError(f"{stage} counts {what!r}; allowed: {', '.join(COUNTED)}")
        return Counts(feed).did(stage, what)

    return of_stage


def prices(tick: Tick, now_ms: Clock) -> Items[Price]:
    """Of the price feed."""

    def with_price(price: Price, value: Decimal) -> Price:
        rounded = _price_to_tick(value, tick(price.symbol))
        return Price(price.symbol, rounded, price.timestamp_ms)

    return Items(
        feed="price",
        key=_symbol,
        content=_price,
        now_ms=now_ms,
        at_ms=_timestamp_ms,
        value=_price,
        with_value=with_price,
        tick=lambda price: tick(price.symbol),
        counted=counted("price"),
    )


def price_messages(tick: Tick, now_ms: Clock) -> Items[wire.PriceChange]:
    """Of a client's prices; `tick` knows the client's spelling."""

    def value(message: wire.PriceChange) -> Decimal:
        return Decimal(message.price.value)

    def with_value(message: wire.PriceChange, value: Decimal) -> wire.PriceChange:
        copy = _copied(message)
        copy.price.value = _price_to_tick(value, tick(message.symbol))
        return copy

    return Items(
        feed="price",
        key=lambda message: message.symbol,
        content=value,
        now_ms=now_ms,
        at_ms=lambda message: message.timestamp.ToMilliseconds(),
        value=value,
        with_value=with_value,
        tick=lambda message: tick(message.symbol),
        counted=counted("price"),
    )


def candles(interval_ms: int, now_ms: Clock) -> Items[Candle]:
    """Of the klines feed; a bar's time is its opening."""
    return Items(
        feed="klines",
        key=_symbol,
        content=_itself,
        now_ms=now_ms,
        at_ms=_timestamp_ms,
        is_closed=_is_closed,
        resampled=lambda to_ms, dropped: _longer(interval_ms, to_ms, dropped),
        counted=counted("klines"),
    )


def candle_messages(interval_ms: int, now_ms: Clock) -> Items[wire.CandleMessage]:
    """Of a client's candles."""

    def resampled(
        to_ms: int, dropped: Callable[[], None]
    ) -> Operator[wire.CandleMessage, wire.CandleMessage]:
        longer = _longer(interval_ms, to_ms, dropped)

        def apply(source: Observable[wire.CandleMessage]) -> Observable[wire.CandleMessage]:
            return source.pipe(ops.map(wire.decode_candle), longer, ops.map(_encoded))

        return apply

    return Items(
        feed="klines",
        key=lambda message: message.symbol,
        content=_itself,
        now_ms=now_ms,
        at_ms=lambda message: message.timestamp,
        is_closed=lambda message: message.is_closed,
        resampled=resampled,
        counted=counted("klines"),
    )


def fundings(now_ms: Clock) -> Items[FundingRate]:
    """Of the funding feed."""
    return Items(
        feed="funding",
        key=_symbol,
        content=lambda rate: (rate.rate, rate.predicted_rate, rate.next_funding_time_ms),
        now_ms=now_ms,
        at_ms=_timestamp_ms,
        value=lambda rate: Decimal(rate.rate),
        with_value=lambda rate, value: replace(rate, rate=to_tick(value, RATE_TICK)),
        tick=lambda _: RATE_TICK,
        counted=counted("funding"),
    )


def funding_messages(now_ms: Clock) -> Items[wire.FundingUpdate]:
    """Of a client's funding."""

    def with_value(message: wire.FundingUpdate, value: Decimal) -> wire.FundingUpdate:
        copy = _copied(message)
        copy.rate.value = to_tick(value, RATE_TICK)
        return copy

    return Items(
        feed="funding",
        key=lambda message: message.symbol,
        content=lambda told: (
            told.rate.value,
            told.predicted_rate.value,
            told.next_funding_time,
        ),
        now_ms=now_ms,
        at_ms=lambda message: message.timestamp,
        value=lambda message: Decimal(message.rate.value),
        with_value=with_value,
        tick=lambda _: RATE_TICK,
        counted=counted("funding"),
    )


def accounts(now_ms: Clock) -> Items[Account]:
    """Of the account feed: one key."""
    return _plain("account", _one, now_ms)


def account_messages(now_ms: Clock) -> Items[wire.AccountMessage]:
    """Of a client's account."""
    return _plain("account", _one, now_ms)


def positions(now_ms: Clock) -> Items[Position]:
    """Of the positions feed."""
    return _plain("positions", lambda position: position.symbol, now_ms)


def position_messages(now_ms: Clock) -> Items[wire.PositionMessage]:
    """Of a client's positions."""
    return _plain("positions", lambda position: position.symbol, now_ms)


def orders(now_ms: Clock) -> Items[Order]:
    """Of the orders feed."""
    return _plain("orders", lambda order: (order.symbol, order.order_id), now_ms)


def order_messages(now_ms: Clock) -> Items[wire.OrderUpdate]:
    """Of a client's orders."""
    return _plain("orders", lambda order: (order.symbol, order.order_id), now_ms)


def to_tick(value: Decimal, tick: Decimal) -> str:
    """Round to the nearest multiple of the tick, half to even."""
    tenth = _TENTHS.get(tick)
    if tenth is not None:  # most are, and that is one step
        return format(value.quantize(tenth, ROUND_HALF_EVEN), "f")
    return format(round(value / tick) * tick, "f")


def _price_to_tick(value: Decimal, tick: Decimal) -> str:
    """Round as `to_tick`, but never to 0, which is no price."""
    return to_tick(max(value, tick), tick)


def _plain(feed: str, key: Callable[[T], Hashable], now_ms: Clock) -> Items[T]:
    return Items(feed=feed, key=key, content=_itself, now_ms=now_ms, counted=counted(feed))


def _longer(from_ms: int, to_ms: int, dropped: Callable[[], None]) -> Operator[Candle, Candle]:
    """Join bars; who asked for bars of that length already gets them as they are."""
    return (lambda source: source) if to_ms == from_ms else resample(from_ms, to_ms, dropped)


def _encoded(candle: Candle) -> wire.CandleMessage:
    return wire.encode_candle(candle, candle.symbol)


def _copied(message: M) -> M:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _symbol(item: Price | FundingRate | Candle) -> str:
    return item.symbol


def _timestamp_ms(item: Price | FundingRate | Candle) -> int:
    return item.timestamp_ms


def _price(price: Price) -> Decimal:
    return Decimal(price.price)


def _is_closed(candle: Candle) -> bool:
    return candle.is_closed


def _itself(item: object) -> object:
    return item


def _one(_: object) -> None:
    """Give the one key that there is."""
