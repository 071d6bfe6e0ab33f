"""Order ids: the exchange's text ↔ the positive int64 that clients know, kept across restarts.

A numeric id that fits is itself. Any other text (a UUID, hex, a number beyond int64) becomes a
hash of 62 bits with bit 62 set: the same after every restart, also without the file. The file
holds the way back. Reads come from memory, or from the file's index for what is older; writes
wait in memory for one background thread, so that no order ever waits for a disk. Only what is
about to be sent is handed to the system at once, so that a process that is killed leaves it behind.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import IntEnum
from hashlib import blake2b
from pathlib import Path

from connector.exchange.state_file import ABSENT, Link, StateFile

MAX_ID = 2**63 - 1
HASHED = 2**62
"""Hashes have this bit; a number below it needs no row."""
IN_MEMORY = 20_000
"""Entries in the cache in front of the file."""
MOST_WAITING = 100_000
"""Entries that wait for a file that takes none; beyond it the oldest are let go."""
FLUSH_S = 0.05
RETRY_S = 1.0
"""Before what could not be written is tried again."""
NOTED_AGAIN_MS = 86_400_000
"""What is seen for longer than a day is written anew, so that a standing order is kept."""
ABSENT_MS = 1_000
"""For so long what the file lacks isn't looked for again: another process may write it.

Save for a caller's id, which isn't remembered as lacking: that one may have been used by another
process since, and an order must not be placed twice."""


class _Kind(IntEnum):
    ORDER = 1
    """int64 → exchange's order id and symbol."""
    CLIENT = 2
    """caller's client order id → "sent" and when, until its caller has an answer."""
    SENT = 3
    """client order id as sent → the caller's."""
    RENEWED = 4
    """caller's client order id → what is sent for it, since its own is used up."""
    TOLD = 5
    """symbol and exchange's order id → the order as last told on the stream; "" once it ended."""


_Key = tuple[_Kind, int | str]
_SENT = "sent "
UNANSWERED_MS = 24 * 3_600_000
"""For so long after its sending the order of a caller without an answer is what he asks for."""


class OrderIds:
    """The ids of one account's orders. One instance a scope; called from one thread.

    Errors:     BadConfig at construction, when the file can't be written. None later: what can't
                be written is warned of, and kept in memory.
    Guarantee:  nothing here waits for a disk but the construction, `flush` and `close`, and the
                look into the file for what is not in memory. A crash loses what was noted in the
                last 50 ms, a machine's more, and is told to the next process: `is_after_crash`.
                What `note_sending` notes is lost by no process that is killed, unless another one
                holds the file at that moment.
    Shapes:     `path` ":memory:" keeps nothing.
    """

    def __init__(
        self,
        path: Path | str,
        scope: str,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._scope, self._now_ms = scope, now_ms
        self._recent: OrderedDict[_Key, Link] = OrderedDict()
        self._waiting: dict[_Key, Link] = {}
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._file = StateFile(Path(path) if path != ":memory:" else None, now_ms)
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

    def note_client_id(self, client_order_id: str, symbol: str, made_at_ms: int) -> None:
        """Remember that there is an order of a caller's id.

        After a crash one that is seen for the first time counts as sent and unanswered.
        """
        known = self._find(_Kind.CLIENT, client_order_id)
        new = f"{_SENT}{made_at_ms}" if self.is_after_crash else ""
        self._note(_Kind.CLIENT, client_order_id, known[0] if known else new, symbol)

    def note_sending(self, client_order_id: str, sent_id: str, symbol: str, at_ms: int) -> None:
        """Remember, before it is sent, that an order has no answer yet, and what is sent for it.

        One of its client id that was sent before, and has none either, may be found all the same.
        """
        noted = self._recent.get((_Kind.CLIENT, client_order_id))
        at_ms = (noted and _sent_ms(noted[0], at_ms)) or at_ms
        links: dict[_Key, tuple[str, str]] = {
            (_Kind.CLIENT, client_order_id): (f"{_SENT}{at_ms}", symbol)
        }
        if sent_id != client_order_id:
            links[_Kind.SENT, sent_id] = (client_order_id, "")
        if self.renewed_id(client_order_id) == sent_id:
            links[_Kind.RENEWED, client_order_id] = (sent_id, "")
        for (kind, key), link in links.items():
            self._note(kind, key, *link)
        now_ms = self._now_ms()
        rows = [(self._scope, *key, *link, now_ms) for key, link in links.items()]
        self._file.keep_at_once(rows)

    def note_answered(self, client_order_id: str) -> None:
        """Remember that the caller of an order knows what became of it."""
        known = self._find(_Kind.CLIENT, client_order_id)
        if known is not None and known[0].startswith(_SENT):
            self._note(_Kind.CLIENT, client_order_id, "", known[1])

    def unanswered_since_ms(self, client_order_id: str, now_ms: int) -> int | None:
        """Say when an order was sent whose caller has no answer yet; None when he has."""
        known = self._find(_Kind.CLIENT, client_order_id)
        return _sent_ms(known[0], now_ms) if known is not None else None

    def unanswered(self, most: int) -> list[tuple[str, str, int]]:
        """Give the latest orders without an answer: client id, symbol, when it was sent, in ms.

        Guarantee:  what is written alone; may be called from any thread.
        """
        now_ms = self._now_ms()
        rows = self._file.latest(self._scope, _Kind.CLIENT, _SENT, now_ms - UNANSWERED_MS, most)
        return [(key, symbol, int(value.removeprefix(_SENT))) for key, value, symbol in rows]

    def symbol_of_client_id(self, client_order_id: str) -> str | None:
        """Give the symbol of the newest order of a caller's id; None where none is noted."""
        known = self._find(_Kind.CLIENT, client_order_id)
        return None if known is None else known[1]

    def knows_client_id(self, client_order_id: str) -> bool:
        """Whether an order of this caller's id was ever noted, as far as is kept."""
        known = self._find(_Kind.CLIENT, client_order_id) is not None
        if not known:  # so it was never renewed: that needs no look into the file
            self._remember((_Kind.RENEWED, client_order_id), (*ABSENT, self._now_ms()))
        return known

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

    def was_told(self, symbol: str, exchange_order_id: str) -> bool:
        """Whether anything of an order was ever told, as far as is kept."""
        return self._find(_Kind.TOLD, told_key(symbol, exchange_order_id)) is not None

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
            if known[:2] != ABSENT:
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
        is_absent = found[:2] == ABSENT
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

    def _remember(self, key: _Key, link: Link) -> None:
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


def told_key(symbol: str, exchange_order_id: str) -> str:
    """Name an order under which it is noted as told."""
    return f"{symbol} {exchange_order_id}"


def _sent_ms(value: str, now_ms: int) -> int | None:
    """Read when what has no answer was sent, if that is not too long ago."""
    if not value.startswith(_SENT):
        return None
    sent_ms = int(value.removeprefix(_SENT))
    return sent_ms if now_ms - sent_ms <= UNANSWERED_MS else None


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
