"""What a key may do, read from what each exchange documents as its answer."""

from typing import Any

import ccxt.pro
import pytest

from connector.exchange.ways import TABLE, way_of
from connector.trading import KeyPermissions

BINANCE = {
    "ipRestrict": False, "createTime": 1698645219000, "enableInternalTransfer": False,
    "enableFutures": True, "enableReading": True, "enableSpotAndMarginTrading": False,
    "enableWithdrawals": True,
}  # fmt: skip
BYBIT = {
    "retCode": 0,
    "result": {
        "readOnly": 0,
        "permissions": {
            "ContractTrade": ["Order", "Position"], "Spot": [], "Derivatives": [],
            "Wallet": ["AccountTransfer", "Withdraw"],
        },
        "ips": ["*"],
    },
}  # fmt: skip
READ_ONLY = {**BYBIT, "result": {**BYBIT["result"], "readOnly": 1, "ips": ["192.0.2.7"]}}  # pyright: ignore
OKX = {"code": "0", "data": [{"perm": "read_only,withdraw,trade", "ip": ""}]}


@pytest.mark.parametrize(
    ("exchange_id", "answer", "may"),
    [
        ("binanceusdm", BINANCE, KeyPermissions(True, True, True, False)),
        ("binance", BINANCE, KeyPermissions(True, False, True, False)),
        ("binanceusdm", {**BINANCE, "ipRestrict": True}, KeyPermissions(True, True, True, True)),
        ("bybit", BYBIT, KeyPermissions(True, True, True, False)),
        ("bybit", READ_ONLY, KeyPermissions(True, False, True, True)),
        ("okx", OKX, KeyPermissions(True, True, True, False)),
        (
            "okx",
            {"code": "0", "data": [{"perm": "read_only", "ip": "192.0.2.7"}]},
            KeyPermissions(True, False, False, True),
        ),
    ],
)
def test_what_the_key_may_do(exchange_id: str, answer: dict[str, Any], may: KeyPermissions) -> None:
    asks = way_of(exchange_id).key_permissions

    assert asks is not None
    assert asks[1](answer) == may


@pytest.mark.parametrize("answer", [{}, {"result": None}, {"data": []}, {"result": {"ips": 7}}])
def test_an_answer_that_tells_nothing_grants_neither_trading_nor_withdrawing(
    answer: dict[str, Any],
) -> None:
    readers = [way.key_permissions[1] for way in TABLE.values() if way.key_permissions]

    assert readers
    assert not any(read(answer).trade or read(answer).withdraw for read in readers)


def test_ccxt_has_each_question() -> None:
    for exchange_id, way in TABLE.items():
        if way.key_permissions:
            assert hasattr(getattr(ccxt.pro, exchange_id)(), way.key_permissions[0])
