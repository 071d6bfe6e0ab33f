"""Checks of this machine: the port and the disk."""

import errno
import os
import shutil
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.config import BadConfig, Config
from connector.doctor.findings import Finding, State
from connector.errors import ConnectorError
from connector.exchange.state_file import default_path
from connector.keys import BadKeys, read_keys
from connector.terminal.certificates import own_certificate
from connector.terminal.client import Target, Tls
from connector.terminal.health import asked_health

EXPIRES_SOON = timedelta(days=14)
LEAST_FREE = 100 * 1024 * 1024
"""Bytes; a million order ids take about as many."""


async def check_port(config: Config) -> Finding:
    """Find whether the port is free, or a connector listens there already."""
    host, port = config.server.host.strip("[]"), config.server.port
    where = f"{host}:{port}"
    if port == 0:
        return Finding("port", State.OK, "any free one")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            why = error.strerror or str(error)
            remedy = "server.host must be an address of this machine; ports below 1024 need rights"
            return Finding("port", State.FAILURE, f"{where}: {why}", remedy)
    else:
        return Finding("port", State.OK, f"{where} is free")
    try:
        status = await asked_health(reachable(config), 2)
    except ConnectorError:
        remedy = "stop what listens there, or set server.port (PORT)"
        return Finding("port", State.FAILURE, f"{where} is taken by something else", remedy)
    remedy = "nothing, if it is the one you mean; a second one needs another port"
    return Finding("port", State.WARNING, f"{where}: a connector runs there, {status}", remedy)


def reachable(config: Config) -> Target:
    """Give how a connector of this configuration is called from here.

    Under mutual TLS it shows the server's own certificate, signed as the clients' are.
    Errors:  BadConfig for certificates that can't be read.
    """
    host = config.server.host.strip("[]")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    address = f"[{host}]:{config.server.port}" if ":" in host else f"{host}:{config.server.port}"
    tls = config.server.tls
    if not tls.cert:
        return Target(address)
    files = own_certificate(tls)
    own = (files.key, files.pem) if tls.client_ca else (None, None)
    return Target(address, tls=Tls(files.client_ca or files.pem, *own, files.name))


def check_clients(config: Config) -> Finding:
    """Find who may call: keys, certificates and their dates, and whether strangers reach it."""
    server = config.server
    remedy = "docs/security.md: keys are made by `connector keys new`, certificates by openssl"
    try:
        server.check_exposure()
        keys = read_keys(Path(server.keys_file)) if server.keys_file else ()
        until = own_certificate(server.tls).until if server.tls.cert else None
    except (BadConfig, BadKeys) as error:
        return Finding("clients", State.FAILURE, str(error), remedy)
    words = (
        ", ".join(f"{key.name} ({key.role})" for key in keys) or "no keys: everyone here may call"
    )
    if until is None:
        return Finding("clients", State.OK, words)
    left = until - datetime.now(UTC)
    words += f"; the certificate holds until {until:%Y-%m-%d}"
    if left < timedelta(0):
        return Finding("clients", State.FAILURE, words, "renew it: no client will connect")
    if left < EXPIRES_SOON:
        return Finding("clients", State.WARNING, words, "renew it; no restart is needed")
    return Finding("clients", State.OK, words)


def check_state(config: Config) -> Finding:
    """Find whether order ids can be kept where they shall be."""
    named = config.state.path
    if named == ":memory:" or (config.exchange.embedded and not named):
        words = "order ids are kept in memory alone"
        if config.exchange.embedded:
            return Finding("state", State.OK, words)
        remedy = "set state.path to a file, unless ids may change at a restart"
        return Finding("state", State.WARNING, words, remedy)
    file = Path(named or default_path())
    folder = file.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    remedy = "set state.path to a file on a disk that may be written"
    if not (folder.is_dir() and os.access(file if file.exists() else folder, os.W_OK)):
        return Finding("state", State.FAILURE, f"{file} can't be written", remedy)
    if file.exists() and (damage := _damage(file)):
        remedy = "move the file away; the connector begins a new one"
        return Finding("state", State.FAILURE, f"{file}: {damage}", remedy)
    free = shutil.disk_usage(folder).free
    words = f"{file}, {free / 2**30:.1f} GiB free"
    if free < LEAST_FREE:
        return Finding("state", State.WARNING, words, f"free {LEAST_FREE >> 20} MiB, or {remedy}")
    return Finding("state", State.OK, words)


def _damage(file: Path) -> str:
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return str(error)
    return ""
