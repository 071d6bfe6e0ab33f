"""Spot seen as an engine sees a market: what is owned is a position, orders are what spot takes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from connector.domain import Digits, SymbolInfo
from connector.errors import InvalidOrder, Unsupported
from connector.trading import Balance, OrderRequest, OrderType, Position, Side, TimeInForce

CROSSING = Decimal("1.01")
"""Of the best ask: what a MARKET buy pays at most where it is sent as an IOC LIMIT order."""


def spot_parameters(
    request: OrderRequest, exchange: str, spot_margin: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """Give ccxt's parameters that `use_margin` and `reduce_only` need on spot.

    Errors:  Unsupported for margin where the exchange keeps such orders in books of their own;
             InvalidOrder for a buy that shall only reduce. A sale reduces what is owned by itself.
    """
    if request.reduce_only and request.side is Side.BUY:
        raise InvalidOrder("reduce_only: a buy on spot reduces nothing")
    if not request.use_margin:
        return {}
    if spot_margin is None:
        raise Unsupported(f"use_margin: {exchange} has no margin among its spot orders")
    return spot_margin


async def with_quantity_kept(
    request: OrderRequest, best_ask: Callable[[], Awaitable[Digits]]
) -> OrderRequest:
    """Make a MARKET buy an IOC LIMIT one, 1 % above the best ask, so that it tells its quantity.

    For exchanges whose MARKET buys on spot are told in quote money.
    """
    if request.side is not Side.BUY or request.type is not OrderType.MARKET:
        return request
    price = Decimal(await best_ask()) * CROSSING
    return msgspec.structs.replace(
        request,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        price=format(price.normalize(), "f"),
    )


def holdings(balances: Mapping[str, Balance], infos: Iterable[SymbolInfo]) -> list[Position]:
    """Give, for each symbol whose base asset is owned, a long position of all that is owned.

    Guarantee:  sizes are the exchange's own totals, free and in orders together; what is less than
                one step of the symbol can't be sold and is left out. There is no entry price, no
                mark price and no profit: the exchange keeps none of what was bought when.
    """
    found: list[Position] = []
    for info in infos:
        balance = balances.get(info.base_asset)
        owned = Decimal(0) if balance is None else Decimal(balance.total)
        if balance is None or owned <= 0 or owned < Decimal(info.step_size or 0):
            continue
        found.append(
            Position(
                symbol=info.symbol,
                size=balance.total,
                entry_price=None,
                mark_price=None,
                unrealized_pnl=None,
                leverage=1,
                margin_type="cross",
                isolated_margin=None,
                liquidation_price=None,
            )
        )
    return found
