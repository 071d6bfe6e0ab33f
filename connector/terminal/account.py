"""Orders, positions and the account, watched."""

from collections.abc import Iterable
from decimal import Decimal

from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import types_pb2 as types
from opensqt.market_maker.v1.events_pb2 import OrderUpdate
from opensqt.market_maker.v1.resources_pb2 import Account, Order, Position
from rich.table import Table
from rich.text import Text

from connector.terminal.client import CALL_S, Client, Target
from connector.terminal.order_view import OrdersView
from connector.terminal.rows import Row, Rows
from connector.terminal.screen import Screen
from connector.terminal.words import enum_word

ZEROS = "+-0."


async def watch_orders(target: Target) -> None:
    """Show open orders, and every change of any order, until interrupted.

    Piped:   changes alone, each once.
    """

    async def open_orders(client: Client) -> Iterable[Order | OrderUpdate]:
        request = rpc.GetOpenOrdersRequest()
        return (
            await client.stub.GetOpenOrders(request, timeout=CALL_S, metadata=client.metadata)
        ).orders

    view = OrdersView()
    screen: Screen[Order | OrderUpdate] = Screen(view, open_orders, "no order is open")
    request = rpc.SubscribeOrdersRequest()
    await screen.show(target, [lambda c: c.stub.SubscribeOrders(request, metadata=c.metadata)])


async def watch_positions(target: Target, symbol: str) -> None:
    """Show the net position of a symbol, or of each that has one, until interrupted."""

    async def positions(client: Client) -> Iterable[Position]:
        request = rpc.GetPositionsRequest(symbol=symbol)
        return (
            await client.stub.GetPositions(request, timeout=CALL_S, metadata=client.metadata)
        ).positions

    columns = ("symbol", "size", "entry", "mark", "profit", "liquidation", "leverage")
    view: Rows[Position] = Rows(columns, lambda p: p.symbol, _position_row, _is_flat, wide=True)
    screen = Screen(view, positions, "no position is open")
    request = rpc.SubscribePositionsRequest(symbol=symbol)
    await screen.show(target, [lambda c: c.stub.SubscribePositions(request, metadata=c.metadata)])


async def watch_account(target: Target) -> None:
    """Show the account's totals until interrupted."""
    request = rpc.SubscribeAccountRequest()
    screen = Screen(_AccountView())
    await screen.show(target, [lambda c: c.stub.SubscribeAccount(request, metadata=c.metadata)])


class _AccountView:
    """One figure a row."""

    def __init__(self) -> None:
        self._figures: dict[str, str] = {}

    def take(self, message: Account) -> Row:
        self._figures = {
            "wallet balance": message.total_wallet_balance.value,
            "margin balance": message.total_margin_balance.value,
            "available": message.available_balance.value,
            "adjusted equity": message.adjusted_equity.value,
            "maintenance margin": message.total_maintenance_margin.value,
            "health (1 is safe)": message.health_score.value,
            "leverage": str(message.account_leverage),
            "margin mode": enum_word(types.MarginMode.Name(message.margin_mode), "MARGIN_MODE_"),
            "positions": str(len(message.positions)),
        }
        self._figures = {name: value or "-" for name, value in self._figures.items()}
        return [f"{name}={value}" for name, value in self._figures.items()]

    def table(self, height: int) -> Table:
        table = Table("account", show_header=False)
        table.add_column(justify="right")
        for name, value in list(self._figures.items())[: max(1, height)]:
            table.add_row(name, Text(value))
        return table


def _position_row(position: Position) -> Row:
    profit = position.unrealized_pnl.value
    colour = "red" if profit.startswith("-") else "green" if profit.strip(ZEROS) else ""
    return (
        position.symbol,
        position.size.value,
        position.entry_price.value,
        position.mark_price.value,
        Text(profit, colour),
        position.liquidation_price.value or "-",
        str(position.leverage),
    )


def _is_flat(position: Position) -> bool:
    return Decimal(position.size.value or "0") == 0
