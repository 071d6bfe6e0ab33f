"""Options that several commands take, and what is read from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.running import BAD_USAGE, fail, or_fail

if TYPE_CHECKING:
    from connector.config import Config
    from connector.terminal.client import Target

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="TOML file; also CONFIG_FILE.")
]
Address = Annotated[str, typer.Option("--address", "-a", help="Where the connector listens.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CONNECTOR_API_KEY_FILE",
        help="File with the key that the connector wants; or set CONNECTOR_API_KEY.",
    ),
]
Symbols = Annotated[list[str], typer.Argument(help="Symbols, for example BTCUSDT ETHUSDT.")]
HERE = "127.0.0.1:50051"
"""Where a connector listens unless it is told otherwise."""


def read_settings(file: Path | None, flags: dict[str, object] | None = None) -> Config:
    """Read what holds, or end with a line that names the wrong key."""
    from connector.config import Config

    return or_fail(lambda: Config.read(file, flags=flags or {}))


def target_of(address: str, key_file: Path | None) -> Target:
    """Give which connector is meant, with the key from the file or CONNECTOR_API_KEY."""
    from connector.terminal.client import Target

    key = os.environ.get("CONNECTOR_API_KEY", "").strip()
    if key_file is not None:
        try:
            key = key_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            fail(f"key file {key_file}: {why}", BAD_USAGE)
    if not (key.isascii() and key.isprintable()):
        fail("the connector's key may hold printable ASCII characters alone", BAD_USAGE)
    return Target(address, key)
