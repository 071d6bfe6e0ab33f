"""Order ids: numbers stay, the rest is hashed the same for ever, and the way back is kept."""

import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.exchange import order_ids as module
from connector.exchange import state_file, state_opening
from connector.exchange.order_ids import HASHED, MAX_ID, OrderIds, told_key
from connector.exchange.state_file import StateFile
from tests.exchange.one_state_file import BTC, DAY_MS, ETH, SCOPE, UUID, Clock, Open


@pytest.mark.parametrize("number", [1, 7, 8389765943582, HASHED - 1, HASHED, MAX_ID])
def test_a_number_that_fits_is_itself(number: int, opened: Open) -> None:
    ids = opened()

    assert ids.to_client(str(number), BTC) == number
    found = ids.to_exchange(number)
    assert found is not None
    assert found[0] == str(number)


OTHER_TEXTS = [
    UUID,
    "OQCLML-BW3P3-BUCMWZ",
    "ETH-100234",
    "5c35c02703aa673ceec2a168",
    "007",
    "0",
    "-5",
    "+5",
    " 5",
    "5.0",
    "1e5",
    "１２",
    str(MAX_ID + 1),
    "9" * 30,
    "",
    "\ud800",
    "a\x00b",
    "x" * 10_000,
]


@pytest.mark.parametrize("text", OTHER_TEXTS)
def test_any_other_text_becomes_a_positive_int64_and_comes_back(text: str, opened: Open) -> None:
    ids = opened()

    order_id = ids.to_client(text, BTC)

    assert HASHED <= order_id <= MAX_ID
    assert ids.to_exchange(order_id) == (text, BTC)
    ids.close()
    assert opened().to_exchange(order_id) == (text, BTC)


def test_an_id_is_the_same_in_every_version(opened: Open) -> None:
    assert opened().to_client(UUID, BTC) == 8144700254305402178


@given(st.lists(st.text() | st.integers(1, MAX_ID).map(str), max_size=30))
@example(["1", "01", " 1"])
def test_ids_are_positive_differ_as_their_texts_do_and_come_back(texts: list[str]) -> None:
    ids, others = OrderIds(":memory:", SCOPE), OrderIds(":memory:", SCOPE)

    given_out = {text: ids.to_client(text, BTC) for text in texts}

    assert all(0 < order_id <= MAX_ID for order_id in given_out.values())
    assert len(set(given_out.values())) == len(given_out)
    for text, order_id in given_out.items():
        found = ids.to_exchange(order_id)
        assert found is not None
        assert found[0] == text
        assert others.to_client(text, ETH) == order_id
    ids.close()
    others.close()


@pytest.mark.parametrize("order_id", [0, -1, -(2**63), MAX_ID + 1, HASHED + 12345])
def test_an_id_that_was_never_given_out_is_none(order_id: int, opened: Open) -> None:
    assert opened().to_exchange(order_id) is None


def test_a_number_that_was_never_seen_is_the_exchanges_own(opened: Open) -> None:
    assert opened().to_exchange(8389765943582) == ("8389765943582", "")


def _colliding(text: str, attempt: int) -> int:
    return HASHED + 100 + attempt


