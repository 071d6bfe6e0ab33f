"""The keys that clients show: made, written into a file, read from it; kept as digests alone."""

import hashlib
import hmac
import os
import re
import secrets
import time
import tomllib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import cast

import msgspec
import structlog

from connector.errors import ConnectorError

log = structlog.get_logger(__name__)

PREFIX = "osq_"
"""Begins each key, so that one that went astray is recognised in text."""
LOOK_AGAIN_S = 1.0
"""Between two looks at whether the file changed."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Role(StrEnum):
    """What the holder of a key may do: `trade` includes `read`."""

    READ = "read"
    TRADE = "trade"


class Key(msgspec.Struct, frozen=True):
    """A client's key as it is kept: `digest` is SHA-256 in hexadecimal, never the key itself."""

    name: str
    role: Role
    digest: str


class BadKeys(ConnectorError):
    """The key file can't be used; the message is one line that says what is allowed."""


def new_key() -> str:
    """Make a key of 256 random bits: too many to guess, so that one hash is enough to keep it."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """Give what is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def entry(name: str, role: Role, key: str) -> str:
    """Give the lines of a key for the key file. Errors: BadKeys for a name that isn't one."""
    if not _NAME.fullmatch(name):
        raise BadKeys(f"{name!r} is no name: letters, digits, dots, dashes, 64 characters at most")
    return f'[[keys]]\nname = "{name}"\nrole = "{role}"\nsha256 = "{digest_of(key)}"\n'


def add_key(path: Path, name: str, role: Role) -> str:
    """Append a new key to the file, made where it isn't, and give the key: told here alone.

    Errors:  BadKeys for a name that is none or taken, and for a file that can't be read or written.
    """
    key = new_key()
    lines = entry(name, role, key)
    if path.exists() and any(each.name == name for each in read_keys(path)):
        raise BadKeys(f"{path} holds a key called {name} already; take its lines out first")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "a") as file:
            file.write(("\n" if file.tell() else "") + lines)
    except OSError as error:
        raise BadKeys(f"key file {path}: {error.strerror or error}") from None
    return key


def read_keys(path: Path) -> tuple[Key, ...]:
    """Read a key file: TOML, `[[keys]]` with `name`, `role` and `sha256`.

    Errors:  BadKeys that names the file, the entry and what is allowed; also for no key at all.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadKeys(f"key file {path}: {error.strerror or error}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadKeys(f"key file {path}: it is not TOML: {error}") from None
    listed = table.get("keys")
    if not isinstance(listed, list) or not listed or set(table) != {"keys"}:
        raise BadKeys(f"key file {path}: it must hold [[keys]] entries and nothing else")
    keys = tuple(
        _key(path, number, each) for number, each in enumerate(cast("list[object]", listed), 1)
    )
    names = [key.name for key in keys]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadKeys(f"key file {path}: two keys are called {twice}")
    return keys


def _key(path: Path, number: int, written: object) -> Key:
    where = f"key file {path}, entry {number}"
    if not isinstance(written, dict) or set(cast("dict[str, object]", written)) != {
        "name",
        "role",
        "sha256",
    }:
        raise BadKeys(f"{where}: name, role and sha256 are what it must hold")
    told = {str(k): str(v) for k, v in cast("dict[object, object]", written).items()}
    if not _NAME.fullmatch(told["name"]):
        raise BadKeys(f"{where}: name must be letters, digits, dots, dashes, 64 at most")
    if told["role"] not in list(Role):
        raise BadKeys(f"{where}: role must be read or trade")
    if not _DIGEST.fullmatch(told["sha256"].lower()):
        raise BadKeys(f"{where}: sha256 must be 64 hexadecimal digits; `connector keys new` gives")
    return Key(told["name"], Role(told["role"]), told["sha256"].lower())


class KeyRing:
    """The keys of a file, read anew when it changes; one that turns bad is told and not taken.

    Errors:  BadKeys at construction.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._seen = self._stamp()
        self._keys = read_keys(path)
        self._looked = clock()

    def find(self, shown: str) -> Key | None:
        """Give the key that is shown, comparing with each in constant time."""
        self._look()
        digest, found = digest_of(shown), None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found

    def _look(self) -> None:
        now = self._clock()
        if now - self._looked < LOOK_AGAIN_S:
            return
        self._looked = now
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            self._keys = read_keys(self._path)
        except BadKeys as error:
            log.error("the key file can't be used; the keys before it hold", error=str(error))
            return
        log.info("keys read", names=[key.name for key in self._keys])

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            told = self._path.stat()
        except OSError:
            return None
        return told.st_mtime_ns, told.st_size, told.st_ino
