"""User data events as payloads.

Source:  developers.binance.com/docs/derivatives/usds-margined-futures/user-data-streams
"""

import orjson

from connector.simulator.binance.answers import Row
from connector.simulator.binance.order_answers import average_text
from connector.simulator.binance.words import CAUSE, EXECUTION, KIND, LEG, LIFETIME, SIDE, STATUS
from connector.simulator.market.instrument import Instrument
from connector.simulator.trading.account import Account
from connector.simulator.trading.events import AccountChange, Change
from connector.simulator.trading.margin import break_even_mark, entry_mark
from connector.simulator.trading.money import money_text
from connector.simulator.trading.order import Fill, Order, Side
from connector.simulator.trading.position import Position


def encode_order(
    it: Instrument, order: Order, change: Change, fill: Fill | None, at_ms: int
) -> str:
    """Write ORDER_TRADE_UPDATE; `n` and `N` only when there is a commission."""
    nothing = it.quantity_text(0)
    resting = order.price * order.remaining if order.is_open else 0
    bids, asks = (resting, 0) if order.side is Side.BUY else (0, resting)
    content: Row = {
        "s": it.name,
        "c": order.client_id,
        "S": SIDE[order.side],
        "o": "LIQUIDATION" if order.liquidation else KIND[order.kind],
        "f": LIFETIME[order.lifetime],
        "q": it.quantity_text(order.steps),
        "p": it.price_text(order.price),
        "ap": average_text(it, order),
        "sp": it.price_text(0),
        "x": EXECUTION[change],
        "X": STATUS[order.status],
        "i": order.order_id,
        "l": it.quantity_text(fill.steps) if fill else nothing,
        "z": it.quantity_text(order.filled),
        "L": it.price_text(fill.price if fill else 0),
        "T": at_ms,
        "t": fill.trade_id if fill else 0,
        "b": it.turnover_text(bids),
        "a": it.turnover_text(asks),
        "m": fill.maker if fill else False,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": "LIQUIDATION" if order.liquidation else KIND[order.kind],
        "ps": LEG[order.leg],
        "cp": False,
        "rp": money_text(fill.realised) if fill else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": order.expires_ms,
        "er": "0",
    }
    if fill:
        content |= {"N": it.quote, "n": money_text(fill.fee)}
    return _text({"e": "ORDER_TRADE_UPDATE", "E": at_ms, "T": at_ms, "o": content})


def encode_account(account: Account, instruments: dict[str, Instrument], to: AccountChange) -> str:
    """Write ACCOUNT_UPDATE: the balances and positions that changed."""
    balances = [
        {
            "a": asset,
            "wb": money_text(account.wallets[asset]),
            "cw": money_text(account.cross_wallet(asset)),
            "bc": money_text(changed),
        }
        for asset, changed in to.assets.items()
    ]
    positions = [_position(account, instruments[each.symbol], each, to) for each in to.positions]
    content: Row = {"m": CAUSE[to.cause], "B": balances, "P": positions}
    return _text({"e": "ACCOUNT_UPDATE", "E": to.at_ms, "T": to.at_ms, "a": content})


def encode_leverage(symbol: str, leverage: int, at_ms: int) -> str:
    """Write ACCOUNT_CONFIG_UPDATE."""
    content: Row = {"s": symbol, "l": leverage}
    return _text({"e": "ACCOUNT_CONFIG_UPDATE", "E": at_ms, "T": at_ms, "ac": content})


def encode_expired_key(listen_key: str, at_ms: int) -> str:
    """Write listenKeyExpired."""
    return _text({"e": "listenKeyExpired", "E": at_ms, "listenKey": listen_key})


def _position(account: Account, it: Instrument, position: Position, to: AccountChange) -> Row:
    isolated = it.name in account.isolated
    return {
        "s": it.name,
        "pa": it.quantity_text(position.steps),
        "ep": it.mark_text(entry_mark(it, position)),
        "bep": it.mark_text(break_even_mark(it, position)),
        "cr": money_text(position.realised),
        "up": money_text(account.unrealised(position, to.at_ms)),
        "mt": "isolated" if isolated else "cross",
        "iw": money_text(position.isolated_wallet) if isolated else "0",
        "ps": LEG[position.leg],
        "ma": it.quote,
    }


def _text(payload: Row) -> str:
    return orjson.dumps(payload).decode()
