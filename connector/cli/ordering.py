"""`connector order …`: a small trading client.

Exit status: 0 done; 1 refused, not reached or not confirmed, so nothing was placed; 2 a wrong
argument; 3 nobody knows whether the order was placed; 130 Ctrl-C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.options import HERE, Address, KeyFile, target_of
from connector.cli.running import BAD_USAGE, fail, or_fail, run_shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.terminal.client import Target

order_app = typer.Typer(
    no_args_is_help=True,
    help="Place, cancel and list orders through a running connector.",
    epilog="Status: 0 done, 1 refused or not confirmed, 2 wrong arguments, "
    "3 sent and nobody knows whether it was placed, 130 Ctrl-C.",
)

Symbol = Annotated[str, typer.Argument(help="For example BTCUSDT.")]
Quantity = Annotated[str, typer.Argument(help="In units of the base asset.")]
Limit = Annotated[str | None, typer.Option(help="Price; without one it is a market order.")]
InForce = Annotated[str | None, typer.Option("--tif", help="gtc (unless told), ioc or fok.")]
PostOnly = Annotated[bool, typer.Option("--post-only", help="Refused if it would take.")]
ReduceOnly = Annotated[bool, typer.Option("--reduce-only", help="Never opens a position.")]
ClientId = Annotated[str, typer.Option("--client-id", help="Of your own choice; else a new one.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask before sending.")]


def _placing(side: str) -> Callable[..., None]:
    def place(
        symbol: Symbol,
        quantity: Quantity,
        limit: Limit = None,
        tif: InForce = None,
        post_only: PostOnly = False,
        reduce_only: ReduceOnly = False,
        client_id: ClientId = "",
        yes: Yes = False,
        address: Address = HERE,
        key_file: KeyFile = None,
    ) -> None:
        from connector.errors import InvalidRequest
        from connector.terminal import order_form, orders
        from connector.terminal.order_view import show_orders

        target = target_of(address, key_file)
        try:
            request = order_form.order_request(
                side=side,
                symbol=symbol,
                quantity=quantity,
                limit=limit,
                time_in_force=tif,
                post_only=post_only,
                reduce_only=reduce_only,
                client_order_id=client_id,
            )
        except InvalidRequest as error:
            fail(str(error), BAD_USAGE)
        _confirm(target, order_form.order_words(request), yes)
        order = run_shown(
            "placing the order",
            lambda: orders.place(target, request),
            interrupted=orders.how_to_ask_again(request),
        )
        show_orders([order])

    return place


ASKS = "asks first, unless it is on the embedded exchange."
order_app.command("buy", help=f"Buy; {ASKS}")(_placing("buy"))
order_app.command("sell", help=f"Sell; {ASKS}")(_placing("sell"))


@order_app.command("cancel")
def cancel(
    order_id: Annotated[int, typer.Argument(help="The connector's own.", show_default=False)] = 0,
    client_id: Annotated[str, typer.Option("--client-id", help="Instead of the order id.")] = "",
    symbol: Annotated[str, typer.Option(help="Of the order; else it is looked up.")] = "",
    yes: Yes = False,
    address: Address = HERE,
    key_file: KeyFile = None,
) -> None:
    """Cancel an open order; asks first, unless it is on the embedded exchange."""
    from connector.terminal import order_form, orders

    if bool(order_id) == bool(client_id):
        fail("give the order id, or --client-id, and not both", BAD_USAGE)
    target = target_of(address, key_file)
    order = run_shown("finding the order", lambda: orders.find(target, symbol, order_id, client_id))
    _confirm(target, f"cancel {order_form.state_words(order)}", yes)
    run_shown("cancelling", lambda: orders.cancel(target, order))
    print(f"cancelled: {order_form.ids(order)}")


@order_app.command("list")
def list_orders(
    symbol: Annotated[str, typer.Argument(help="Only this symbol.")] = "",
    address: Address = HERE,
    key_file: KeyFile = None,
) -> None:
    """List open orders."""
    from connector.terminal import orders
    from connector.terminal.order_view import show_orders

    target = target_of(address, key_file)
    show_orders(run_shown("asking for open orders", lambda: orders.open_orders(target, symbol)))


def _confirm(target: Target, doing: str, yes: bool) -> None:
    from connector.terminal.asking import confirm
    from connector.terminal.orders import exchange_behind

    behind = run_shown("asking which exchange it is", lambda: exchange_behind(target))
    if not (yes or behind.embedded):
        or_fail(lambda: confirm(doing, f"{behind} through {target.address}"))
