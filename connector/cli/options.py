"""Options that several commands take, and what is read from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.running import or_fail

if TYPE_CHECKING:
    from connector.config import Config

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="TOML file; also CONFIG_FILE.")
]
Address = Annotated[str, typer.Option("--address", "-a", help="Where the connector listens.")]
Symbols = Annotated[list[str], typer.Argument(help="Symbols, for example BTCUSDT ETHUSDT.")]
HERE = "127.0.0.1:50051"
"""Where a connector listens unless it is told otherwise."""


def read_settings(file: Path | None, flags: dict[str, object] | None = None) -> Config:
    """Read what holds, or end with a line that names the wrong key."""
    from connector.config import Config

    return or_fail(lambda: Config.read(file, flags=flags or {}))
