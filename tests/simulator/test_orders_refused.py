"""What is refused, with which code: signatures, parameters, filters, margin."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connector.simulator import ManualClock, Simulator, SimulatorConfig
from tests.simulator.on_loopback import Exchange, done, refused, said, signed_query

ORDER = "/fapi/v1/order"
Start = Callable[..., Awaitable[Exchange]]

LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.010",
    "price": "97000.00",
}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in LIMIT.items() if key != name}


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (without("symbol"), -1102),
        (LIMIT | {"symbol": "NOPEUSDT"}, -1121),
        (without("side"), -1102),
        (LIMIT | {"side": "LONG"}, -1117),
        (without("type"), -1102),
        (LIMIT | {"type": "ICEBERG"}, -1116),
        (LIMIT | {"type": "TAKE_PROFIT"}, -4120),
        (without("timeInForce"), -1102),
        (LIMIT | {"timeInForce": "DAY"}, -1115),
        (LIMIT | {"timeInForce": "GTD"}, -1102),
        (LIMIT | {"timeInForce": "GTD", "goodTillDate": 1}, -5040),
        (LIMIT | {"timeInForce": "GTD", "goodTillDate": 10**15}, -5040),
        (without("quantity"), -1102),
        (LIMIT | {"quantity": "much"}, -1100),
        (LIMIT | {"quantity": "0"}, -4003),
        (LIMIT | {"quantity": "-1"}, -4003),
        (LIMIT | {"quantity": "0.0105"}, -1111),
        (LIMIT | {"quantity": "40.001"}, -4005),
        (MARKET | {"quantity": "4.001"}, -4005),
        (without("price"), -1102),
        (LIMIT | {"price": "0"}, -4001),
        (LIMIT | {"price": "97000.001"}, -1111),
        (LIMIT | {"price": "97000.05"}, -4014),
        (LIMIT | {"price": "4000000.00"}, -4002),
        (LIMIT | {"price": "103000.00"}, -4016),
        (LIMIT | {"side": "SELL", "price": "91000.00"}, -4024),
        (LIMIT | {"quantity": "0.001"}, -4164),
        (MARKET | {"quantity": "0.001"}, -4164),
        (MARKET | {"price": "97000.00"}, -1106),
        (MARKET | {"timeInForce": "GTC"}, -1106),
        (MARKET | {"closePosition": "true"}, -4136),
        (LIMIT | {"positionSide": "UP"}, -4060),
        (LIMIT | {"positionSide": "LONG"}, -4061),
        (LIMIT | {"newClientOrderId": "x" * 37}, -4015),
        (LIMIT | {"newClientOrderId": "a b"}, -4015),
        (LIMIT | {"newClientOrderId": ""}, -1105),
        (LIMIT | {"newOrderRespType": "FULL"}, -1136),
        (LIMIT | {"priceMatch": "QUEUE"}, -5037),
        (LIMIT | {"reduceOnly": "perhaps"}, -1130),
        (LIMIT | {"reduceOnly": "true"}, -2022),
        (LIMIT | {"timeInForce": "FOK"}, -5021),
        (LIMIT | {"timeInForce": "GTX", "price": "97200.00"}, -5022),
        (LIMIT | {"quantity": "39.000"}, -2019),
        (LIMIT | {"newClientOrderId": "taken"}, -4116),
    ],
)
async def test_an_order_is_refused_and_nothing_is_placed(
    exchange: Exchange, wanted: dict[str, Any], code: int
) -> None:
    await done(exchange, "POST", ORDER, **LIMIT, newClientOrderId="taken")
    assert await refused(exchange, "POST", ORDER, **wanted) == code
    assert exchange.orders_placed == {"taken": 1}


async def test_a_step_that_is_no_power_of_ten_is_held_too(exchanges: Start) -> None:
    exchange = await exchanges(symbols=("DOGEUSDT",))
    wanted = LIMIT | {"symbol": "DOGEUSDT", "quantity": "100", "price": "0.324515"}
    assert await refused(exchange, "POST", ORDER, **wanted) == -4014


async def test_a_client_id_may_be_used_again_when_its_order_has_ended(exchange: Exchange) -> None:
    placed: Any = None
    for _ in range(2):
        placed = await done(exchange, "POST", ORDER, **LIMIT, newClientOrderId="emergency")
        await done(exchange, "DELETE", ORDER, symbol="BTCUSDT", orderId=placed["orderId"])
    found = await done(exchange, "GET", ORDER, symbol="BTCUSDT", origClientOrderId="emergency")
    assert found["orderId"] == placed["orderId"]
    assert exchange.orders_placed == {"emergency": 2}


async def test_what_is_not_there_is_neither_found_nor_ended(exchange: Exchange) -> None:
    asked = {"symbol": "BTCUSDT", "orderId": 5}
    assert await refused(exchange, "GET", ORDER, **asked) == -2013
    assert await refused(exchange, "DELETE", ORDER, **asked) == -2011
    assert await refused(exchange, "GET", "/fapi/v1/openOrder", **asked) == -2013
    changed = {"side": "BUY", "quantity": "0.010", "price": "97000.00"}
    assert await refused(exchange, "PUT", ORDER, **asked, **changed) == -2013
    assert await refused(exchange, "GET", ORDER, symbol="BTCUSDT") == -1102
    placed = await done(exchange, "POST", ORDER, **LIMIT)
    mine = {"symbol": "BTCUSDT", "orderId": placed["orderId"]}
    assert await refused(exchange, "PUT", ORDER, **mine, **changed) == -5027
    assert await refused(exchange, "PUT", ORDER, **mine, **(changed | {"side": "SELL"})) == -1117
    assert await refused(exchange, "GET", ORDER, **(mine | {"symbol": "ETHUSDT"})) == -2013


async def test_batches_are_bounded(exchange: Exchange) -> None:
    path = "/fapi/v1/batchOrders"
    assert await refused(exchange, "POST", path, batchOrders="[{},{},{},{},{},{}]") == -4082
    assert await refused(exchange, "POST", path, batchOrders="[]") == -4082
    assert await refused(exchange, "POST", path, batchOrders="{}") == -1130
    assert await refused(exchange, "POST", path, batchOrders="[1]") == -1130
    assert await refused(exchange, "POST", path) == -1102
    many = str(list(range(1, 12)))
    asked = {"symbol": "BTCUSDT", "orderIdList": many}
    assert await refused(exchange, "DELETE", path, **asked) == -1130
    assert await refused(exchange, "DELETE", path, symbol="BTCUSDT") == -1102


async def test_settings_are_refused_with_their_own_codes(exchange: Exchange) -> None:
    leverage, margin, mode = (
        f"/fapi/v1/{name}" for name in ("leverage", "marginType", "positionSide/dual")
    )
    btc = {"symbol": "BTCUSDT"}
    assert await refused(exchange, "POST", leverage, **btc, leverage=126) == -4028
    assert await refused(exchange, "POST", leverage, **btc, leverage=0) == -4028
    assert await refused(exchange, "POST", margin, **btc, marginType="CROSSED") == -4046
    assert await refused(exchange, "POST", margin, **btc, marginType="BOTH") == -1130
    assert await refused(exchange, "POST", mode, dualSidePosition="false") == -4059
    await done(exchange, "POST", ORDER, **LIMIT)
    assert await refused(exchange, "POST", margin, **btc, marginType="ISOLATED") == -4047
    assert await refused(exchange, "POST", mode, dualSidePosition="true") == -4067
    await done(exchange, "DELETE", "/fapi/v1/allOpenOrders", **btc)
    await done(exchange, "POST", ORDER, **(MARKET | {"quantity": "1.000"}))
    assert await refused(exchange, "POST", margin, **btc, marginType="ISOLATED") == -4048
    assert await refused(exchange, "POST", mode, dualSidePosition="true") == -4068
    assert await refused(exchange, "POST", leverage, **btc, leverage=125) == -2027
    await done(exchange, "POST", leverage, **btc, leverage=2)
    assert await refused(exchange, "POST", ORDER, **(MARKET | {"quantity": "3.000"})) == -2019
    both = "/fapi/v1/multiAssetsMargin"
    assert await refused(exchange, "POST", both, multiAssetsMargin="false") == -4171


async def test_an_instrument_takes_200_open_orders(exchange: Exchange) -> None:
    for _ in range(200):
        exchange_order = await done(exchange, "POST", ORDER, **(LIMIT | {"price": "95000.00"}))
        assert exchange_order["status"] == "NEW"
    assert await refused(exchange, "POST", ORDER, **LIMIT) == -2025


async def test_requests_are_admitted_by_key_signature_and_parameters(exchange: Exchange) -> None:
    path = "/fapi/v2/balance"
    assert (await said(exchange, "GET", path, signed_query(), key=None))[0] == 401
    for text, code in (
        ("", -1102),
        ("timestamp=1", -1102),
        ("timestamp=soon&signature=00", -1102),
        ("timestamp=1&signature=00", -1022),
        (signed_query(secret="other"), -1022),
        (signed_query() + "&limit=5", -1022),
        (signed_query(recvWindow=60_001), -1131),
    ):
        status, body = await said(exchange, "GET", path, text)
        assert (status, body["code"]) == (400, code), text
    assert (await said(exchange, "GET", path, signed_query(symbol="B%C3%9C C")))[0] == 200


@pytest.mark.parametrize(
    ("late_ms", "code"), [(0, None), (4_000, None), (9_000, -1021), (-5_000, -1021)]
)
async def test_timestamps_are_checked_on_the_wall_clock(late_ms: int, code: int | None) -> None:
    simulator = Simulator(SimulatorConfig(symbols=1))
    await simulator.start()
    try:
        timestamp = int(time.time() * 1000) - late_ms
        text = signed_query(timestamp=timestamp, recvWindow=6_000)
        _, body = await said(simulator, "GET", "/fapi/v3/account", text)
    finally:
        await simulator.stop()
    assert body.get("code") == code


async def test_timestamps_can_be_checked_on_any_clock() -> None:
    config = SimulatorConfig(symbols=1, check_timestamps=True, start_ms=1_749_993_342_250)
    simulator = Simulator(config, clock=ManualClock())
    await simulator.start()
    try:
        early = await said(simulator, "GET", "/fapi/v3/account", signed_query())
        text = signed_query(timestamp=simulator.now_ms)
        status, _ = await said(simulator, "GET", "/fapi/v3/account", text)
    finally:
        await simulator.stop()
    assert early[1]["code"] == -1021
    assert status == 200
