"""One order and its fills, for the tests of what keeps them: BTCUSDT, 1 to be bought at 100."""

from connector.trading import Order, OrderStatus, OrderType, Side, Trade

STATUS = {
    "new": OrderStatus.NEW,
    "part": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "rejected": OrderStatus.REJECTED,
    "expired": OrderStatus.EXPIRED,
}


def order(
    status: str,
    executed: str = "0",
    at_ms: int = 1_000,
    trade: Trade | None = None,
    *,
    number: str = "1",
    client: str = "mine",
    type_: OrderType = OrderType.LIMIT,
    price: str | None = "100",
    quantity: str = "1",
    average: str | None = "100",
    created_ms: int = 900,
    symbol: str = "BTCUSDT",
) -> Order:
    return Order(
        exchange_order_id=number,
        order_id=7,
        client_order_id=client,
        symbol=symbol,
        side=Side.BUY,
        type=type_,
        status=STATUS[status],
        price=price,
        quantity=quantity,
        executed_qty=executed,
        avg_price=average,
        created_at_ms=created_ms,
        update_time_ms=at_ms,
        last_trade=trade,
    )


def trade(
    trade_id: str, quantity: str, at_ms: int = 1_000, number: str = "1", symbol: str = "BTCUSDT"
) -> Trade:
    return Trade(trade_id, number, symbol, Side.BUY, "100", quantity, "0.01", "USDT", at_ms)


def brief(update: object) -> str:
    """Tell an update in a word: `part 0.3 a` is 0.3 executed by now, by trade a."""
    assert isinstance(update, Order)
    status = next(word for word, status in STATUS.items() if status is update.status)
    by = f" {update.last_trade.trade_id}" if update.last_trade is not None else ""
    return f"{status} {update.executed_qty}{by}"