def test_two_texts_of_one_hash_get_two_ids_that_last(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_hashed", _colliding)
    ids = opened()
    one, other = ids.to_client("one", BTC), ids.to_client("other", BTC)
    ids.close()

    again = opened()

    assert one != other
    assert (again.to_client("other", BTC), again.to_client("one", BTC)) == (other, one)
    assert again.to_exchange(other) == ("other", BTC)


def test_a_hash_avoids_a_number_in_use(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_hashed", _colliding)
    ids = opened()
    number = HASHED + 100

    assert ids.to_client(str(number), BTC) == number
    assert ids.to_client(UUID, BTC) == number + 1
    assert ids.to_exchange(number) == (str(number), BTC)


def test_a_number_avoids_a_hash_in_use(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_hashed", _colliding)
    ids = opened()
    taken = ids.to_client(UUID, BTC)

    order_id = ids.to_client(str(taken), BTC)

    assert order_id != taken
    assert ids.to_exchange(order_id) == (str(taken), BTC)
    assert ids.to_exchange(taken) == (UUID, BTC)


def test_a_crash_before_the_flush_loses_the_way_back_but_not_the_id(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    ids = OrderIds(path, SCOPE)
    ids.close()
    order_id = ids.to_client(UUID, BTC)  # after its end: never written

    again = OrderIds(path, SCOPE)

    assert again.to_exchange(order_id) is None
    assert again.to_client(UUID, BTC) == order_id
    assert again.to_exchange(order_id) == (UUID, BTC)
    again.close()
    ids.close()


def test_what_is_noted_reaches_the_file_without_being_asked(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, keep = threading.Event(), state_file.StateFile.keep

    def noticed(file: Any, rows: Any) -> bool:
        done = keep(file, rows)
        kept.set()
        return done

    monkeypatch.setattr("connector.exchange.state_file.StateFile.keep", noticed)
    ids, other = opened(), opened()
    order_id = ids.to_client(UUID, BTC)

    assert kept.wait(5)
    assert other.to_exchange(order_id) == (UUID, BTC)


def test_a_callers_id_is_known_after_a_restart(opened: Open) -> None:
    ids = opened()
    ids.note_client_id("grid_1", BTC, 1)
    ids.close()

    again = opened()

    assert again.knows_client_id("grid_1")
    assert not again.knows_client_id("grid_2")


def test_an_id_of_which_nothing_is_known_costs_one_look_into_the_file(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, looks = opened(), list[Any]()
    find = StateFile.find

    def counted(*asked: Any) -> Any:
        looks.append(asked)
        return find(*asked)

    monkeypatch.setattr(StateFile, "find", counted)

    assert not ids.knows_client_id("grid_1")
    assert ids.renewed_id("grid_1") is None
    ids.note_sending("grid_1", "grid_1", BTC, 4_711)
    ids.note_client_id("grid_1", BTC, 4_712)
    ids.note_answered("grid_1")

    assert len(looks) == 1


def test_what_is_being_sent_is_left_behind_by_a_process_that_is_killed(opened: Open) -> None:
    ids = opened()
    ids.note_renewed_id("grid_1", "ot2")
    ids.note_sending("grid_1", "ot2", BTC, 4_711)

    left = opened()  # nothing was flushed, nor closed

    assert left.unanswered_since_ms("grid_1", 5_000) == 4_711
    assert (left.caller_id("ot2"), left.renewed_id("grid_1")) == ("grid_1", "ot2")


def test_an_order_is_unanswered_until_its_caller_knows(opened: Open) -> None:
    ids = opened()
    ids.note_sending("grid_1", "grid_1", BTC, 4_711)
    ids.note_client_id("grid_1", BTC, 4_712)  # a frame told of it
    assert ids.unanswered_since_ms("grid_1", 5_000) == 4_711

    ids.note_sending("grid_1", "grid_1", BTC, 4_999)
    assert ids.unanswered_since_ms("grid_1", 5_000) == 4_711
    assert ids.unanswered_since_ms("grid_1", 4_712 + DAY_MS) is None
    ids.note_answered("grid_1")
    ids.note_answered("another")
    ids.close()

    again = opened()
    assert again.unanswered_since_ms("grid_1", 5_000) is None
    assert again.knows_client_id("grid_1")
    assert not again.knows_client_id("another")


def test_what_nobody_was_told_is_found_by_the_next_process_for_a_day(opened: Open) -> None:
    clock = Clock()
    ids = opened(now_ms=clock)
    for number in range(4):
        ids.note_sending(f"grid_{number}", f"grid_{number}", BTC, number)
        clock.now_ms += 1
    ids.note_answered("grid_1")
    ids.close()

    again = opened(now_ms=clock)
    assert again.unanswered(10) == [("grid_3", BTC, 3), ("grid_2", BTC, 2), ("grid_0", BTC, 0)]
    assert again.unanswered(1) == [("grid_3", BTC, 3)]
    clock.now_ms += DAY_MS
    assert not again.unanswered(10)


def test_whether_an_order_was_told_is_known_also_after_its_end(opened: Open) -> None:
    ids = opened()
    ids.note_told(told_key(BTC, "7"), "", BTC)
    ids.close()

    again = opened()
    assert again.was_told(BTC, "7")
    assert not again.was_told(BTC, "8")


def test_what_a_crash_hid_counts_as_unanswered_when_it_is_seen_again(opened: Open) -> None:
    opened().note_client_id("known", BTC, 1)
    crashed = opened()
    crashed.flush()

    again = opened()
    again.note_client_id("hidden", BTC, 4_711)

    assert again.is_after_crash
    assert again.unanswered_since_ms("hidden", 5_000) == 4_711


def test_a_file_that_another_process_holds_delays_no_sending(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(state_opening, "BUSY_S", 0)
    ids = opened()
    other = sqlite3.connect(tmp_path / "state.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ids.note_sending("grid_1", "grid_1", BTC, 4_711)
    other.execute("ROLLBACK")
    other.close()
    ids.close()

    assert opened().unanswered_since_ms("grid_1", 5_000) == 4_711


def test_a_sent_id_names_its_caller_after_a_restart_and_others_are_themselves(
    opened: Open,
) -> None:
    ids = opened()
    ids.note_sent_id("otabc", "grid_\ud800é")
    ids.close()

    again = opened()

    assert again.caller_id("otabc") == "grid_\ud800é"
    assert again.caller_id("web") == "web"


def test_the_kinds_of_ids_dont_mix(opened: Open) -> None:
    ids = opened()
    ids.note_client_id("a", BTC, 1)
    ids.note_sent_id("c", "d")

    assert not ids.knows_client_id("c")
    assert ids.caller_id("a") == "a"


def test_an_order_that_is_still_seen_is_kept(opened: Open) -> None:
    clock = Clock()
    ids = opened(now_ms=clock)
    order_id = ids.to_client(UUID, BTC)
    for _ in range(40):
        clock.now_ms += DAY_MS
        ids.to_client(UUID, BTC)
    ids.close()

    assert opened(now_ms=clock).to_exchange(order_id) == (UUID, BTC)


def test_an_order_that_is_seen_often_is_written_once(opened: Open, tmp_path: Path) -> None:
    ids = opened()
    for _ in range(5):
        ids.to_client(UUID, BTC)
        ids.flush()

    with sqlite3.connect(tmp_path / "state.sqlite3") as file:
        (changes,) = file.execute("SELECT count(*) FROM links").fetchone()
    file.close()
    assert changes == 1


def test_memory_is_bounded_and_the_file_stands_behind_it(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 5)
    ids = opened()

    order_ids = [ids.to_client(f"order {n}", BTC) for n in range(50)]

    assert [ids.to_exchange(one) for one in order_ids] == [(f"order {n}", BTC) for n in range(50)]
    ids.flush()
    assert [ids.to_exchange(one) for one in order_ids] == [(f"order {n}", BTC) for n in range(50)]


def test_a_file_that_takes_nothing_stops_no_order(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(state_opening, "BUSY_S", 0)
    ids = opened()
    other = sqlite3.connect(tmp_path / "state.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    order_id = ids.to_client(UUID, BTC)
    ids.flush()

    assert ids.to_exchange(order_id) == (UUID, BTC)
    other.execute("ROLLBACK")
    other.close()
    ids.close()
    assert opened().to_exchange(order_id) == (UUID, BTC)


def test_what_waits_for_a_file_is_bounded(
    opened: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(state_opening, "BUSY_S", 0)
    monkeypatch.setattr(module, "MOST_WAITING", 10)
    ids = opened()
    other = sqlite3.connect(tmp_path / "state.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    order_ids = [ids.to_client(f"order {n}", BTC) for n in range(25)]
    other.execute("ROLLBACK")
    other.close()
    ids.close()

    again = opened()

    assert [again.to_exchange(one) is not None for one in order_ids][-10:] == [True] * 10


def test_a_callers_id_that_another_process_used_is_known_at_once(opened: Open) -> None:
    ids, other = opened(), opened()
    assert not ids.knows_client_id("grid_1")

    other.note_client_id("grid_1", BTC, 1)
    other.flush()

    assert ids.knows_client_id("grid_1")


def test_what_the_file_lacked_is_looked_for_again_soon(opened: Open) -> None:
    clock = Clock()
    ids, other = opened(now_ms=clock), opened(now_ms=clock)
    assert ids.caller_id("sent") == "sent"

    other.note_sent_id("sent", "caller")
    other.flush()
    clock.now_ms += 1_000

    assert ids.caller_id("sent") == "caller"


def test_what_could_not_be_read_is_not_taken_for_absent(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = opened()
    before.note_sent_id("sent", "caller")
    before.close()
    ids = opened()
    with monkeypatch.context() as broken:
        broken.setattr(state_file, "_FIND", "SELECT value FROM nowhere WHERE (?, ?, ?)")
        assert ids.caller_id("sent") == "sent"

    assert ids.caller_id("sent") == "caller"
