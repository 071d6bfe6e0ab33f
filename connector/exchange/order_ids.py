"""Order ids: the exchange's text ↔ the positive int64 that clients know, kept across restarts.

A numeric id that fits is itself. Any other text (a UUID, hex, a number beyond int64) becomes a
hash of 62 bits with bit 62 set: the same after every restart, also without the file. The file
holds the way back. Reads come from memory, or from the file's index for what is older; writes
wait in memory for one background thread, so that no order ever waits for a disk.
"""

import os
import sqlite3
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path

import structlog

from connector.config import BadConfig

log = structlog.get_logger(__name__)

MAX_ID = 2**63 - 1
HASHED = 2**62
"""Hashes have this bit; a number below it needs no row."""
KEPT = timedelta(days=30)
KEPT_ROWS = 1_000_000
IN_MEMORY = 20_000
"""Entries in the cache in front of the file."""
MOST_WAITING = 100_000
"""Entries that wait for a file that takes none; beyond it the oldest are let go."""
FLUSH_S = 0.05
RETRY_S = 1.0
"""Before what could not be written is tried again."""
PRUNE_S = 3600.0
NOTED_AGAIN_MS = 86_400_000
"""What is seen for longer than a day is written anew, so that a standing order is kept."""
ABSENT_MS = 1_000
"""For so long what the file lacks isn't looked for again: another process may write it."""
BUSY_S = 5.0
"""How long a write waits for another process at the same file."""
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
_FIND = "SELECT value, symbol FROM links WHERE scope = ? AND kind = ? AND key = ?"
_ALL = "SELECT value FROM links WHERE scope = ? AND kind = ? AND value != ''"
_KEEP = "INSERT OR REPLACE INTO links VALUES (?, ?, ?, ?, ?, ?)"
_SURPLUS = (
    "DELETE FROM links WHERE (scope, kind, key) IN"
    " (SELECT scope, kind, key FROM links ORDER BY seen_ms LIMIT max(0,"
    " (SELECT count(*) FROM links) - ?))"
)
_RUNS = "SELECT 1 FROM running WHERE scope = ?"
_BEGIN = "INSERT OR REPLACE INTO running VALUES (?)"
_END = "DELETE FROM running WHERE scope = ?"
_DAMAGE = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


class _Kind(IntEnum):
    ORDER = 1
    """int64 → exchange's order id and symbol."""
    CLIENT = 2
    """caller's client order id → exchange's order id and symbol."""
    SENT = 3
    """client order id as sent → the caller's."""
    RENEWED = 4
    """caller's client order id → what is sent for it, since its own is used up."""
    TOLD = 5
    """symbol and exchange's order id → the order as last told on the stream; "" once it ended."""


_Key = tuple[_Kind, int | str]
_Link = tuple[str, str, int]
"""Value, symbol, when it was noted."""
_ABSENT = ("", "")
"""Stands in memory for what the file doesn't have, save for a caller's id: that one may have been
used by another process since, and an order must not be placed twice."""


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


