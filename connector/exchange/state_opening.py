"""The state's file opened: made for its owner alone, sound, of our version, or moved aside."""

import os
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from connector.config import BadConfig

log = structlog.get_logger(__name__)

BUSY_S = 5.0
"""How long the opening waits for another process at the same file."""
CACHE_KB = 256
"""Pages that SQLite keeps in memory, for each connection; it would fill 2,000."""

VERSION = 1
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS links (scope TEXT NOT NULL, kind INTEGER NOT NULL, key NOT NULL,"
    " value TEXT NOT NULL, symbol TEXT NOT NULL, seen_ms INTEGER NOT NULL,"
    " PRIMARY KEY (scope, kind, key)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS links_by_age ON links (seen_ms)",
    # scopes whose process has not written all that it noted
    "CREATE TABLE IF NOT EXISTS running (scope TEXT PRIMARY KEY) WITHOUT ROWID",
    f"PRAGMA user_version = {VERSION}",
)
_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


def opened(path: Path) -> sqlite3.Connection:
    """Open the file for writing, made if need be; a damaged one is moved aside.

    Errors:  BadConfig when it can't be written.
    """
    try:
        _make(path)
        try:
            return prepared(path)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) not in _DAMAGE:
                raise
            aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
            log.warning("order ids: damaged file moved aside", kept=str(aside), error=str(error))
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + end).replace(aside.with_name(aside.name + end))
            _make(path)
            return prepared(path)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise BadConfig(f"state.path {path} can't be written: {why}") from None


def _make(path: Path) -> None:
    """Make the file for its owner alone, and the directories above it that are missing."""
    missing: list[Path] = []
    for directory in path.parents:
        if directory.exists():
            break
        missing.append(directory)
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with suppress(PermissionError):
        path.chmod(0o600)


def prepared(path: Path | str) -> sqlite3.Connection:
    """Connect for writing. Two that come first at once may find it locked: wait for each other.

    Errors:  sqlite3's, SQLITE_CORRUPT for a damaged file, and for one of another version.
    """
    connection = connected(path)
    deadline = time.monotonic() + BUSY_S
    while True:
        try:
            return _with_schema(connection)
        except BaseException as error:
            locked = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
            if not locked or time.monotonic() > deadline:
                connection.close()
                raise
            time.sleep(0.01)


def _with_schema(connection: sqlite3.Connection) -> sqlite3.Connection:
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        damaged = sqlite3.DatabaseError("database disk image is malformed")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, VERSION):
        raise sqlite3.NotSupportedError(f"it is of version {version}, this is version {VERSION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    with transaction(connection):
        for statement in _SCHEMA:
            connection.execute(statement)
    return connection


def connected(path: Path | str) -> sqlite3.Connection:
    """Connect to a file that is prepared; each statement is a transaction unless one is begun."""
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Let all that is written within the block be written, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
