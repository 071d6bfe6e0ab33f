"""`connector watch …`: a stream of a running connector, on the terminal."""

from typing import Annotated

import typer

from connector.cli.options import HERE, Address, KeyFile, Symbols, target_of
from connector.cli.running import run

watch_app = typer.Typer(no_args_is_help=True, help="Watch a stream of a running connector.")


@watch_app.command("price")
def watch_price(symbols: Symbols, address: Address = HERE, key_file: KeyFile = None) -> None:
    """Watch prices move."""
    from connector.terminal import market

    target = target_of(address, key_file)
    run(lambda: market.watch_prices(target, symbols))


@watch_app.command("klines")
def watch_klines(
    symbols: Symbols,
    interval: Annotated[str, typer.Option(help="1m, 5m, 1h, …")] = "1m",
    address: Address = HERE,
    key_file: KeyFile = None,
) -> None:
    """Watch candles form and close."""
    from connector.terminal import market

    target = target_of(address, key_file)
    run(lambda: market.watch_candles(target, symbols, interval))


@watch_app.command("funding")
def watch_funding(symbols: Symbols, address: Address = HERE, key_file: KeyFile = None) -> None:
    """Watch funding rates."""
    from connector.terminal import market

    target = target_of(address, key_file)
    run(lambda: market.watch_fundings(target, symbols))


@watch_app.command("orders")
def watch_orders(address: Address = HERE, key_file: KeyFile = None) -> None:
    """Watch orders change."""
    from connector.terminal import account

    target = target_of(address, key_file)
    run(lambda: account.watch_orders(target))


@watch_app.command("positions")
def watch_positions(
    symbol: Annotated[str, typer.Argument(help="Only this symbol.")] = "",
    address: Address = HERE,
    key_file: KeyFile = None,
) -> None:
    """Watch positions."""
    from connector.terminal import account

    target = target_of(address, key_file)
    run(lambda: account.watch_positions(target, symbol))


@watch_app.command("account")
def watch_account(address: Address = HERE, key_file: KeyFile = None) -> None:
    """Watch the account's totals."""
    from connector.terminal import account

    target = target_of(address, key_file)
    run(lambda: account.watch_account(target))
