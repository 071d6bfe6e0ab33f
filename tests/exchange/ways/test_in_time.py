"""Orders say until when they may be executed."""

from typing import Any

import pytest

from connector.config import ExchangeConfig
from connector.exchange.session import Session

KEYS = {"api_key": "key", "api_secret": "secret", "passphrase": "words"}


def session(exchange_id: str, **options: Any) -> Session:
    settings = {"id": exchange_id, "ccxt": {"options": options}, **KEYS}
    return Session(ExchangeConfig.model_validate(settings))


@pytest.mark.parametrize(
    ("exchange_id", "header", "api", "path"),
    [
        ("okx", "expTime", ["private"], "trade/order"),
        ("okx", "expTime", ["private"], "trade/batch-orders"),
        ("gate", "x-gate-exptime", ["private", "futures"], "{settle}/orders"),
        ("gate", "x-gate-exptime", ["private", "futures"], "{settle}/batch_orders"),
        ("gate", "x-gate-exptime", ["private", "spot"], "orders"),
        ("gate", "x-gate-exptime", ["private", "spot"], "batch_orders"),
    ],
)
async def test_an_order_carries_its_deadline_by_the_clock_of_the_exchange(
    exchange_id: str, header: str, api: list[str], path: str
) -> None:
    made: Any = session(exchange_id)
    made._offset_ms = 3_600_000
    try:
        order = made.ccxt.sign(path, api, "POST", [{"settle": "usdt", "clOrdId": "1"}])
        question = made.ccxt.sign(path, api, "GET", {"settle": "usdt"})
        left_ms = int(order["headers"][header]) - made.now_ms()
    finally:
        await made.close()

    assert 4_000 < left_ms <= 5_000
    assert header not in question["headers"]


@pytest.mark.parametrize(
    ("exchange_id", "options", "seconds"),
    [
        ("binanceusdm", {}, 5.0),
        ("binance", {}, 5.0),
        ("bybit", {}, 5.0),
        ("okx", {"recvWindow": 2_000}, 2.0),
        ("bitget", {"recvWindow": 2_000}, float("inf")),
    ],
)
async def test_an_order_is_good_for_as_long_as_its_exchange_is_told(
    exchange_id: str, options: dict[str, Any], seconds: float
) -> None:
    made = session(exchange_id, **options)
    try:
        assert made.order_window_s == seconds
    finally:
        await made.close()


async def test_what_is_sent_to_binance_and_bybit_says_so_too() -> None:
    binance, bybit = session("binanceusdm"), session("bybit")
    try:
        order = binance.ccxt.sign("order", ["fapiPrivate"], "POST", {"symbol": "BTCUSDT"})
        other = bybit.ccxt.sign("v5/order/create", ["private"], "POST", {"symbol": "BTCUSDT"})
    finally:
        await binance.close()
        await bybit.close()

    assert "recvWindow=5000" in order["body"]
    assert other["headers"]["X-BAPI-RECV-WINDOW"] == "5000"
