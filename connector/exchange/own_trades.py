"""The account's own trades, asked for: of a symbol since an instant, or of one order."""

from collections.abc import Sequence

import structlog

from connector.errors import Unsupported
from connector.exchange.listings import list_own_trades, list_trades_of_order
from connector.exchange.order_lookup import OrderLookup
from connector.exchange.parse_fields import Raw
from connector.exchange.readable import readable
from connector.exchange.session import Session
from connector.trading import Order, Trade

log = structlog.get_logger(__name__)

LONGEST_MS = 24 * 3_600_000
"""How far back they are asked for where an order's own can't be."""


class OwnTrades:
    """One session's trades; those that can't be read are counted and left out.

    Errors:  those of the questions. Where ccxt has none for own trades, there are none.
    """

    def __init__(self, session: Session, orders: OrderLookup) -> None:
        self._session, self._orders = session, orders

    async def since(self, symbol: str, since_ms: int) -> list[Trade]:
        """Ask for a symbol's since an instant; none where the list can't be read to its end."""
        session = self._session
        if not session.offers("fetchMyTrades"):
            return []
        try:
            raws = await session.ask(
                "own trades", lambda: list_own_trades(session, symbol, since_ms)
            )
        except Unsupported as error:  # the states that orders are in are told all the same
            log.warning("own trades not repaired", symbol=symbol, error=str(error))
            return []
        return self._read(symbol, raws)

    async def of_order(self, order: Order) -> list[Trade]:
        """Ask for an order's: since its creation, where the exchange can't be asked by the order.

        Errors:  Unsupported when the list can't be read to its end.
        """
        session, symbol = self._session, order.symbol
        if not session.offers("fetchMyTrades"):
            return []
        since_ms = max(order.created_at_ms, session.now_ms() - LONGEST_MS)
        raws = await session.ask(
            "an order's trades",
            lambda: list_trades_of_order(session, symbol, order.exchange_order_id, since_ms),
        )
        return self._read(symbol, raws)

    def _read(self, symbol: str, raws: Sequence[Raw]) -> list[Trade]:
        reader = self._orders.reader(symbol)
        read = (readable("order", lambda raw=raw: reader.trade(raw)) for raw in raws)
        return [trade for trade in read if trade is not None]
