"""Domain values as proto messages: the only place that names fields of both."""

from collections.abc import Callable

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1 import resources_pb2, types_pb2
from opensqt.market_maker.v1.events_pb2 import FundingUpdate, OrderUpdate, PriceChange
from opensqt.market_maker.v1.resources_pb2 import Account as AccountMessage
from opensqt.market_maker.v1.resources_pb2 import Candle as CandleMessage
from opensqt.market_maker.v1.resources_pb2 import Position as PositionMessage

from connector.domain import Candle, Digits, FundingRate, Price, SymbolInfo, Ticker
from connector.errors import InvalidOrder
from connector.trading import (
    Account,
    MarginMode,
    Order,
    OrderRequest,
    OrderStatus,
    OrderType,
    Position,
    Side,
    TimeInForce,
    Trade,
)


def encode_decimal(text: Digits) -> Decimal:
    """Put the digits on the wire as they stand."""
    return Decimal(value=text)


def encode_price(price: Price, exchange: str, symbol: str) -> PriceChange:
    """Encode a price under the name and in the spelling that the client knows."""
    return PriceChange(
        exchange=exchange,
        symbol=symbol,
        price=Decimal(value=price.price),
        timestamp=_timestamp(price.timestamp_ms),
    )


def encode_candle(candle: Candle, symbol: str) -> CandleMessage:
    """Encode a bar; `timestamp` is its opening time in ms."""
    return CandleMessage(
        symbol=symbol,
        open=Decimal(value=candle.open),
        high=Decimal(value=candle.high),
        low=Decimal(value=candle.low),
        close=Decimal(value=candle.close),
        volume=Decimal(value=candle.volume),
        timestamp=candle.timestamp_ms,
        is_closed=candle.is_closed,
    )


def decode_candle(message: CandleMessage) -> Candle:
    """Give the bar that a message tells, in the message's spelling of the symbol."""
    return Candle(
        symbol=message.symbol,
        timestamp_ms=message.timestamp,
        open=message.open.value,
        high=message.high.value,
        low=message.low.value,
        close=message.close.value,
        volume=message.volume.value,
        is_closed=message.is_closed,
    )


def encode_funding_update(funding: FundingRate, exchange: str, symbol: str) -> FundingUpdate:
    """Encode a funding event; an unknown prediction stays unset."""
    return FundingUpdate(
        exchange=exchange,
        symbol=symbol,
        rate=Decimal(value=funding.rate),
        predicted_rate=_maybe(funding.predicted_rate),
        next_funding_time=funding.next_funding_time_ms,
        timestamp=funding.timestamp_ms,
    )


def encode_funding_rate(
    funding: FundingRate, exchange: str, symbol: str
) -> resources_pb2.FundingRate:
    """Encode an asked funding rate; an unknown prediction stays unset."""
    return resources_pb2.FundingRate(
        exchange=exchange,
        symbol=symbol,
        rate=Decimal(value=funding.rate),
        predicted_rate=_maybe(funding.predicted_rate),
        next_funding_time=funding.next_funding_time_ms,
        timestamp=funding.timestamp_ms,
    )


def encode_ticker(ticker: Ticker, symbol: str) -> resources_pb2.Ticker:
    """Encode the last 24 hours; what the exchange doesn't tell stays unset."""
    return resources_pb2.Ticker(
        symbol=symbol,
        price_change=_maybe(ticker.price_change),
        price_change_percent=_maybe(ticker.price_change_ratio),
        last_price=Decimal(value=ticker.last_price),
        volume=_maybe(ticker.volume),
        quote_volume=_maybe(ticker.quote_volume),
        timestamp=ticker.timestamp_ms,
        open_interest=_maybe(ticker.open_interest),
    )


