"""The table itself: one frozen value an exchange, and no exchange named outside it."""

import ast
import dataclasses
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest

import connector
from connector.domain import MarketType
from connector.exchange.ways import GENERIC, TABLE, way_of

ROOT = Path(connector.__file__).parent
WAYS = "exchange/ways/"
"""Where exchanges are named."""
EMBEDDED = (
    "simulator/",
    "exchange/session.py",
    "exchange/embedded.py",
    "app.py",
    "config/",
    "cli/serving.py",
)
"""Where the embedded exchange's dialects are named, which are those of real exchanges."""


def _generic_files() -> list[Path]:
    named = (WAYS, *EMBEDDED)
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
def test_an_exchange_of_the_table_is_one_of_ccxts(exchange_id: str) -> None:
    assert exchange_id in ccxt.pro.exchanges


FIVE = ("binance", "bitget", "bybit", "gate", "okx")


@pytest.mark.parametrize("exchange_id", FIVE)
def test_ccxts_other_ids_of_an_exchange_take_its_client_ids_and_know_its_codes(
    exchange_id: str,
) -> None:
    way, theirs = way_of(exchange_id), getattr(ccxt.pro, exchange_id)
    ids = [each for each in ccxt.pro.exchanges if issubclass(getattr(ccxt.pro, each), theirs)]

    assert exchange_id in ids
    assert way.order_faults
    for each in ids:
        assert way_of(each).client_ids == way.client_ids, each
        assert way_of(each).order_faults == way.order_faults, each


@pytest.mark.parametrize("exchange_id", ["bybiteu", "bybitid", "gateeu", "myokx", "okxus"])
def test_a_regions_id_goes_the_exchanges_way(exchange_id: str) -> None:
    assert way_of(exchange_id) is next(way_of(each) for each in FIVE if each in exchange_id)


def test_an_exchange_without_a_row_works_by_the_generic_rule() -> None:
    assert way_of("coinone") is GENERIC
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
