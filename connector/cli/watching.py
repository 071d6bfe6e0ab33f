"""`connector watch …`: a stream of a running connector, on the terminal."""

from typing import Annotated

import typer

from connector.cli.options import HERE, Address, Symbols
from connector.cli.running import run

watch_app = typer.Typer(no_args_is_help=True, help="Watch a stream of a running connector.")


@watch_app.command("price")
def watch_price(symbols: Symbols, address: Address = HERE) -> None:
    """Watch prices move."""
    from connector.terminal.market import watch_prices

    run(lambda: watch_prices(address, symbols))


@watch_app.command("klines")
def watch_klines(
    symbols: Symbols,
    interval: Annotated[str, typer.Option(help="1m, 5m, 1h, …")] = "1m",
    address: Address = HERE,
) -> None:
    """Watch candles form and close."""
    from connector.terminal.market import watch_candles

    run(lambda: watch_candles(address, symbols, interval))


@watch_app.command("funding")
def watch_funding(symbols: Symbols, address: Address = HERE) -> None:
    """Watch funding rates."""
    from connector.terminal.market import watch_fundings

    run(lambda: watch_fundings(address, symbols))
