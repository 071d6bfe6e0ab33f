"""Pipelines shown: each feed's, with its options; and one that is tried on a marble diagram."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple, TypeVar

from reactivex import operators as ops

from connector import items
from connector.config import FeedsConfig
from connector.domain import Candle, FundingRate, Price
from connector.errors import InvalidRequest
from connector.stages import FEEDS, Items, Pipeline, Pipelines, Stage
from connector.testing import MalformedDiagram, Marbles
from connector.testing.diagrams import stream_marks
from connector.testing.timeline import draw
from connector.trading import (
    Account,
    MarginMode,
    Order,
    OrderStatus,
    OrderType,
    Position,
    Side,
)

T = TypeVar("T")

MINUTE_MS = 60_000
HEARD_ON = timedelta(seconds=1)
"""So long a stream that doesn't end is heard after its last item."""
STEP = Decimal("0.10")


class Drawn(NamedTuple):
    """A feed's stages as text: the fixed ones before and after those that it was given."""

    feed: str
    before: str
    given: tuple[str, ...]
    after: str


def drawn(config: FeedsConfig, pipelines: Pipelines) -> list[Drawn]:
    """Draw the pipeline of each feed, with the options that hold."""
    linger = f"map_to_proto | share_latest(linger_s={config.linger_s:g})"
    rate = config.price.max_per_second
    coalesced = f"coalesce(max_per_second={rate:g}) | " if rate else ""
    account, positions = config.account, config.positions
    fixed = {
        "price": (
            f"heartbeat(every_s={config.price.heartbeat_s:g}) | resume | newest_only",
            coalesced + linger,
        ),
        "klines": (f"close_candles(grace_ms={config.klines.grace_ms}) | resume", linger),
        "funding": (f"heartbeat(every_s={config.funding.heartbeat_s:g}) | resume", linger),
        "account": (
            f"resume | ask_on_news(every_s={account.refresh_s:g}) | combine_account | "
            f"heartbeat(every_s={account.heartbeat_s:g}) | resume",
            linger,
        ),
        "positions": (
            f"resume | ask_on_news(every_s={positions.refresh_s:g}) | keep_positions | "
            f"share_latest(linger_s={config.linger_s:g}) | positions_changed",
            "map_to_proto",
        ),
        "orders": (
            f"cross_check(silence_s={config.orders.silence_s:g}) | repair_gaps | resume | "
            "keep_ledger | hold_until",
            linger,
        ),
    }
    return [
        Drawn(feed, fixed[feed][0], tuple(str(s) for s in pipelines.of(feed).steps), fixed[feed][1])
        for feed in FEEDS
    ]


def usage(stage: Stage) -> str:
    """Write a stage with its options: those with a default with it, the others with `…`."""
    options = (
        f"{name}={'…' if field.is_required() or field.default is None else field.default}"
        for name, field in stage.options.model_fields.items()
    )
    return f"{stage.name}({', '.join(options)})"


def tried(pipelines: Pipelines, feed: str, text: str, diagram: str, tick: timedelta) -> list[str]:
    """Let a marble diagram pass a pipeline in virtual time, and draw what comes out under it.

    Errors:  BadNotation, BadStage; InvalidRequest for a feed or a diagram that is none.
    """
    if feed not in FEEDS:
        raise InvalidRequest(f"no feed is called {feed}; there are {', '.join(FEEDS)}")
    pipeline = pipelines.written(text, feed)
    play = _Play(pipeline, diagram, tick)
    try:
        return _PLAYED[feed](play)
    except (MalformedDiagram, AssertionError) as error:
        raise InvalidRequest(str(error)) from None