def encode_symbol_info(info: SymbolInfo) -> resources_pb2.SymbolInfo:
    """Encode what may be ordered; limits that the market doesn't tell stay unset."""
    return resources_pb2.SymbolInfo(
        symbol=info.symbol,
        price_precision=info.price_precision,
        quantity_precision=info.quantity_precision,
        base_asset=info.base_asset,
        quote_asset=info.quote_asset,
        min_quantity=_maybe(info.min_quantity),
        min_notional=_maybe(info.min_notional),
        tick_size=_maybe(info.tick_size),
        step_size=_maybe(info.step_size),
    )


def _maybe(text: Digits | None) -> Decimal | None:
    return None if text is None else Decimal(value=text)


def decode_order_request(
    message: resources_pb2.PlaceOrderRequest, symbol: str, client_order_id: str
) -> OrderRequest:
    """Decode an order to be placed; unspecified time in force means GTC, a MARKET has no price.

    Errors:  InvalidOrder for an unspecified or unknown side, type or time in force, and for a
             post-only MARKET order.
    """
    side, kind = _SIDES.get(message.side), _TYPES.get(message.type)
    in_force = _TIMES_IN_FORCE.get(message.time_in_force)
    if side is None:
        raise InvalidOrder("side is unspecified; allowed: ORDER_SIDE_BUY, ORDER_SIDE_SELL")
    if kind is None:
        raise InvalidOrder("type is unspecified; allowed: ORDER_TYPE_LIMIT, ORDER_TYPE_MARKET")
    if in_force is None:
        raise InvalidOrder(f"time_in_force {message.time_in_force} is none; allowed: 0 to 4")
    post_only = message.post_only or in_force is TimeInForce.GTX
    if post_only and kind is OrderType.MARKET:
        raise InvalidOrder("a MARKET order can't be post-only")
    if post_only and in_force not in (TimeInForce.GTX, TimeInForce.GTC):
        raise InvalidOrder(f"a post-only order can't be {in_force.value}")
    return OrderRequest(
        symbol=symbol,
        side=side,
        type=kind,
        time_in_force=TimeInForce.GTX if post_only else in_force,
        quantity=message.quantity.value,
        price=None if kind is OrderType.MARKET else message.price.value,
        client_order_id=client_order_id,
        reduce_only=message.reduce_only,
        use_margin=message.use_margin,
    )


def encode_order(order: Order, symbol: str) -> resources_pb2.Order:
    """Encode an order's state in the caller's spelling."""
    return resources_pb2.Order(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        symbol=symbol,
        side=_SIDE_NUMBERS[order.side],
        type=_TYPE_NUMBERS[order.type],
        price=_maybe(order.price),
        quantity=Decimal(value=order.quantity),
        executed_qty=Decimal(value=order.executed_qty),
        avg_price=_maybe(order.avg_price),
        status=_STATUS_NUMBERS[order.status],
        created_at=_timestamp(order.created_at_ms),
        update_time=order.update_time_ms,
        trades=[] if order.last_trade is None else [encode_trade(order.last_trade, order, symbol)],
    )


def encode_trade(trade: Trade, order: Order, symbol: str) -> resources_pb2.Trade:
    """Encode a fill of an order; fee and profit stay unset when the exchange doesn't tell them."""
    return resources_pb2.Trade(
        trade_id=trade.trade_id,
        order_id=order.order_id,
        symbol=symbol,
        side=_SIDE_NUMBERS[trade.side],
        price=Decimal(value=trade.price),
        quantity=Decimal(value=trade.quantity),
        fee=_maybe(trade.fee),
        fee_asset=trade.fee_asset,
        timestamp=_timestamp(trade.timestamp_ms),
        realized_pnl=_maybe(trade.realized_pnl),
    )


def encode_order_update(order: Order, exchange: str, symbol: str) -> OrderUpdate:
    """Encode an event of an order, with the fill that made it."""
    trade = order.last_trade
    return OrderUpdate(
        exchange=exchange,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        symbol=symbol,
        side=_SIDE_NUMBERS[order.side],
        type=_TYPE_NUMBERS[order.type],
        status=_STATUS_NUMBERS[order.status],
        price=_maybe(order.price),
        quantity=Decimal(value=order.quantity),
        executed_qty=Decimal(value=order.executed_qty),
        avg_price=_maybe(order.avg_price),
        update_time=order.update_time_ms,
        last_trade=None if trade is None else encode_trade(trade, order, symbol),
    )


