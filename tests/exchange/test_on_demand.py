"""ccxt's exchanges are imported when asked for, and every name of ccxt means what it meant."""

import json
import subprocess
import sys

NAMES = """
import json, sys
{prepare}
import ccxt, ccxt.async_support, ccxt.pro
at_once = sorted(name for name in sys.modules if name.startswith("ccxt.pro."))
kinds = [ccxt, ccxt.async_support, ccxt.pro]
print(json.dumps({{
    "at once": at_once,
    "classes": {{
        kind.__name__: [getattr(kind, id_).__module__ for id_ in kind.exchanges] for kind in kinds
    }},
    "names": {{kind.__name__: sorted(set(dir(kind)) - {{"_on_demand"}}) for kind in kinds}},
    "bases": [base.__module__ for base in ccxt.pro.binanceusdm.__mro__],
    "unknown": hasattr(ccxt.pro, "no_such_exchange"),
}}))
"""


def _told(prepare: str) -> dict[str, object]:
    """Ask a fresh interpreter: this one has imported ccxt already."""
    ran = subprocess.run(
        [sys.executable, "-c", NAMES.format(prepare=prepare)],
        check=True,
        capture_output=True,
        text=True,
        timeout=50,
    )
    told: dict[str, object] = json.loads(ran.stdout)
    return told


def test_all_names_are_ccxts_own_and_no_exchange_is_imported_unasked() -> None:
    on_demand, whole = _told("import connector.exchange"), _told("")

    assert on_demand.pop("at once") == []
    assert len(str(whole.pop("at once"))) > 1000
    assert on_demand == whole


def test_a_session_imports_its_own_class_alone() -> None:
    code = """
import sys, json
from connector.config import ExchangeConfig
from connector.exchange.session import Session
Session(ExchangeConfig(id="okx"))
print(json.dumps([name for name in sys.modules if name.startswith("ccxt.pro.")]))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=50
    )
    assert json.loads(ran.stdout) == ["ccxt.pro.okx"]
