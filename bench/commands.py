"""What the bench tells its own processes, a JSON line each, and what they answer.

The clients know the proto and this file, nothing of the connector.
"""

from decimal import Decimal
from typing import Literal

import msgspec


class Done(msgspec.Struct):
    """Nothing to tell."""


class Listening(msgspec.Struct):
    """A process is up; 0 where there is no port."""

    port: int = 0


# to the exchange


class Pause(msgspec.Struct, tag=True):
    """Let prices rest. Answer: Done, once all that was due has been sent."""


class Subscriptions(msgspec.Struct, tag=True):
    """Answer: Counts, websockets by stream name."""


class SentPrices(msgspec.Struct, tag=True):
    """Answer: PriceJournal, every ticker frame sent."""


class SentBars(msgspec.Struct, tag=True):
    """Answer: BarJournal, every frame sent that closes a bar."""


class Bursts(msgspec.Struct, tag=True):
    """Send tickers, `size` of one symbol in one piece, the symbols in turn. Answer: Burst.

    The walks have to rest; `pause_s` lies between two pieces' beginnings, 0 for none.
    """

    count: int
    size: int
    pause_s: float


class FillAll(msgspec.Struct, tag=True):
    """Fill every open order in so many parts, all in one turn. Answer: Done."""

    parts: int


class SentOrders(msgspec.Struct, tag=True):
    """Answer: OrderJournal, every order frame sent."""


class Cut(msgspec.Struct, tag=True):
    """Cut the account's websockets, and refuse new ones. Answer: Done."""


class Accept(msgspec.Struct, tag=True):
    """Take new websockets again. Answer: Done."""


class Fill(msgspec.Struct, tag=True):
    """Fill an open order wholly. Answer: Done."""

    symbol: str
    client_order_id: str


class PrivateSockets(msgspec.Struct, tag=True):
    """Answer: Counts, `open`: websockets on the listen key that is alive."""


ToExchange = (
    Pause
    | Subscriptions
    | SentPrices
    | SentBars
    | Bursts
    | FillAll
    | SentOrders
    | Cut
    | Accept
    | Fill
    | PrivateSockets
)


class Burst(msgspec.Struct):
    """When the first and the last piece were written, wall clock."""

    from_ns: int
    until_ns: int


class Counts(msgspec.Struct):
    """Numbers by name."""

    by_name: dict[str, int]


class PriceAt(msgspec.Struct, array_like=True):
    """A price that was sent, or received: wall clock, and what tells it from all others."""

    at_ns: int
    symbol: str
    stamp_ns: int
    """The exchange's time of it."""
    price: str


class PriceJournal(msgspec.Struct):
    """In the order of sending."""

    prices: list[PriceAt]


class BarAt(msgspec.Struct, array_like=True):
    """A bar that was sent, or received."""

    at_ns: int
    symbol: str
    open_ms: int
    closed: bool
    figures: tuple[str, str, str, str, str]
    """Open, high, low, close, volume."""


class BarJournal(msgspec.Struct):
    """In the order of sending."""

    bars: list[BarAt]


class OrderAt(msgspec.Struct, array_like=True):
    """An order's update that was sent, or received, and what tells it from all others."""

    at_ns: int
    order_id: int
    executed: str
    """Of the order so far, without trailing zeros."""
    trade_id: str
    """Empty where the update is no fill."""


class OrderJournal(msgspec.Struct):
    """In the order of sending."""

    orders: list[OrderAt]


# to the clients


class Listen(msgspec.Struct, tag=True):
    """Open a stream on a connection of its own. Answer: Done, before anything came."""

    client: str
    address: str
    feed: Literal["prices", "bars", "orders"]
    symbols: list[str]


class Lag(msgspec.Struct, tag=True):
    """Ask a process that watches its event loop. Answer: Latencies, since asked last."""


class Received(msgspec.Struct, tag=True):
    """Answer: Counts, messages by client."""


class Leave(msgspec.Struct, tag=True):
    """Cancel every stream. Answer: Heard, one entry for each client in their order."""


class Call(msgspec.Struct, tag=True):
    """Call one after the other. Answer: Latencies."""

    address: str
    method: Literal["GetName", "GetLatestPrice", "PlaceOrder", "GetAccount"]
    symbol: str
    count: int
    price: str = "0"
    """Of an order to buy, as is the quantity."""
    quantity: str = "0"


class Knock(msgspec.Struct, tag=True):
    """Call GetName every so often, whether the last call was answered or not. Answer: Done.

    It comes once a first call has been answered, which isn't among those told later.
    """

    address: str
    every_s: float


class Knocked(msgspec.Struct, tag=True):
    """Begin no more calls. Answer: Latencies, each from the time at which its call was due."""


class Cycle(msgspec.Struct, tag=True):
    """Subscribe, await a message, cancel, again and again. Answer: Cycled.

    Every second one has a connection of its own, the others share one.
    """

    address: str
    symbols: list[str]
    count: int


ToClients = Listen | Lag | Received | Leave | Call | Knock | Knocked | Cycle


# to the process that asks the exchange itself


class Prepare(msgspec.Struct, tag=True):
    """Learn the markets and buy something to hold. Answer: Prepared."""

    symbol: str


class Prepared(msgspec.Struct):
    """An order that rests far below the market."""

    price: str
    quantity: str


class Ask(msgspec.Struct, tag=True):
    """Ask the exchange one question after the other. Answer: Latencies."""

    way: Literal["http", "ccxt"]
    what: Literal["order", "account", "cancel"]
    symbol: str
    count: int


ToDirect = Prepare | Ask


# to the hostile client


class Attack(msgspec.Struct, tag=True):
    """Begin to take more than one's share. Answer: Done."""

    kind: str
    address: str
    symbols: list[str]
    per_second: float
    """Attempts, where there are several."""


class Relent(msgspec.Struct, tag=True):
    """Hang up. Answer: Attacked."""


ToHostile = Attack | Relent


class Attacked(msgspec.Struct):
    """How the attack went."""

    tried: int
    told: dict[str, int]
    """What the server said, "CODE message", and how often."""


class HeardBy(msgspec.Struct):
    """What one client heard."""

    client: str
    prices: list[PriceAt]
    bars: list[BarAt]
    ended: str
    """Status of a stream that ended by itself; empty: it was open until it was cancelled."""
    orders: list[OrderAt] = msgspec.field(default_factory=list[OrderAt])


class Heard(msgspec.Struct):
    """What all clients heard."""

    by: list[HeardBy]


class Latencies(msgspec.Struct):
    """Of each call, and when it began, wall clock."""

    ns: list[int]
    began_ns: list[int] = msgspec.field(default_factory=list[int])


class Cycled(msgspec.Struct):
    """How the cycles went."""

    done: int
    failed: list[str]
    seconds: float


def plain_text(number: str) -> str:
    """Write a number without trailing zeros, so that the same number is the same text."""
    return f"{Decimal(number or '0').normalize():f}"
