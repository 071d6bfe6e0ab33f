"""Options that several commands take, and what is read from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.running import BAD_USAGE, fail, or_fail

if TYPE_CHECKING:
    from connector.config import Config
    from connector.terminal.client import Target, Tls

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="TOML file; also CONFIG_FILE.")
]
Address = Annotated[
    str,
    typer.Option("--address", "-a", help="Where the connector listens; tls:// before it encrypts."),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        envvar="CONNECTOR_API_KEY_FILE",
        help="File with the key that the connector wants; or set CONNECTOR_API_KEY.",
    ),
]
Symbols = Annotated[list[str], typer.Argument(help="Symbols, for example BTCUSDT ETHUSDT.")]
CA, CERTIFICATE, PRIVATE_KEY = (
    "CONNECTOR_CA_FILE",
    "CONNECTOR_CLIENT_CERT_FILE",
    "CONNECTOR_CLIENT_KEY_FILE",
)
"""Environment: PEM files for a line that is encrypted; without CA the system's authorities hold."""
ENCRYPTED = "tls://"
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
    return Target(address.removeprefix(ENCRYPTED), key, _tls(address))


def _tls(address: str) -> Tls | None:
    """Give how the line is encrypted: with `tls://` before the address, or an authority named."""
    from connector.terminal.client import Tls

    files = {name: os.environ.get(name, "").strip() for name in (CA, CERTIFICATE, PRIVATE_KEY)}
    if not address.startswith(ENCRYPTED) and not any(files.values()):
        return None
    read: dict[str, bytes | None] = {}
    for name, path in files.items():
        try:
            read[name] = Path(path).read_bytes() if path else None
        except OSError as error:
            fail(f"{name} {path}: {error.strerror or error}", BAD_USAGE)
    if bool(files[CERTIFICATE]) != bool(files[PRIVATE_KEY]):
        fail(f"{CERTIFICATE} and {PRIVATE_KEY} go together", BAD_USAGE)
    return Tls(read[CA], read[PRIVATE_KEY], read[CERTIFICATE])
