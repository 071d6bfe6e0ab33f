"""Which row of a batch's answer is which order's: by client order id, never by where it stands.

ccxt sorts the placed by time and puts the refused first. OKX, Bitget and Gate name the client id
in each row, also of a refused order; Binance and Bybit name it of a placed one alone.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

from connector.errors import ConnectorError
from connector.exchange.parse_fields import Raw, word
from connector.trading import Order, OrderRequest, OrderType

LookUp = Callable[[Sequence[tuple[str, str]]], Awaitable[Sequence[Order | ConnectorError]]]
"""Ask for orders, each by its symbol and the exchange's id."""


def is_refused(row: Raw) -> bool:
    """Whether a row is of an order that was not placed, whatever ids it has."""
    return word(row.get("status")) == "rejected" or not row.get("id")


async def rows_of(
    sent: Mapping[int, tuple[OrderRequest, str]],
    rows: Sequence[Raw],
    look_up: LookUp,
    refused_in_order: bool,
) -> dict[int, Raw]:
    """Give each order's row: `sent` are the requests, and their client ids as they were sent.

    Guarantee:  a row without a client id is looked up by its order id, and belongs to the order of
                the client id that it has then. What is left is matched where only one way is
                possible, or where it makes no difference: one row for one order, and refusals
                alone that say the same. Refusals alone that differ are matched in the order of
                their requests, where the exchange answers so. What has no row by then is absent.
    """
    by_id = {row.get("clientOrderId"): row for row in rows}
    found = {index: by_id[sent_id] for index, (_, sent_id) in sent.items() if sent_id in by_id}
    left = {index: request for index, (request, _) in sent.items() if index not in found}
    nameless = [row for row in rows if not row.get("clientOrderId")]
    if not left:
        return found
    orders = await _looked_up(sent, nameless, look_up)
    unclear: list[Raw] = []
    for number, row in enumerate(nameless):
        order = orders.get(number)
        if order is None:
            unclear.append(row)
        elif (index := _whose(order, left)) is not None:
            found[index] = row
            del left[index]
    alike = all(row.get("info") == unclear[0].get("info") for row in unclear)
    all_refused = all(map(is_refused, unclear))
    if len(unclear) == len(left) and (
        len(left) == 1 or (all_refused and (alike or refused_in_order))
    ):
        found |= zip(left, unclear, strict=True)
    return found


async def _looked_up(
    sent: Mapping[int, tuple[OrderRequest, str]], rows: Sequence[Raw], look_up: LookUp
) -> dict[int, Order]:
    symbols = {request.symbol for request, _ in sent.values()}
    asked: dict[int, tuple[str, str]] = {}
    for number, row in enumerate(rows):
        # an answer with ids alone lets ccxt guess the symbol
        symbol = min(symbols) if len(symbols) == 1 else row.get("symbol")
        if row.get("id") and symbol in symbols:
            asked[number] = (symbol, str(row["id"]))
    answers = await look_up(list(asked.values())) if asked else []
    pairs = zip(asked, answers, strict=True)
    return {number: answer for number, answer in pairs if isinstance(answer, Order)}


def _whose(order: Order, left: Mapping[int, OrderRequest]) -> int | None:
    """Find the request of an order; where the exchange keeps no client ids, any that is like it."""
    for index, request in left.items():
        if order.client_order_id:
            if order.client_order_id == request.client_order_id:
                return index
        elif _is_like(order, request):
            return index
    return None


def _is_like(order: Order, request: OrderRequest) -> bool:
    is_priced = request.type is OrderType.LIMIT and order.price is not None
    return (
        (order.symbol, order.side, order.type) == (request.symbol, request.side, request.type)
        and Decimal(order.quantity) == Decimal(request.quantity)
        and (not is_priced or Decimal(order.price or 0) == Decimal(request.price or 0))
    )
