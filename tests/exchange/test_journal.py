"""What ccxt's caches keep beside their rows: nothing that grows."""

from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from connector.exchange.journal import CandleJournal, JournalById, TradeJournal


def _ignore(_: object) -> None:
    pass


def _kept(value: object) -> int:
    """Count what is reachable of a cache by its containers."""
    if isinstance(value, dict):
        return len(value) + sum(_kept(each) for each in value.values())
    return len(value) if isinstance(value, list | set | deque) else 0


@pytest.mark.parametrize(
    ("journal", "row"),
    [
        (CandleJournal(_ignore), lambda n: [60_000 * n, 1.0, 1.0, 1.0, 1.0, 1.0]),
        (TradeJournal(_ignore), lambda n: {"symbol": "BTC/USDT", "id": str(n)}),
        (JournalById(_ignore), lambda n: {"symbol": f"S{n % 3}/USDT", "id": str(n)}),
    ],
)
def test_nothing_grows_once_a_cache_is_full(journal: Any, row: Callable[[int], Any]) -> None:
    for n in range(1_000):
        journal.append(row(n))
    full = _kept(vars(journal))
    for n in range(1_000, 1_500):
        journal.append(row(n))
    assert _kept(vars(journal)) == full
