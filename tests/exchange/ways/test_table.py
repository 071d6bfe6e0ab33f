"""The table itself: one frozen value an exchange, and no exchange named outside it."""

import ast
import dataclasses
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest

import connector
from connector.domain import MarketType
from connector.exchange.client_ids import RULES
from connector.exchange.order_fault_table import TABLE as ORDER_FAULTS
from connector.exchange.ways import GENERIC, TABLE, way_of

ROOT = Path(connector.__file__).parent
TABLES = ("exchange/ways/", "exchange/client_ids.py", "exchange/order_fault_table.py")
"""Where exchanges are named: each one's own way, its client ids, its codes for a refusal."""
EMBEDDED = (
    "simulator/",
    "exchange/session.py",
    "exchange/embedded.py",
    "app.py",
    "config.py",
    "cli/serving.py",
)
"""Where the embedded exchange's dialects are named, which are those of real exchanges."""


def _generic_files() -> list[Path]:
    named = (*TABLES, *EMBEDDED)
    return [
        path
        for path in sorted(ROOT.rglob("*.py"))
        if not path.relative_to(ROOT).as_posix().startswith(named)
    ]


def _texts(path: Path) -> set[str]:
    constants = (
        n.value for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Constant)
    )
    return {value for value in constants if isinstance(value, str)}


def test_generic_code_names_no_exchange() -> None:
    files = _generic_files()
    named = {(path.name, text) for path in files for text in _texts(path) & set(ccxt.exchanges)}

    assert len(files) > 50
    assert named == set()


@pytest.mark.parametrize("exchange_id", TABLE)
def test_an_exchange_of_the_table_is_one_of_ccxts_in_every_table(exchange_id: str) -> None:
    assert exchange_id in ccxt.pro.exchanges
    assert exchange_id.startswith("kucoin") or exchange_id in RULES.keys() & ORDER_FAULTS.keys()


def test_an_exchange_without_a_row_works_by_the_generic_rule() -> None:
    assert way_of("kraken") is GENERIC
    assert GENERIC.symbols_at_once(MarketType.SPOT) == 100
    assert not GENERIC.flags_closed


def test_a_row_does_not_change() -> None:
    way: Any = way_of("okx")

    with pytest.raises(dataclasses.FrozenInstanceError):
        way.batch_limit = 1


def test_a_batch_is_no_longer_than_ccxt_says_that_the_exchange_takes() -> None:
    for exchange_id, way in TABLE.items():
        features: Any = getattr(ccxt.pro, exchange_id)().features
        for kind in (features.get("spot"), (features.get("swap") or {}).get("linear")):
            most = ((kind or {}).get("createOrders") or {}).get("max")
            assert most is None or way.batch_limit <= most, (exchange_id, kind)
