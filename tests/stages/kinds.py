"""Items of every feed, as values and as messages, and what stages may ask of them."""

from decimal import Decimal

from connector import items, wire
from connector.domain import Candle, FundingRate, Price
from connector.stages import Items
from connector.trading import (
    Account,
    MarginMode,
    Order,
    OrderStatus,
    OrderType,
    Position,
    Side,
)

MINUTE_MS = 60_000
TICK = Decimal("0.10")


def tick(_: str) -> Decimal:
    return TICK


def now_ms() -> int:
    return 10_000


PRICE = Price("BTCUSDT", "100.10", 1_234)
CANDLE = Candle("BTCUSDT", 5 * MINUTE_MS, "1.0", "2.0", "0.5", "1.50", "7.000", False)
FUNDING = FundingRate("BTCUSDT", "0.0001", "0.0002", 28_800_000, 1_234)
POSITION = Position("BTCUSDT", "-1.5", "100", "101", "-1.5", 5, "cross", None, None)
ACCOUNT = Account(
    "1000", "998.5", "900", (POSITION,), 5, False, None, MarginMode.REGULAR, "998.5", "10"
)
ORDER = Order(
    exchange_order_id="77",
    order_id=7,
    client_order_id="mine",
    symbol="BTCUSDT",
    side=Side.BUY,
    type=OrderType.LIMIT,
    status=OrderStatus.NEW,
    price="100",
    quantity="1",
    executed_qty="0",
    avg_price="0",
    created_at_ms=1,
    update_time_ms=2,
)

Kind = tuple[Items[object], object]


def kinds() -> dict[str, list[Kind]]:
    """Of each feed: its items as values, then as messages, each with one of them."""
    price = wire.encode_price(PRICE, "binance", "BTCUSDT")
    candle = wire.encode_candle(CANDLE, "BTCUSDT")
    funding = wire.encode_funding_update(FUNDING, "binance", "BTCUSDT")
    account = wire.encode_account(ACCOUNT, str)
    position = wire.encode_position(POSITION, "BTCUSDT")
    order = wire.encode_order_update(ORDER, "binance", "BTCUSDT")
    told: dict[str, list[tuple[object, object]]] = {
        "price": [
            (items.prices(tick, now_ms), PRICE),
            (items.price_messages(tick, now_ms), price),
        ],
        "klines": [
            (items.candles(MINUTE_MS, now_ms), CANDLE),
            (items.candle_messages(MINUTE_MS, now_ms), candle),
        ],
        "funding": [(items.fundings(now_ms), FUNDING), (items.funding_messages(now_ms), funding)],
        "account": [(items.accounts(now_ms), ACCOUNT), (items.account_messages(now_ms), account)],
        "positions": [
            (items.positions(now_ms), POSITION),
            (items.position_messages(now_ms), position),
        ],
        "orders": [(items.orders(now_ms), ORDER), (items.order_messages(now_ms), order)],
    }
    return {
        feed: [(of, one) for of, one in pairs]  # pyright: ignore[reportReturnType]
        for feed, pairs in told.items()
    }
