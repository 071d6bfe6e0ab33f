"""What exchanges can serve, as a table on the terminal, as JSON, as a page of the documents."""

import json
from collections.abc import Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table

from connector.exchange.capabilities import Capabilities, How

_COLOURS = {How.NATIVE: "green", How.EMULATED: "yellow", How.ABSENT: "red"}

_PAGE = """# Capabilities

Which of the 28 RPCs each exchange of ccxt.pro can serve, from ccxt's `has` and the exchange's own
way: *native* by a call or a stream of the exchange, *emulated* out of others, *absent*. What is
named in neither of the last two columns is native. The market is the one that
`exchange.market = "auto"` chooses. `connector capabilities ID` tells by what each RPC is served.
Written by `make capabilities`.

| exchange | market | native | emulated | absent |
|---|---|---|---|---|
"""


def show_one(told: Capabilities) -> None:
    """Print each RPC, how it is served and by what."""
    table = Table(title=f"{told.exchange_id} ({told.market_type.value})", title_justify="left")
    for name in ("RPC", "served", "by"):
        table.add_column(name, overflow="fold")
    for rpc, served in told.rpcs.items():
        table.add_row(rpc, f"[{_COLOURS[served.how]}]{served.how.value}[/]", served.by)
    _print(table)


def show_all(everyone: Sequence[Capabilities]) -> None:
    """Print each exchange: how many RPCs are native, which are emulated, which are absent."""
    table = Table()
    for name in ("exchange", "market", "native", "emulated", "absent"):
        table.add_column(name, overflow="fold", justify="right" if name == "native" else "left")
    for told in everyone:
        table.add_row(*_row(told))
    _print(table)


def as_json(everyone: Sequence[Capabilities]) -> str:
    """Give exchange → market and RPC → how and by what, as JSON."""
    told = {
        each.exchange_id: {
            "market": each.market_type.value,
            "rpcs": {rpc: {"how": one.how.value, "by": one.by} for rpc, one in each.rpcs.items()},
        }
        for each in everyone
    }
    return json.dumps(told, indent=2)


def as_page(everyone: Sequence[Capabilities]) -> str:
    """Give the documents' page, docs/capabilities.md."""
    rows = (f"| {' | '.join(cell or '–' for cell in _row(each))} |\n" for each in everyone)
    return _PAGE + "".join(rows)


def _row(told: Capabilities) -> tuple[str, ...]:
    return (
        told.exchange_id,
        told.market_type.value,
        str(len(told.named(How.NATIVE))),
        ", ".join(told.named(How.EMULATED)),
        ", ".join(told.named(How.ABSENT)),
    )


def _print(table: Table) -> None:
    """Print as wide as the terminal is; into a pipe as wide as the table needs."""
    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    wide = Console(file=StringIO(), width=400, record=True)
    wide.print(table)
    print("\n".join(line.rstrip() for line in wide.export_text().splitlines()))
