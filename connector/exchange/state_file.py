"""The state's file: rows that lead from an id to what is known by it, in SQLite.

One file serves several accounts, each its scope, and several processes. Errors after the opening
are warned of, once until a write is good again, and never raised.
"""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from hashlib import blake2b
from pathlib import Path

import structlog

from connector.config import BadConfig
from connector.exchange.state_opening import connected, opened, prepared, transaction

log = structlog.get_logger(__name__)

KEPT = timedelta(days=30)
KEPT_ROWS = 1_000_000
PRUNE_S = 3600.0
BUSY_LATER_S = 0.5
"""How long a write waits for another process: it is tried again; the end waits for two at most."""
AT_ONCE_S = 0.002
"""How long what is written at once waits for what else this process writes."""

Link = tuple[str, str, int]
"""Value, symbol, when it was noted."""
ABSENT = ("", "")
"""Value and symbol of what the file doesn't have."""

_FIND = "SELECT value, symbol FROM links WHERE scope = ? AND kind = ? AND key = ?"
_ALL = "SELECT value FROM links WHERE scope = ? AND kind = ? AND value != ''"
_LATEST = (
    "SELECT key, value, symbol FROM links INDEXED BY links_by_age WHERE seen_ms >= ? AND scope = ?"
    " AND kind = ? AND value LIKE ? || '%' ORDER BY seen_ms DESC LIMIT ?"
)
_KEEP = "INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?, ?, ?)"
_AND_ANOTHER = ", (?, ?, ?, ?, ?, ?)"
_SURPLUS = (
    "DELETE FROM links WHERE (scope, kind, key) IN"
    " (SELECT scope, kind, key FROM links ORDER BY seen_ms LIMIT max(0,"
    " (SELECT count(*) FROM links) - ?))"
)
_RUNS = "SELECT 1 FROM running WHERE scope = ?"
_BEGIN = "INSERT OR REPLACE INTO running VALUES (?)"
_END = "DELETE FROM running WHERE scope = ?"


def default_path() -> Path:
    """Say where the state is kept: in the user's data directory of this platform."""
    if sys.platform == "win32":
        named, fallback = os.environ.get("LOCALAPPDATA", ""), ("AppData", "Local")
    else:
        named, fallback = os.environ.get("XDG_DATA_HOME", ""), (".local", "share")
    directory = Path(named)
    if not directory.is_absolute():
        try:
            directory = Path.home().joinpath(*fallback)
        except RuntimeError:
            raise BadConfig("state.path: there is no home directory; name a file") from None
    return directory / "opensqt-connector" / "state.sqlite3"


def account_scope(exchange_id: str, market_type: str, api_key: str) -> str:
    """Name an account, so that one file can serve several; the key itself is not told."""
    return f"{exchange_id}:{market_type}:{blake2b(api_key.encode(), digest_size=8).hexdigest()}"


