"""`connector keys`: the keys that clients show."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from connector.cli.running import or_fail

keys_app = typer.Typer(no_args_is_help=True, help="Keys for clients of this connector.")

KeysFile = Annotated[Path, typer.Option("--file", "-f", help="Key file: server.keys_file.")]
Right = Annotated[
    Literal["read", "trade"], typer.Option("--role", "-r", help="trade includes read.")
]


@keys_app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Who will show it, for example engine.")],
    role: Right = "read",
    file: KeysFile = Path("keys.toml"),
) -> None:
    """Make a key, append its digest to the file, and print the key: it is shown only now.

    A running connector takes it within a second.
    """
    from connector.keys import Role, add_key

    print(or_fail(lambda: add_key(file, name, Role(role))))


@keys_app.command("list")
def listed(file: KeysFile = Path("keys.toml")) -> None:
    """List names and roles; what is kept of a key can't give it back."""
    from connector.keys import read_keys

    for key in or_fail(lambda: read_keys(file)):
        print(f"{key.name}\t{key.role}")