class OrderIds:
    """The ids of one account's orders. One instance a scope; called from one thread.

    Errors:     BadConfig at construction, when the file can't be written. None later: what can't
                be written is warned of, and kept in memory.
    Guarantee:  nothing here waits for a disk but the construction, `flush` and `close`, and the
                look into the file for what is not in memory. A crash loses what was noted in the
                last 50 ms, and is told to the next process: `is_after_crash`.
    Shapes:     `path` ":memory:" keeps nothing.
    """

    def __init__(
        self,
        path: Path | str,
        scope: str,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._scope, self._now_ms = scope, now_ms
        self._recent: OrderedDict[_Key, _Link] = OrderedDict()
        self._waiting: dict[_Key, _Link] = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._file = _File(Path(path) if path != ":memory:" else None, now_ms)
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self.is_after_crash = self._file.begin(scope)
        """Whether the process before this one ended without writing all that it had noted."""

    def to_client(self, exchange_order_id: str, symbol: str) -> int:
        """Give the id that clients know an order by.

        Guarantee:  positive, the same for the same text, another for another text. A number from
                    1 to 2^63-1 without leading zeros is itself, save for one that a hash already
                    has (which needs bit 62, and a chance of 2^-62 for each order).
        """
        number = _number(exchange_order_id)
        if 0 < number < HASHED:
            return number
        attempt = 0
        order_id = number or _hashed(exchange_order_id, attempt)
        while (taken := self._find(_Kind.ORDER, order_id)) and taken[0] != exchange_order_id:
            order_id = _hashed(exchange_order_id, attempt)
            attempt += 1
        self._note(_Kind.ORDER, order_id, exchange_order_id, symbol)
        return order_id

    def to_exchange(self, order_id: int) -> tuple[str, str] | None:
        """Give the exchange's id and the symbol; None when the id is none that was given out.

        Shapes:  the symbol of a number that is its own id is "": exchanges with such ids may count
                 each symbol apart, and whoever asks names the symbol.
        """
        if 0 < order_id < HASHED:
            return str(order_id), ""
        return self._find(_Kind.ORDER, order_id) if HASHED <= order_id <= MAX_ID else None

    def note_client_id(self, client_order_id: str, exchange_order_id: str, symbol: str) -> None:
        """Remember which order a caller's own id means; of a recurring one, the newest."""
        self._note(_Kind.CLIENT, client_order_id, exchange_order_id, symbol)

    def by_client_id(self, client_order_id: str) -> tuple[str, str] | None:
        """Give the exchange's id and the symbol of the newest order with a caller's id."""
        return self._find(_Kind.CLIENT, client_order_id)

    def knows_client_id(self, client_order_id: str) -> bool:
        """Whether an order of this caller's id was ever noted, as far as is kept."""
        return self._find(_Kind.CLIENT, client_order_id) is not None

    def note_sent_id(self, sent_id: str, client_order_id: str) -> None:
        """Remember the caller's id of one that was sent in other words."""
        self._note(_Kind.SENT, sent_id, client_order_id, "")

    def note_renewed_id(self, client_order_id: str, sent_id: str) -> None:
        """Remember what is sent for a caller's id since the exchange takes it no more."""
        self._note(_Kind.RENEWED, client_order_id, sent_id, "")

    def renewed_id(self, client_order_id: str) -> str | None:
        """Give what is sent for a caller's id, if that was renewed."""
        found = self._find(_Kind.RENEWED, client_order_id)
        return found[0] if found else None

    def caller_id(self, sent_id: str) -> str:
        """Give the caller's client order id of one that the exchange names; itself if not noted."""
        found = self._find(_Kind.SENT, sent_id)
        return found[0] if found else sent_id

    def note_told(self, key: str, order: str, symbol: str) -> None:
        """Remember an order as it was last told; "" when it is over."""
        self._note(_Kind.TOLD, key, order, symbol)

    def told(self) -> list[str]:
        """Give the orders that are not over as they were last told, as far as is written."""
        return self._file.all_of(self._scope, _Kind.TOLD)

    def flush(self) -> None:
        """Write what waits, now; what can't be written goes on waiting."""
        self._write_waiting()

    def close(self) -> None:
        """Write what waits, and let the file go."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        if self._write_waiting():
            self._file.end(self._scope)
        self._file.close()

    def _find(self, kind: _Kind, key: int | str) -> tuple[str, str] | None:
        known = self._recent.get((kind, key))
        if known is not None:
            self._recent.move_to_end((kind, key))
            if known[:2] != _ABSENT:
                return known[:2]
            if 0 <= self._now_ms() - known[2] < ABSENT_MS:
                return None
        with self._lock:
            waiting = self._waiting.get((kind, key))
        if waiting is not None:
            return waiting[:2]
        found = self._file.find(self._scope, kind, key)
        if found is None:
            return None
        is_absent = found[:2] == _ABSENT
        if not is_absent or kind is not _Kind.CLIENT:
            self._remember((kind, key), found)
        return None if is_absent else found[:2]

    def _note(self, kind: _Kind, key: int | str, value: str, symbol: str) -> None:
        now_ms = self._now_ms()
        known = self._recent.get((kind, key))
        if known and known[:2] == (value, symbol) and now_ms - known[2] < NOTED_AGAIN_MS:
            return
        link = (value, symbol, now_ms)
        self._remember((kind, key), link)
        with self._lock:
            self._waiting.pop((kind, key), None)
            self._waiting[kind, key] = link
            if len(self._waiting) > MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_writing, name="ids", daemon=True)
            self._thread.start()
        self._wake.set()

    def _remember(self, key: _Key, link: _Link) -> None:
        self._recent[key] = link
        self._recent.move_to_end(key)
        if len(self._recent) > IN_MEMORY:
            self._recent.popitem(last=False)

    def _keep_writing(self) -> None:
        pause_s = FLUSH_S
        while not self._closing.is_set():
            self._wake.wait()
            self._closing.wait(pause_s)
            self._wake.clear()
            pause_s = FLUSH_S if self._write_waiting() else RETRY_S

    def _write_waiting(self) -> bool:
        with self._flushing:
            with self._lock:
                batch = list(self._waiting.items())
            rows = ((self._scope, kind, key, *link) for (kind, key), link in batch)
            if not batch or self._file.keep(rows):
                with self._lock:
                    for key, link in batch:
                        if self._waiting.get(key) is link:
                            del self._waiting[key]
                return True
        self._wake.set()
        return False


class _File:
    """The file, or a place in memory: one connection to read, one to write."""

    def __init__(self, path: Path | None, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._writing = self._reading = threading.RLock()
        self._pruned_at = time.monotonic()
        self._warned = self._closed = False
        if path is None:
            self._writer = self._reader = _prepared(":memory:")
        else:
            self._reading = threading.RLock()
            self._writer = _opened(path)
            self._reader = _connected(path)
        self._prune()

    def begin(self, scope: str) -> bool:
        """Note that a process runs; whether one did that never told its end."""
        try:
            with self._writing, _transaction(self._writer):
                runs = self._writer.execute(_RUNS, (scope,)).fetchone() is not None
                self._writer.execute(_BEGIN, (scope,))
        except sqlite3.Error as error:
            self._warn("not written", error)
            return True
        return runs

    def end(self, scope: str) -> None:
        """Note that a process ends, and has written all."""
        with self._writing:
            if self._closed:
                return
            try:
                with _transaction(self._writer):
                    self._writer.execute(_END, (scope,))
            except sqlite3.Error as error:
                self._warn("not written", error)

    def find(self, scope: str, kind: _Kind, key: int | str) -> _Link | None:
        """Give a row, `_ABSENT` if there is none, None where the file can't be read."""
        try:
            with self._reading:
                row = self._reader.execute(_FIND, (scope, kind, _storable(key))).fetchone()
        except sqlite3.Error as error:
            self._warn("not read", error)
            return None
        return (_text(row[0]), _text(row[1]), 0) if row else (*_ABSENT, self._now_ms())

    def all_of(self, scope: str, kind: _Kind) -> list[str]:
        try:
            with self._reading:
                return [_text(row[0]) for row in self._reader.execute(_ALL, (scope, kind))]
        except sqlite3.Error as error:
            self._warn("not read", error)
            return []

    def keep(self, rows: Iterable[tuple[str | int, ...]]) -> bool:
        """Write rows in one transaction; whether there is nothing to try again."""
        storable = [tuple(map(_storable, row)) for row in rows]
        with self._writing:
            if self._closed:
                return True
            try:
                with _transaction(self._writer):
                    self._writer.executemany(_KEEP, storable)
            except sqlite3.Error as error:
                again = isinstance(error, sqlite3.OperationalError)
                self._warn("not written, to be tried again" if again else "not written", error)
                return not again
            self._warned = False
            if time.monotonic() - self._pruned_at > PRUNE_S:
                self._prune()
        return True

    def close(self) -> None:
        with self._writing, self._reading:
            self._closed = True
            self._reader.close()
            self._writer.close()

    def _prune(self) -> None:
        self._pruned_at = time.monotonic()
        oldest_ms = self._now_ms() - KEPT // timedelta(milliseconds=1)
        try:
            with _transaction(self._writer):
                self._writer.execute("DELETE FROM links WHERE seen_ms < ?", (oldest_ms,))
                self._writer.execute(_SURPLUS, (KEPT_ROWS,))
        except sqlite3.Error as error:
            self._warn("not pruned", error)

    def _warn(self, what: str, error: sqlite3.Error) -> None:
        if not self._warned:
            self._warned = True
            log.warning(f"order ids {what}", error=str(error))


def _opened(path: Path) -> sqlite3.Connection:
    """Open the file for writing, made if need be; a damaged one is moved aside."""
    try:
        _make(path)
        try:
            return _prepared(path)
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) not in _DAMAGE:
                raise
            aside = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
            log.warning("order ids: damaged file moved aside", kept=str(aside), error=str(error))
            for end in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + end).replace(aside.with_name(aside.name + end))
            _make(path)
            return _prepared(path)
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


