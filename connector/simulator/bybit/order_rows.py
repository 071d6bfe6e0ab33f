"""Orders and executions, as REST and the private topics have them.

Source:  bybit-exchange.github.io/docs/v5/order/open-order and .../websocket/private/order
"""

from connector.simulator.bybit.answers import Row
from connector.simulator.bybit.ids import fill_uuid, id_of, order_uuid
from connector.simulator.bybit.market_rows import mark_text
from connector.simulator.bybit.words import (
    CANCELLATION,
    KIND,
    LIFETIME,
    LINEAR,
    POSITION_INDEX,
    REJECTION,
    SIDE,
    STATUS,
)
from connector.simulator.market.digits import fixed_text
from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.desk import MAKER_FEE, TAKER_FEE
from connector.simulator.trading.money import money_text, rounded
from connector.simulator.trading.order import Fill, Kind, Order, Status

fee_rate_text = fixed_text(1, 6)


def order_row(it: Instrument, order: Order) -> Row:
    """An order as it is looked up and streamed; ended, it has no quantity left."""
    left = order.remaining if order.is_open else 0
    return {
        "category": LINEAR,
        "symbol": order.symbol,
        "orderId": id_of(order),
        "orderLinkId": order.client_id,
        "blockTradeId": "",
        "side": SIDE[order.side],
        "positionIdx": POSITION_INDEX[order.leg],
        "orderStatus": STATUS[order.status],
        "cancelType": _cancel_type(order),
        "rejectReason": _reject_reason(order),
        "timeInForce": "IOC" if order.kind is Kind.MARKET else LIFETIME[order.lifetime],
        "isLeverage": "",
        "price": it.price_text(order.price),
        "qty": it.quantity_text(order.steps),
        "avgPrice": _average_text(it, order),
        "leavesQty": it.quantity_text(left),
        "leavesValue": it.turnover_text(left * order.price),
        "cumExecQty": it.quantity_text(order.filled),
        "cumExecValue": it.turnover_text(order.turnover),
        "cumExecFee": money_text(order.fee),
        "cumFeeDetail": {it.quote: money_text(order.fee)} if order.filled else {},
        "orderType": KIND[order.kind],
        "stopOrderType": "",
        "orderIv": "",
        "triggerPrice": "",
        "takeProfit": "",
        "stopLoss": "",
        "tpslMode": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "triggerDirection": 0,
        "triggerBy": "",
        "lastPriceOnCreated": "",
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": False,
        "placeType": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createType": "CreateByLiq" if order.liquidation else "CreateByUser",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }


def execution_row(it: Instrument, order: Order | None, fill: Fill, mark: int) -> Row:
    """One execution; without its order, what was ordered is left empty."""
    liquidated = order is not None and order.liquidation
    return {
        "category": LINEAR,
        "symbol": fill.symbol,
        "orderId": order_uuid(fill.order_id),
        "orderLinkId": fill.client_id,
        "side": SIDE[fill.side],
        "orderPrice": it.price_text(order.price) if order else "",
        "orderQty": it.quantity_text(order.steps) if order else "",
        "leavesQty": it.quantity_text(order.remaining) if order else "",
        "orderType": KIND[order.kind] if order else "",
        "stopOrderType": "UNKNOWN",
        "createType": "CreateByLiq" if liquidated else "CreateByUser",
        "execFee": money_text(fill.fee),
        "execId": fill_uuid(fill.trade_id),
        "execPrice": it.price_text(fill.price),
        "execQty": it.quantity_text(fill.steps),
        "execPnl": money_text(fill.realised),
        "execType": "BustTrade" if liquidated else "Trade",
        "execValue": it.turnover_text(fill.price * fill.steps),
        "execTime": str(fill.at_ms),
        "feeCurrency": "",
        "isMaker": fill.maker,
        "feeRate": fee_rate_text(MAKER_FEE if fill.maker else TAKER_FEE),
        "tradeIv": "",
        "markIv": "",
        "markPrice": mark_text(it, mark),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": it.quantity_text(0),
        "isLeverage": "0",
        "seq": fill.trade_id,
    }


def handle_row(order: Order) -> Row:
    """Both ids of an order: all that placing, changing and cancelling answer."""
    return {"orderId": id_of(order), "orderLinkId": order.client_id}


def _average_text(it: Instrument, order: Order) -> str:
    """Write the average price executed at, empty when nothing is."""
    if not order.filled:
        return ""
    return it.mark_text(rounded(order.turnover * it.mark_units, order.filled))


def _reject_reason(order: Order) -> str:
    if order.ended_by is not None:
        return REJECTION.get(order.ended_by, "EC_NoError")
    return "EC_PerCancelRequest" if order.status is Status.CANCELED else "EC_NoError"


def _cancel_type(order: Order) -> str:
    if order.is_open or order.status is Status.FILLED:
        return "UNKNOWN"
    if order.ended_by is not None:
        return CANCELLATION.get(order.ended_by, "UNKNOWN")
    return "CancelByUser" if order.status is Status.CANCELED else "CancelByAdmin"
