"""`connector capabilities`: which RPCs an exchange can serve, told without asking it."""

from typing import Annotated

import typer

from connector.cli.running import BAD_USAGE, fail, or_fail


def capabilities(
    exchange: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="sim, or a ccxt.pro id; none: all of them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    as_page: Annotated[
        bool, typer.Option("--markdown", help="All of them, as docs/capabilities.md.")
    ] = False,
) -> None:
    """Show which of the 28 RPCs exchanges can serve: native, emulated or absent.

    Told from ccxt's own tables, without network.
    """
    if as_page and (as_json or exchange is not None):
        fail("--markdown goes with neither --json nor an id", BAD_USAGE)
    from connector.exchange.capabilities import capabilities_of, exchange_ids
    from connector.terminal import capabilities as shown
    from connector.terminal.asking import steps

    if exchange is not None:
        told = or_fail(lambda: capabilities_of(exchange))
        if as_json:
            print(shown.as_json([told]))
        else:
            shown.show_one(told)
        return
    everyone = exchange_ids()
    with steps(len(everyone)) as began:
        found = [(began(each), capabilities_of(each))[1] for each in everyone]
    if as_json:
        print(shown.as_json(found))
    elif as_page:
        print(shown.as_page(found), end="")
    else:
        shown.show_all(found)
