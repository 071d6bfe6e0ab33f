"""ccxt's order and trade structures as trading values: a value or `Malformed`.

Amounts are contracts in ccxt and base units in ours: `contract_size` converts. The order's id is
given its client-side int64 by `to_client`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.domain import Digits, digits
from connector.errors import Malformed
from connector.exchange.parse import Raw, instant
from connector.trading import Order, OrderStatus, OrderType, Side, Trade

ToClient = Callable[[str, str], int]
"""(exchange's order id, ccxt's symbol) → the int64 that clients know."""

_STATUSES = {
    "open": OrderStatus.NEW,
    "new": OrderStatus.NEW,
    "canceling": OrderStatus.NEW,
    "triggered": OrderStatus.NEW,
    "closed": OrderStatus.FILLED,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "cancelled": OrderStatus.CANCELED,
    "rejected": OrderStatus.REJECTED,
    "expired": OrderStatus.EXPIRED,
    "expired_in_match": OrderStatus.EXPIRED,
}


@dataclass(frozen=True)
class OrderReader:
    """Reads one market's orders and trades."""

    contract_size: Digits | None
    to_client: ToClient
    now_ms: int

    def order(self, raw: Raw) -> Order:
        """Read an order structure.

        Errors:  Malformed without id, symbol, side or amount, and for a status that isn't one.
        """
        exchange_id, symbol = _text(raw, "id"), _text(raw, "symbol")
        quantity = self._base(raw.get("amount"))
        executed = self._base(raw.get("filled") or "0")
        updated_ms = (
            instant(raw.get("lastUpdateTimestamp"))
            or instant(raw.get("lastTradeTimestamp"))
            or instant(raw.get("timestamp"))
            or self.now_ms
        )
        return Order(
            exchange_order_id=exchange_id,
            order_id=self.to_client(exchange_id, symbol),
            client_order_id=str(raw.get("clientOrderId") or ""),
            symbol=symbol,
            side=_side(raw),
            type=_type(raw),
            status=_status(raw, quantity, executed),
            price=_number_or_zero(raw.get("price")),
            quantity=quantity,
            executed_qty=executed,
            avg_price=_number_or_zero(raw.get("average")),
            created_at_ms=instant(raw.get("timestamp")) or updated_ms,
            update_time_ms=updated_ms,
        )

    def trade(self, raw: Raw) -> Trade:
        """Read one of the account's own trades.

        Errors:  Malformed without id, order, symbol, side, price or amount.
        """
        fee: Any = raw.get("fee")
        fee = fee if isinstance(fee, dict) else {}
        info: Any = raw.get("info")
        realized = info.get("rp", info.get("realizedPnl")) if isinstance(info, dict) else None
        return Trade(
            trade_id=_text(raw, "id"),
            exchange_order_id=_text(raw, "order"),
            symbol=_text(raw, "symbol"),
            side=_side(raw),
            price=digits(raw.get("price")),
            quantity=self._base(raw.get("amount")),
            fee=None if fee.get("cost") is None else digits(fee["cost"]),
            fee_asset=str(fee.get("currency") or ""),
            timestamp_ms=instant(raw.get("timestamp")) or self.now_ms,
            realized_pnl=None if realized is None else digits(realized),
        )

    def _base(self, amount: Any) -> Digits:
        text = digits(amount)
        if self.contract_size is None or Decimal(self.contract_size) == 1:
            return text
        return format(Decimal(text) * Decimal(self.contract_size), "f")


def _status(raw: Raw, quantity: Digits, executed: Digits) -> OrderStatus:
    told = raw.get("status")
    status = OrderStatus.NEW if told is None else _STATUSES.get(str(told).lower())
    if status is None:
        raise Malformed(f"order status {str(told)[:40]!r}")
    done, whole = Decimal(executed), Decimal(quantity)
    if status is OrderStatus.NEW and done > 0:
        return OrderStatus.FILLED if done >= whole else OrderStatus.PARTIALLY_FILLED
    if status is OrderStatus.FILLED and done < whole:
        return OrderStatus.CANCELED
    return status


def _side(raw: Raw) -> Side:
    try:
        return Side(str(raw.get("side")).lower())
    except ValueError:
        raise Malformed(f"side {str(raw.get('side'))[:20]!r}") from None


def _type(raw: Raw) -> OrderType:
    return OrderType.MARKET if "market" in str(raw.get("type")).lower() else OrderType.LIMIT


def _number_or_zero(value: Any) -> Digits:
    return "0" if value is None else digits(value)


def _text(raw: Raw, key: str) -> str:
    value = raw.get(key)
    if not isinstance(value, str | int) or not str(value):
        raise Malformed(f"no {key} in an order or trade")
    return str(value)
