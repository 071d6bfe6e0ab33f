"""Orders and own trades as REST answers.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/trade/rest-api
"""

from connector.simulator.binance.answers import Row
from connector.simulator.binance.words import KIND, LEG, LIFETIME, SIDE, STATUS
from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.money import money_text, rounded
from connector.simulator.trading.order import Fill, Order


def average_text(it: Instrument, order: Order) -> str:
    """Write the average price executed at, zero when nothing is."""
    if not order.filled:
        return it.mark_text(0)
    return it.mark_text(rounded(order.turnover * it.mark_units, order.filled))


def queried_order(it: Instrument, order: Order) -> Row:
    """An order as it is looked up: GET /order, /openOrders, /allOrders."""
    return {
        "orderId": order.order_id,
        "symbol": order.symbol,
        "status": STATUS[order.status],
        "clientOrderId": order.client_id,
        "price": it.price_text(order.price),
        "avgPrice": average_text(it, order),
        "origQty": it.quantity_text(order.steps),
        "executedQty": it.quantity_text(order.filled),
        "cumQuote": it.turnover_text(order.turnover),
        "timeInForce": LIFETIME[order.lifetime],
        "type": KIND[order.kind],
        "reduceOnly": order.reduce_only,
        "closePosition": False,
        "side": SIDE[order.side],
        "positionSide": LEG[order.leg],
        "stopPrice": it.price_text(0),
        "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": order.expires_ms,
        "priceProtect": False,
        "origType": KIND[order.kind],
        "time": order.created_ms,
        "updateTime": order.updated_ms,
    }


def answered_order(it: Instrument, order: Order) -> Row:
    """An order as placing, changing and cancelling answer: without `time`, with `cumQty`."""
    row = queried_order(it, order)
    del row["time"]
    return row | {"cumQty": it.quantity_text(order.filled)}


def as_placed(it: Instrument, row: Row) -> Row:
    """Turn an answer back to how the order was when it was taken (newOrderRespType=ACK)."""
    nothing = it.quantity_text(0)
    return row | {
        "status": "NEW",
        "avgPrice": it.mark_text(0),
        "executedQty": nothing,
        "cumQty": nothing,
        "cumQuote": it.turnover_text(0),
    }


def own_trade(it: Instrument, fill: Fill) -> Row:
    """One execution: /userTrades."""
    buyer = SIDE[fill.side] == "BUY"
    return {
        "symbol": fill.symbol,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "side": SIDE[fill.side],
        "price": it.price_text(fill.price),
        "qty": it.quantity_text(fill.steps),
        "realizedPnl": money_text(fill.realised),
        "marginAsset": it.quote,
        "quoteQty": it.turnover_text(fill.price * fill.steps),
        "commission": money_text(fill.fee),
        "commissionAsset": it.quote,
        "time": fill.at_ms,
        "positionSide": LEG[fill.leg],
        "maker": fill.maker,
        "buyer": buyer,
    }
