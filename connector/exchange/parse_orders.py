"""ccxt's order and trade structures as trading values: a value or `Malformed`.

Amounts are contracts in ccxt and base units in ours: `contract_size` converts. The order's id is
given its client-side int64 by `to_client`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connector.domain import Digits
from connector.errors import Malformed
from connector.exchange.parse_fields import (
    EXACT,
    Raw,
    above_zero,
    id_of,
    instant,
    not_negative,
    number,
    optional_id,
    plain,
    positive,
    structure,
    text_of,
    times_size,
    word,
)
from connector.trading import Order, OrderStatus, OrderType, Side, Trade

ToClient = Callable[[str, str], int]
"""(exchange's order id, ccxt's symbol) → the int64 that clients know."""

_STATUSES = {
    OrderStatus.NEW: (
        "open new live active init pending pendingnew pendingcancel pendingopen canceling "
        "cancelling partial partiallyfilled partiallyopen triggered untriggered effective accepted"
    ),
    OrderStatus.FILLED: "closed filled fullyfilled fullfill done",
    OrderStatus.CANCELED: (
        "canceled cancelled partiallycanceled partiallycancelled partiallyfilledcanceled "
        "deactivated"
    ),
    OrderStatus.REJECTED: "rejected failed fail invalid",
    OrderStatus.EXPIRED: "expired expiredinmatch",
}
_STATUS_OF = {told: status for status, words in _STATUSES.items() for told in words.split()}
"""ccxt's own words, and exchanges' that it hands through, without case and separators."""


@dataclass(frozen=True)
class OrderReader:
    """Reads one market's orders and trades."""

    contract_size: Any
    to_client: ToClient
    now_ms: int
    realized_in: tuple[str, ...] = ()
    """Which keys of the exchange's own trade tell its profit."""

    def order(self, raw: Raw) -> Order:
        """Read an order structure.

        Guarantee:  executed is what is told: as filled, as what remains, or by a status that says
                    all of it; 0 where nothing tells any.
        Errors:     Malformed without id (0 is none), symbol, side or amount, and for a status that
                    isn't one.
        """
        exchange_id, symbol = id_of(raw, "id"), text_of(raw, "symbol")
        if not exchange_id.strip("0"):
            raise Malformed("an order's id is 0")
        told, amount = _told_status(raw.get("status")), not_negative(raw.get("amount"))
        filled = _filled(raw, amount, told)
        created_ms = instant(raw.get("timestamp"))
        updated_ms = (
            instant(raw.get("lastUpdateTimestamp"))
            or instant(raw.get("lastTradeTimestamp"))
            or created_ms
            or self.now_ms
        )
        return Order(
            exchange_order_id=exchange_id,
            order_id=self.to_client(exchange_id, symbol),
            client_order_id=optional_id(raw.get("clientOrderId")),
            symbol=symbol,
            side=_side(raw),
            type=OrderType.MARKET if "market" in word(raw.get("type")) else OrderType.LIMIT,
            status=_status(told, Decimal(filled), Decimal(amount)),
            price=above_zero(raw.get("price")),
            quantity=self._base(amount),
            executed_qty=self._base(filled),
            avg_price=above_zero(raw.get("average")) if Decimal(filled) else None,
            created_at_ms=created_ms or updated_ms,
            update_time_ms=updated_ms,
        )

    def trade(self, raw: Raw) -> Trade:
        """Read one of the account's own trades.

        Errors:  Malformed without id, order, symbol, side, price or amount.
        """
        raw = structure(raw)
        fee, fee_asset = _fee(raw)
        info: Any = raw.get("info")
        own: Raw = info if isinstance(info, dict) else {}
        realized = next((own[key] for key in self.realized_in if key in own), None)
        return Trade(
            trade_id=id_of(raw, "id"),
            exchange_order_id=id_of(raw, "order"),
            symbol=text_of(raw, "symbol"),
            side=_side(raw),
            price=positive(raw.get("price")),
            quantity=self._base(positive(raw.get("amount"))),
            fee=fee,
            fee_asset=fee_asset,
            timestamp_ms=instant(raw.get("timestamp")) or self.now_ms,
            realized_pnl=number(realized),
        )

    def _base(self, amount: Digits) -> Digits:
        return times_size(amount, self.contract_size)


def _told_status(told: Any) -> OrderStatus | None:
    if told is None or told == "":
        return None
    status = _STATUS_OF.get(word(told))
    if status is None:
        raise Malformed(f"order status {word(told)[:40]!r}")
    return status


def _filled(raw: Raw, amount: Digits, status: OrderStatus | None) -> Digits:
    if raw.get("filled") is not None:
        return not_negative(raw.get("filled"))
    remaining = number(raw.get("remaining"))
    if remaining is not None:
        return not_negative(plain(EXACT.subtract(Decimal(amount), Decimal(remaining))))
    return amount if status is OrderStatus.FILLED else "0"


def _status(told: OrderStatus | None, filled: Decimal, amount: Decimal) -> OrderStatus:
    status = told or OrderStatus.NEW
    if status is OrderStatus.NEW and filled > 0:
        return OrderStatus.FILLED if filled >= amount else OrderStatus.PARTIALLY_FILLED
    if status is OrderStatus.FILLED and filled < amount:
        return OrderStatus.CANCELED
    return status


def _side(raw: Raw) -> Side:
    try:
        return Side(word(raw.get("side")))
    except ValueError:
        raise Malformed("no side, buy or sell") from None


def _fee(raw: Raw) -> tuple[Digits | None, str]:
    """Read the fee, or the sum of several in one asset; several assets make no one number."""
    fee, fees = raw.get("fee"), raw.get("fees")
    told = [fee] if isinstance(fee, dict) and number(fee.get("cost")) is not None else fees
    costs: list[Decimal] = []
    assets: set[str] = set()
    for each in told if isinstance(told, list) else ():
        cost = number(each.get("cost")) if isinstance(each, dict) else None
        if cost is None:
            continue
        costs.append(Decimal(cost))
        assets.add(optional_id(each.get("currency")))
    if len(assets) != 1:
        return None, ""
    total = costs[0]
    for cost in costs[1:]:
        total = EXACT.add(total, cost)
    return plain(total), assets.pop()