class StateFile:
    """The file, or a place in memory.

    One connection to read, one to write, and one that waits for nobody and leaves it to the other
    to fold the log that SQLite writes to back into the file, which waits for the disk.
    """

    def __init__(self, path: Path | None, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._writing = self._reading = threading.RLock()
        self._pruned_at = time.monotonic()
        self._warned = self._closed = False
        if path is None:
            self._writer = self._reader = self._hasty = prepared(":memory:")
        else:
            self._reading = threading.RLock()
            self._writer = opened(path)
            self._reader = connected(path)
            self._hasty = connected(path)
            self._hasty.execute("PRAGMA synchronous = NORMAL")
            self._hasty.execute("PRAGMA busy_timeout = 0")
            self._hasty.execute("PRAGMA wal_autocheckpoint = 0")
        self._prune()

    def begin(self, scope: str) -> bool:
        """Note that a process runs; whether one did that never told its end."""
        try:
            with self._writing, transaction(self._writer):
                runs = self._writer.execute(_RUNS, (scope,)).fetchone() is not None
                self._writer.execute(_BEGIN, (scope,))
        except sqlite3.Error as error:
            self._warn("not written", error)
            return True
        finally:
            self._writer.execute(f"PRAGMA busy_timeout = {round(BUSY_LATER_S * 1000)}")
        return runs

    def end(self, scope: str) -> None:
        """Note that a process ends, and has written all."""
        with self._writing:
            if self._closed:
                return
            try:
                with transaction(self._writer):
                    self._writer.execute(_END, (scope,))
            except sqlite3.Error as error:
                self._warn("not written", error)

    def find(self, scope: str, kind: int, key: int | str) -> Link | None:
        """Give a row, `ABSENT` if there is none, None where the file can't be read."""
        try:
            with self._reading:
                row = self._reader.execute(_FIND, (scope, kind, _storable(key))).fetchone()
        except sqlite3.Error as error:
            self._warn("not read", error)
            return None
        return (_text(row[0]), _text(row[1]), 0) if row else (*ABSENT, self._now_ms())

    def all_of(self, scope: str, kind: int) -> list[str]:
        """Give each value of a kind that is not ""."""
        try:
            with self._reading:
                return [_text(row[0]) for row in self._reader.execute(_ALL, (scope, kind))]
        except sqlite3.Error as error:
            self._warn("not read", error)
            return []

    def latest(
        self, scope: str, kind: int, beginning: str, since_ms: int, most: int
    ) -> list[tuple[str, str, str]]:
        """Give key, value and symbol of the latest of a kind whose value begins so."""
        asked = (since_ms, scope, kind, beginning, most)
        try:
            with self._reading:
                rows = self._reader.execute(_LATEST, asked).fetchall()
        except sqlite3.Error as error:
            self._warn("not read", error)
            return []
        return [(_text(key), _text(value), _text(symbol)) for key, value, symbol in rows]

    def keep(self, rows: Iterable[tuple[str | int, ...]]) -> bool:
        """Write rows in one transaction; whether there is nothing to try again."""
        storable = [tuple(map(_storable, row)) for row in rows]
        with self._writing:
            if self._closed:
                return True
            try:
                with transaction(self._writer):
                    self._writer.executemany(_KEEP, storable)
            except sqlite3.Error as error:
                again = isinstance(error, sqlite3.OperationalError)
                self._warn("not written, to be tried again" if again else "not written", error)
                return not again
            self._warned = False
            if time.monotonic() - self._pruned_at > PRUNE_S:
                self._prune()
        return True

    def keep_at_once(self, rows: Sequence[tuple[str | int, ...]]) -> bool:
        """Write a few rows with one statement; whether that was possible without waiting."""
        if not self._writing.acquire(timeout=AT_ONCE_S):
            return False
        try:
            if self._closed:
                return False
            values = [_storable(value) for row in rows for value in row]
            self._hasty.execute(_KEEP + _AND_ANOTHER * (len(rows) - 1), values)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                self._warn("not written", error)
            return False
        finally:
            self._writing.release()
        return True

    def close(self) -> None:
        """Let the file go; what is to be kept later is not written."""
        with self._writing, self._reading:
            self._closed = True
            self._hasty.close()
            self._reader.close()
            self._writer.close()

    def _prune(self) -> None:
        self._pruned_at = time.monotonic()
        oldest_ms = self._now_ms() - KEPT // timedelta(milliseconds=1)
        try:
            with transaction(self._writer):
                self._writer.execute("DELETE FROM links WHERE seen_ms < ?", (oldest_ms,))
                self._writer.execute(_SURPLUS, (KEPT_ROWS,))
        except sqlite3.Error as error:
            self._warn("not pruned", error)

    def _warn(self, what: str, error: sqlite3.Error) -> None:
        if not self._warned:
            self._warned = True
            log.warning(f"order ids {what}", error=str(error))


def _storable(value: str | int) -> str | int | bytes:
    """Give text that is no Unicode (a lone surrogate) as bytes, which SQLite keeps."""
    if isinstance(value, int) or value.isascii():
        return value
    raw = value.encode("utf-8", "surrogatepass")
    return value if raw.decode("utf-8", "ignore") == value else raw


def _text(kept: str | bytes) -> str:
    return kept if isinstance(kept, str) else kept.decode("utf-8", "surrogatepass")