class _Play:
    def __init__(self, pipeline: Pipeline, diagram: str, tick: timedelta) -> None:
        self.pipeline, self.diagram, self.tick = pipeline, diagram, tick
        self.marbles = Marbles(tick=tick)

    def shown(
        self, of: Items[T], make: Callable[[str, int], T], told: Callable[[T], str]
    ) -> list[str]:
        """Play it: `make` gives the item of a letter and an instant in ms, `told` says it."""
        m = self.marbles
        made: list[tuple[T, str]] = []

        def item(letter: str) -> T:
            if not (letter.isascii() and letter.isalpha()):
                raise MalformedDiagram(
                    "items are letters", self.diagram, self.diagram.index(letter)
                )
            made.append((make(letter, m.now_ms()), letter))
            return made[-1][0]

        def named(value: T) -> str:
            return next((letter for each, letter in made if each == value), told(value))

        stream = m.hot(self.diagram).pipe(ops.map(item), self.pipeline.operator(of), ops.map(named))
        seen = m.run(stream, self._life())
        for event in seen.events:
            if isinstance(event.payload, MalformedDiagram):
                raise event.payload
        lines, legend = draw([m.expected(self.diagram.replace("^", "")), seen])
        letters = {letter: each for each, letter in reversed(made)}
        words = [f"{letter} = {told(letters[letter])}" for letter in sorted(letters)]
        return [*lines, *legend, *words]

    def _life(self) -> str:
        marks = stream_marks(self.diagram, self.tick // timedelta(microseconds=1), hot=True)
        if marks and marks[-1].character in "|#":
            return "^"
        last = marks[-1].frame if marks else len(self.diagram)
        return "^" + "-" * (last + max(1, HEARD_ON // self.tick)) + "!"


def _number(letter: str) -> int:
    return ord(letter.lower()) - ord("a")


def _prices(play: _Play) -> list[str]:
    def price(letter: str, at_ms: int) -> Price:
        symbol, first = ("BTCUSDT", 100) if letter.islower() else ("ETHUSDT", 200)
        return Price(symbol, f"{first + _number(letter) * STEP:.2f}", at_ms)

    return play.shown(
        items.prices(lambda _: Decimal("0.01"), play.marbles.now_ms),
        price,
        lambda each: f"{each.symbol} {each.price}",
    )


def _candles(play: _Play) -> list[str]:
    def bar(letter: str, _: int) -> Candle:
        close = f"{100 + _number(letter) * STEP:.2f}"
        opened = _number(letter) * MINUTE_MS
        return Candle("BTCUSDT", opened, close, close, close, close, "1", letter.isupper())

    def told(bar: Candle) -> str:
        minute, closed = bar.timestamp_ms // MINUTE_MS, "closed" if bar.is_closed else "forming"
        return f"minute {minute} {closed}: {bar.open} to {bar.close}, volume {bar.volume}"

    return play.shown(items.candles(MINUTE_MS, play.marbles.now_ms), bar, told)


def _fundings(play: _Play) -> list[str]:
    def rate(letter: str, at_ms: int) -> FundingRate:
        symbol = "BTCUSDT" if letter.islower() else "ETHUSDT"
        return FundingRate(symbol, f"{(1 + _number(letter)) * RATE:f}", None, 28_800_000, at_ms)

    return play.shown(
        items.fundings(play.marbles.now_ms), rate, lambda each: f"{each.symbol} {each.rate}"
    )


def _accounts(play: _Play) -> list[str]:
    def account(letter: str, _: int) -> Account:
        total = str(1000 + _number(letter))
        return Account(total, total, total, (), 1, False, None, MarginMode.REGULAR, total, "0")

    return play.shown(
        items.accounts(play.marbles.now_ms),
        account,
        lambda each: f"balance {each.total_wallet_balance}",
    )


def _positions(play: _Play) -> list[str]:
    def position(letter: str, _: int) -> Position:
        symbol = "BTCUSDT" if letter.islower() else "ETHUSDT"
        size = str(_number(letter))
        return Position(symbol, size, "100", "100", "0", 1, "cross", None, None)

    return play.shown(
        items.positions(play.marbles.now_ms), position, lambda each: f"{each.symbol} {each.size}"
    )


def _orders(play: _Play) -> list[str]:
    def order(letter: str, at_ms: int) -> Order:
        number = 1 + _number(letter)
        kind, status = OrderType.LIMIT, OrderStatus.NEW
        return Order(
            str(number), number, letter, "BTCUSDT", Side.BUY, kind, status, "100", "1", "0", "0",
            at_ms, at_ms,
        )  # fmt: skip

    return play.shown(
        items.orders(play.marbles.now_ms), order, lambda each: f"order {each.order_id}"
    )


RATE = Decimal("0.0001")
_PLAYED: dict[str, Callable[[_Play], list[str]]] = {
    "price": _prices,
    "klines": _candles,
    "funding": _fundings,
    "account": _accounts,
    "positions": _positions,
    "orders": _orders,
}
