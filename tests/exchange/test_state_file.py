"""The state file, through the order ids in it: whose it is, what it keeps, what damages it."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.config import BadConfig
from connector.exchange import state_file, state_opening
from connector.exchange.order_ids import OrderIds
from connector.exchange.state_file import KEPT, account_scope, default_path
from tests.exchange.one_state_file import BTC, DAY_MS, SCOPE, UUID, Clock, Open


def test_accounts_in_one_file_dont_see_each_other(opened: Open) -> None:
    one, other = opened("bybit:swap:1"), opened("bybit:swap:2")
    order_id = one.to_client(UUID, BTC)
    one.note_client_id("grid_1", BTC, 1)
    one.flush()

    assert other.to_exchange(order_id) is None
    assert not other.knows_client_id("grid_1")


def test_a_scope_names_the_account_but_not_its_key() -> None:
    scope = account_scope("bybit", "swap", "my-key")

    assert scope == account_scope("bybit", "swap", "my-key")
    assert scope.startswith("bybit:swap:")
    assert "my-key" not in scope
    scopes = {
        scope,
        account_scope("bybit", "spot", "my-key"),
        account_scope("okx", "swap", "my-key"),
        account_scope("bybit", "swap", "another"),
    }
    assert len(scopes) == 4


def test_what_is_older_than_30_days_is_let_go(opened: Open) -> None:
    clock = Clock()
    ids = opened(now_ms=clock)
    old = ids.to_client("old", BTC)
    clock.now_ms += 15 * DAY_MS
    recent = ids.to_client("recent", BTC)
    ids.close()
    clock.now_ms += KEPT.days * DAY_MS - 14 * DAY_MS

    again = opened(now_ms=clock)

    assert again.to_exchange(old) is None
    assert again.to_exchange(recent) == ("recent", BTC)


def test_of_too_many_rows_the_oldest_go(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "KEPT_ROWS", 10)
    clock = Clock()
    ids = opened(now_ms=clock)
    order_ids: list[int] = []
    for n in range(25):
        clock.now_ms += 1
        order_ids.append(ids.to_client(f"order {n}", BTC))
    ids.close()

    again = opened(now_ms=clock)

    kept = [again.to_exchange(order_id) is not None for order_id in order_ids]
    assert kept == [False] * 15 + [True] * 10


def test_rows_are_pruned_while_running(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(state_file, "KEPT_ROWS", 10)
    monkeypatch.setattr(state_file, "PRUNE_S", 0)
    ids = opened()
    for n in range(25):
        ids.to_client(f"order {n}", BTC)
        ids.flush()

    file = sqlite3.connect(tmp_path / "state.sqlite3")
    assert file.execute("SELECT count(*) FROM links").fetchone() == (10,)
    file.close()


def test_directories_and_file_are_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "state.sqlite3"

    ids = OrderIds(path, SCOPE)
    ids.to_client(UUID, BTC)
    ids.flush()

    for made, mode in ((path.parent.parent, 0o700), (path.parent, 0o700), (path, 0o600)):
        assert stat.S_IMODE(made.stat().st_mode) == mode
    for beside in path.parent.iterdir():
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    ids.close()


@pytest.mark.parametrize("place", ["file/state.sqlite3", "directory"])
def test_a_path_that_cannot_be_written_is_told_so(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "directory").mkdir()

    with pytest.raises(BadConfig, match=rf"state\.path .*{place} can't be written: \w+"):
        OrderIds(tmp_path / place, SCOPE)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    file = sqlite3.connect(path)
    file.execute("PRAGMA user_version = 99")
    file.close()

    with pytest.raises(BadConfig, match="version 99"):
        OrderIds(path, SCOPE)
    assert list(tmp_path.iterdir()) == [path]


def _no_database(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1_000)


def _broken_pages(path: Path) -> None:
    ids = OrderIds(path, SCOPE)
    for n in range(2_000):
        ids.to_client(f"order {n}", BTC)
    ids.close()
    raw = bytearray(path.read_bytes())
    raw[4096 * 2 :] = b"\x55" * (len(raw) - 4096 * 2)
    path.write_bytes(raw)


@pytest.mark.parametrize("damage", [_no_database, _broken_pages])
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "state.sqlite3"
    damage(path)
    damaged = path.read_bytes()

    ids = OrderIds(path, SCOPE)
    order_id = ids.to_client(UUID, BTC)
    ids.close()

    (aside,) = tmp_path.glob("state.sqlite3.damaged-*")
    assert aside.read_bytes() == damaged
    again = OrderIds(path, SCOPE)
    assert again.to_exchange(order_id) == (UUID, BTC)
    again.close()


WRITER = """
import sys
from connector.exchange.order_ids import OrderIds
ids = OrderIds(sys.argv[1], "bybit:swap:1")
for n in range(500):
    ids.to_client(f"{sys.argv[2]} {n}", "BTC/USDT:USDT")
    if n % 10 == 0:
        ids.flush()
ids.close()
"""


def test_two_processes_at_one_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.sqlite3"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stderr=subprocess.PIPE)
        for name in ("one", "other")
    ]
    for writer in writers:
        _, told = writer.communicate(timeout=50)
        assert (writer.returncode, told) == (0, b"")

    ids, known = OrderIds(path, SCOPE), OrderIds(":memory:", SCOPE)
    texts = [f"{name} {n}" for name in ("one", "other") for n in range(500)]
    found = [ids.to_exchange(known.to_client(text, BTC)) for text in texts]
    ids.close()
    known.close()
    assert found == [(text, BTC) for text in texts]
    file = sqlite3.connect(path)
    assert file.execute("SELECT count(*) FROM links").fetchone() == (1_000,)
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()


def test_the_default_path_is_in_the_users_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", "/home/desk")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert default_path() == Path("/data/opensqt-connector/state.sqlite3")

    monkeypatch.setenv("XDG_DATA_HOME", "not/absolute")
    in_home = Path("/home/desk/.local/share/opensqt-connector/state.sqlite3")
    assert default_path() == in_home

    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_path() == in_home


def test_on_windows_the_default_path_is_in_the_local_application_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/C/Users/desk/AppData/Local")

    in_local = Path("/C/Users/desk/AppData/Local/opensqt-connector/state.sqlite3")
    assert default_path() == in_local


def test_a_process_that_ended_without_a_word_is_known_to_the_next(
    opened: Open, tmp_path: Path
) -> None:
    assert not opened().is_after_crash
    assert opened().is_after_crash, "the one before has not closed"
    assert not opened("another:account:1").is_after_crash

    opened().close()

    assert not opened().is_after_crash
    in_memory = OrderIds(":memory:", SCOPE)
    assert not in_memory.is_after_crash
    in_memory.close()


def test_a_file_that_another_process_holds_delays_no_end(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(state_opening, "BUSY_S", 60)
    monkeypatch.setattr(state_file, "BUSY_LATER_S", 0)
    ids = opened()
    ids.note_client_id("mine", BTC, 4_711)
    other = sqlite3.connect(tmp_path / "state.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    ids.close()

    other.execute("ROLLBACK")
    other.close()
    assert opened().is_after_crash, "not all was written"