def _prepared(path: Path | str) -> sqlite3.Connection:
    """Connect for writing. Two that come first at once may find it locked: wait for each other."""
    connection = _connected(path)
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
    with _transaction(connection):
        for statement in _SCHEMA:
            connection.execute(statement)
    return connection


def _connected(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _storable(value: str | int) -> str | int | bytes:
    """Give text that is no Unicode (a lone surrogate) as bytes, which SQLite keeps."""
    if isinstance(value, int) or value.isascii():
        return value
    raw = value.encode("utf-8", "surrogatepass")
    return value if raw.decode("utf-8", "ignore") == value else raw


def _text(kept: str | bytes) -> str:
    return kept if isinstance(kept, str) else kept.decode("utf-8", "surrogatepass")


def _number(text: str) -> int:
    """Read a positive int64 as an exchange writes it; 0 for any other text."""
    if 0 < len(text) <= 19 and text[0] != "0" and text.isascii() and text.isdigit():
        number = int(text)
        return number if number <= MAX_ID else 0
    return 0


def _hashed(text: str, attempt: int) -> int:
    raw = text.encode("utf-8", "surrogatepass")
    digest = blake2b(raw, digest_size=8, salt=attempt.to_bytes(8, "big")).digest()
    return HASHED | int.from_bytes(digest, "big") & HASHED - 1
