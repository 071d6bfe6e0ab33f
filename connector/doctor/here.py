"""Checks of this machine: the port and the disk."""

import errno
import os
import shutil
import socket
import sqlite3
from pathlib import Path

from connector.config import Config
from connector.doctor.findings import Finding, State
from connector.errors import ConnectorError
from connector.exchange.order_ids import default_path
from connector.terminal.client import Target
from connector.terminal.health import asked_health

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
        status = await asked_health(Target(reachable(config)), 2)
    except ConnectorError:
        remedy = "stop what listens there, or set server.port (PORT)"
        return Finding("port", State.FAILURE, f"{where} is taken by something else", remedy)
    remedy = "nothing, if it is the one you mean; a second one needs another port"
    return Finding("port", State.WARNING, f"{where}: a connector runs there, {status}", remedy)


def reachable(config: Config) -> str:
    """Give the address at which a connector of this configuration is called from here."""
    host = config.server.host.strip("[]")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
    return f"[{host}]:{config.server.port}" if ":" in host else f"{host}:{config.server.port}"


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