def encode_position(position: Position, symbol: str) -> PositionMessage:
    """Encode a net position: short is negative. Haircut 1: full collateral, as far as is known."""
    return PositionMessage(
        symbol=symbol,
        size=Decimal(value=position.size),
        entry_price=_maybe(position.entry_price),
        mark_price=_maybe(position.mark_price),
        unrealized_pnl=_maybe(position.unrealized_pnl),
        leverage=position.leverage or 1,
        margin_type=position.margin_type,
        isolated_margin=_maybe(position.isolated_margin),
        liquidation_price=_maybe(position.liquidation_price),
        haircut=Decimal(value="1"),
    )


def encode_account(account: Account, spelling: Callable[[str], str]) -> AccountMessage:
    """Encode the account; a health score that nobody knows stays unset."""
    return AccountMessage(
        total_wallet_balance=Decimal(value=account.total_wallet_balance),
        total_margin_balance=_maybe(account.total_margin_balance),
        available_balance=_maybe(account.available_balance),
        positions=[encode_position(p, spelling(p.symbol)) for p in account.positions],
        account_leverage=account.account_leverage,
        is_unified=account.is_unified,
        health_score=_maybe(account.health_score),
        margin_mode=_MARGIN_MODES[account.margin_mode],
        adjusted_equity=_maybe(account.adjusted_equity),
        total_maintenance_margin=_maybe(account.total_maintenance_margin),
    )


_SIDE_NUMBERS = {Side.BUY: types_pb2.ORDER_SIDE_BUY, Side.SELL: types_pb2.ORDER_SIDE_SELL}
_TYPE_NUMBERS = {
    OrderType.LIMIT: types_pb2.ORDER_TYPE_LIMIT,
    OrderType.MARKET: types_pb2.ORDER_TYPE_MARKET,
}
_STATUS_NUMBERS = {
    OrderStatus.NEW: types_pb2.ORDER_STATUS_NEW,
    OrderStatus.PARTIALLY_FILLED: types_pb2.ORDER_STATUS_PARTIALLY_FILLED,
    OrderStatus.FILLED: types_pb2.ORDER_STATUS_FILLED,
    OrderStatus.CANCELED: types_pb2.ORDER_STATUS_CANCELED,
    OrderStatus.REJECTED: types_pb2.ORDER_STATUS_REJECTED,
    OrderStatus.EXPIRED: types_pb2.ORDER_STATUS_EXPIRED,
}
_MARGIN_MODES = {
    MarginMode.REGULAR: types_pb2.MARGIN_MODE_REGULAR,
    MarginMode.UNIFIED: types_pb2.MARGIN_MODE_UNIFIED,
    MarginMode.PORTFOLIO: types_pb2.MARGIN_MODE_PORTFOLIO,
}
_SIDES = {number: side for side, number in _SIDE_NUMBERS.items()}
_TYPES = {number: kind for kind, number in _TYPE_NUMBERS.items()}
_TIMES_IN_FORCE = {
    types_pb2.TIME_IN_FORCE_UNSPECIFIED: TimeInForce.GTC,
    types_pb2.TIME_IN_FORCE_GTC: TimeInForce.GTC,
    types_pb2.TIME_IN_FORCE_IOC: TimeInForce.IOC,
    types_pb2.TIME_IN_FORCE_FOK: TimeInForce.FOK,
    types_pb2.TIME_IN_FORCE_GTX: TimeInForce.GTX,
}


def _timestamp(at_ms: int) -> Timestamp:
    seconds, millis = divmod(at_ms, 1000)
    return Timestamp(seconds=seconds, nanos=millis * 1_000_000)
