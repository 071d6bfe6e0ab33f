"""The account's streams whole, their source drawn: one tick is 100 ms.

Positions that are told: `b` one of BTC, `0` the same flat, `e` one of ETH, n only news. Answers:
pictures `B`, `E`, `Z` (both), `O` (empty). Wallets are letters; `u` makes no fit account.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import cast

import pytest
import reactivex
from msgspec.structs import replace
from reactivex import Observable
from reactivex.subject import Subject

from connector import wire
from connector.account_feeds import AccountFeeds
from connector.config import FeedsConfig
from connector.errors import Denied, Transient
from connector.operators import Backoff
from connector.stages import Pipelines
from connector.testing import Marbles
from connector.trading import Account, MarginMode, Position

TICK = timedelta(milliseconds=100)
STEADY = Backoff(first=timedelta(milliseconds=300), cap=timedelta(milliseconds=300), jitter_ratio=0)
GONE, NO_KEYS = Transient("socket gone"), Denied("no keys")
b = Position("BTC/USDT:USDT", "0.1", "97000", None, "0", 1, "cross", None, None)
e = Position("ETH/USDT:USDT", "-2", "3400", None, "0", 1, "cross", None, None)
B = replace(b, mark_price="97001", leverage=5, liquidation_price="80000")
E = replace(e, mark_price="3401", leverage=5, liquidation_price="9000")
VALUES: dict[str, object] = {
    **{"b": b, "0": replace(b, size="0"), "e": e, "n": None},
    **{"B": (B,), "E": (E,), "Z": (B, E), "O": ()},
    **{letter: letter for letter in "vwu"},
}


@dataclass
class Drawn:
    """Sources that are diagrams; each question has the next one, the last one for good.

    Where there are several, parted by spaces, each subscription has the next.
    """

    m: Marbles[object]
    told: str = "-"
    positions_asked: tuple[str, ...] = ("(O|)",)
    wallets_asked: tuple[str, ...] = ("(v|)",)
    tells: bool = True
    hung_up: int = 0
    asked: dict[str, Iterator[int]] = field(default_factory=lambda: {"p": count(), "w": count()})

    def now_ms(self) -> int:
        return self.m.now_ms()

    @property
    def tells_balances(self) -> bool:
        return self.tells

    @property
    def tells_positions(self) -> bool:
        return self.tells

    def balance_news(self) -> Observable[None]:
        return reactivex.never()

    def positions_told(self) -> Observable[object]:
        return self.m.in_turn(*self.told.split())

    def wallets(self) -> Observable[object]:
        return self._next(self.wallets_asked, "w")

    def positions(self) -> Observable[object]:
        return self._next(self.positions_asked, "p")

    def hang_up_positions(self) -> None:
        self.hung_up += 1

    def complete(self, wallets: str, positions: Sequence[Position]) -> Account | None:
        return None if wallets == "u" else account(wallets, positions)

    def _next(self, diagrams: tuple[str, ...], what: str) -> Observable[object]:
        return self.m.in_turn(*diagrams[min(next(self.asked[what]), len(diagrams) - 1)].split())


def account(wallets: str, positions: Sequence[Position] = ()) -> Account:
    held = tuple(positions)
    digit = str(ord(wallets))
    return Account(digit, digit, digit, held, 1, False, "1", MarginMode.REGULAR, digit, digit)


def sent(wallets: str, *positions: Position) -> wire.AccountMessage:
    return wire.encode_account(account(wallets, positions), _canonical)


def _canonical(symbol: str) -> str:
    return symbol.partition(":")[0].replace("/", "")


def _feeds(drawn: Drawn, **config: float) -> AccountFeeds:
    feeds = FeedsConfig.model_validate(
        {
            "linger_s": 0,
            "positions": {"refresh_s": config.get("positions_s", 300), "poll_s": 0.5},
            "account": {
                "refresh_s": config.get("account_s", 300),
                "poll_s": 0.5,
                "heartbeat_s": config.get("heartbeat_s", 300),
            },
        }
    )
    closing: Subject[object] = Subject()
    return AccountFeeds(
        drawn,  # pyright: ignore[reportArgumentType]
        feeds,
        STEADY,
        closing,
        _canonical,
        Pipelines(feeds.stages),
    )


def _told(m: Marbles[object], drawn: Drawn, until: str, *spellings: str) -> list[tuple[int, str]]:
    """Give when (in ticks) and what was told of positions: spelling, size, mark price."""
    asked = {spelling: "BTC/USDT:USDT" for spelling in spellings}
    seen = m.run(cast("Observable[object]", _feeds(drawn, positions_s=30).positions(asked)), until)
    told: list[tuple[int, str]] = []
    for event in seen.events:
        message = cast("wire.PositionMessage", event.payload)
        size, mark = Decimal(message.size.value), message.mark_price.value or "?"
        told.append((event.at_us // 100_000, f"{message.symbol} {size} @ {mark}"))
    return told


def test_open_positions_are_told_at_once_then_what_frames_tell_then_the_details() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, told="-----e---0-------", positions_asked=("(B|)", "-(E|)"))
    assert _told(m, drawn, "^------------------------!") == [
        (0, "BTCUSDT 0.1 @ 97001"),
        (5, "ETHUSDT -2 @ ?"),
        (9, "BTCUSDT 0 @ 97001"),
        (11, "ETHUSDT -2 @ 3401"),
    ]


def test_a_symbol_asked_for_is_told_alone_as_it_was_spelled() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, positions_asked=("(Z|)",))
    assert _told(m, drawn, "^---!", "BTC-USDT") == [(0, "BTC-USDT 0.1 @ 97001")]


def test_what_closed_in_a_gap_is_told_flat_once_when_the_socket_has_opened() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, told="---# -n--------------", positions_asked=("(B|)", "(O|)"))
    m.error = GONE
    told = _told(m, drawn, "^---------------------!")
    assert told == [
        (0, "BTCUSDT 0.1 @ 97001"),
        (10, "BTCUSDT 0 @ 97001"),
    ]  # 3 + 3 + 1, settled after 2.5
    assert drawn.hung_up == 0


def test_a_question_without_an_answer_is_asked_again() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, positions_asked=("-# -# -(B|)",))
    m.error = GONE
    assert _told(m, drawn, "^-------------!") == [(12, "BTCUSDT 0.1 @ 97001")]


def test_sizes_that_changed_unheard_hang_the_socket_up() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, positions_asked=("(B|)", "(Z|)"), tells=False)
    told = _told(m, drawn, "^----------------!")
    assert [what for _, what in told] == ["BTCUSDT 0.1 @ 97001", "ETHUSDT -2 @ 3401"]
    assert drawn.hung_up == 1


def test_where_nothing_is_streamed_it_is_asked_for_every_so_often() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, positions_asked=("(O|)",) * 3 + ("(B|)",), tells=False)
    ((at, what),) = _told(m, drawn, "^----------------!")
    assert what == "BTCUSDT 0.1 @ 97001"
    assert 12 <= at <= 15  # three times 5 ticks, less up to a fifth


def _accounts(m: Marbles[object], drawn: Drawn, until: str, **config: float) -> object:
    return m.run(cast("Observable[object]", _feeds(drawn, **config).account), until)


def test_the_account_is_told_once_both_halves_are_known_and_repeated() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, positions_asked=("--(B|)",), wallets_asked=("----(v|)",))
    seen = _accounts(m, drawn, "^---------------!", heartbeat_s=0.5)
    assert seen == m.expected("-----V----V----V", {"V": sent("v", B)})


def test_a_position_that_a_frame_tells_changes_the_account() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, told="----b-----", positions_asked=("(O|)",))
    seen = _accounts(m, drawn, "^-------!")
    assert seen == m.expected("-V---W---", {"V": sent("v"), "W": sent("v", b)})


def test_an_account_that_is_not_fit_is_held_back_and_the_last_good_one_repeated() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    drawn = Drawn(m, wallets_asked=("(v|)", "(u|)"))
    seen = _accounts(m, drawn, "^----------------!", account_s=1.1, heartbeat_s=0.7)
    assert seen == m.expected("-V------V------V-", {"V": sent("v")})


def test_an_account_that_cannot_be_asked_for_is_not_repeated() -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    m.error = GONE
    drawn = Drawn(m, tells=False, wallets_asked=("(v|)", "#", "#", "#", "(w|)"))
    values = [*_values(_accounts(m, drawn, "^" + "-" * 36 + "!", heartbeat_s=0.2))]
    first, last = values.index(sent("v")), values.index(sent("w"))
    assert values[first:last] == [sent("v")] * (last - first)
    assert last - first <= 3  # 5 ticks, a heartbeat each 2; none in the 20 of the outage


@pytest.mark.parametrize("half", ["positions_asked", "wallets_asked"])
def test_what_asking_again_cannot_mend_ends_the_account(half: str) -> None:
    m: Marbles[object] = Marbles(VALUES, tick=TICK)
    m.error = NO_KEYS
    drawn = Drawn(m)
    setattr(drawn, half, ("-#",))
    assert _accounts(m, drawn, "^------!") == m.expected("-#")
    assert m.strays == []


def _values(seen: object) -> Sequence[object]:
    return cast("Sequence[object]", getattr(seen, "values", ()))
