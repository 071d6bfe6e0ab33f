"""A batch of which one order is refused, answered as each exchange's documents show."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest

from connector.errors import InsufficientFunds, OrderNotFound, Unsupported
from connector.trading import Order, OrderRequest, OrderType, Side, TimeInForce
from tests.exchange.ways.places import BITGET, BYBIT, GATE, OKX, SYMBOL, Place
from tests.exchange.ways.venue import venue


class Batch(NamedTuple):
    """Where orders are placed together, and what is answered to what was asked."""

    place: Place
    path: str
    answer: Callable[[Any], Any]


def _okx(asked: Any) -> Any:
    rows = [
        {"clOrdId": each["clOrdId"], "ordId": str(7000 + n), "tag": "", "sCode": "0", "sMsg": ""}
        for n, each in enumerate(asked)
    ]
    rows[1] |= {"ordId": "", "sCode": "51008", "sMsg": "Order failed. Insufficient USDT balance"}
    return {"code": "2", "msg": "Bulk operation partially succeeded.", "data": rows}


def _bybit(asked: Any, *, named: bool) -> Any:
    rows = [
        {"category": "linear", "symbol": "BTCUSDT", "orderId": f"id-{n}", "createAt": "1"}
        | {"orderLinkId": each["orderLinkId"]}
        for n, each in enumerate(asked["request"])
    ]
    rows[1] |= {"orderId": "", "createAt": ""} | ({} if named else {"orderLinkId": ""})
    parts = [{"code": 0, "msg": "OK"} for _ in rows]
    parts[1] = {"code": 110007, "msg": "ab not enough for new order"}
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": {"list": rows},
        "retExtInfo": {"list": parts},
        "time": 1,
    }


def _bitget(asked: Any) -> Any:
    placed = [
        {"orderId": str(7000 + n), "clientOid": each["clientOid"]}
        for n, each in enumerate(asked["orderList"])
    ]
    refused = placed.pop(1)
    failure = refused | {
        "orderId": "",
        "errorMsg": "The order amount exceeds the balance",
        "errorCode": "40762",
    }
    return BITGET.nothing | {"data": {"successList": placed, "failureList": [failure]}}


def _gate(asked: Any) -> Any:
    rows = [
        GATE.order | {"succeeded": True, "id": 7000 + n, "text": each["text"], "left": 5000}
        for n, each in enumerate(asked)
    ]
    rows[1] = {
        "succeeded": False,
        "label": "BALANCE_NOT_ENOUGH",
        "detail": "Not enough balance",
        "text": rows[1]["text"],
    }
    return rows


BATCHES = {
    "okx": Batch(OKX, "/api/v5/trade/batch-orders", _okx),
    "bybit": Batch(BYBIT, "/v5/order/create-batch", lambda asked: _bybit(asked, named=False)),
    "bybit, named": Batch(BYBIT, "/v5/order/create-batch", lambda asked: _bybit(asked, named=True)),
    "bitget": Batch(BITGET, "/api/v2/mix/order/batch-place-order", _bitget),
    "gate": Batch(GATE, "/api/v4/futures/usdt/batch_orders", _gate),
}


def _request(name: str) -> OrderRequest:
    return OrderRequest(SYMBOL, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, "0.5", "104500", name)


@pytest.mark.parametrize("batch", BATCHES.values(), ids=BATCHES)
async def test_one_refused_order_is_told_as_refused_and_the_others_as_placed(
    no_task_left: None, batch: Batch
) -> None:
    place = batch.place
    types = ["linear"] if place.id == "bybit" else ["swap"]
    answers = {**place.markets, batch.path: batch.answer}
    async with venue(place.id, place.nothing, answers, types) as at:
        first, second, third = await at.batches.place([_request(f"n{n}") for n in range(3)])

        assert isinstance(second, InsufficientFunds)
        for outcome, name in ((first, "n0"), (third, "n2")):
            assert isinstance(outcome, Order)
            assert (outcome.client_order_id, outcome.symbol) == (name, SYMBOL)
            assert Decimal(outcome.quantity) == Decimal("0.5")
            assert outcome.order_id > 0
        assert len(at.asked_on(batch.path)) == 1


OVER, OPEN = 7001, (7000, 7002)
CANCELS: dict[str, tuple[Place, str, Any, str, Any]] = {
    "okx": (
        OKX,
        "/api/v5/trade/cancel-batch-orders",
        {
            "code": "2",
            "msg": "Bulk operation partially succeeded.",
            "data": [
                {"clOrdId": "", "ordId": "7000", "sCode": "0", "sMsg": ""},
                {"clOrdId": "", "ordId": "7001", "sCode": "51400", "sMsg": "Cancellation failed"},
                {"clOrdId": "", "ordId": "7002", "sCode": "0", "sMsg": ""},
            ],
        },
        "/api/v5/trade/cancel-order",
        {
            "code": "1",
            "msg": "All operations failed",
            "data": [{"ordId": "7001", "sCode": "51400", "sMsg": "Cancellation failed"}],
        },
    ),
    "bitget": (
        BITGET,
        "/api/v2/mix/order/batch-cancel-orders",
        BITGET.nothing
        | {
            "data": {
                "successList": [{"orderId": str(each), "clientOid": ""} for each in OPEN],
                "failureList": [{"orderId": "7001", "errorCode": "40768", "errorMsg": "no order"}],
            }
        },
        "/api/v2/mix/order/cancel-order",
        {"code": "40768", "msg": "Order does not exist", "requestTime": 1, "data": None},
    ),
    "gate": (
        GATE,
        "/api/v4/futures/usdt/batch_cancel_orders",
        [
            {"user_id": 1, "id": str(each), "succeeded": each != OVER}
            | {"message": "ORDER_NOT_FOUND" if each == OVER else ""}
            for each in (7000, 7001, 7002)
        ],
        "/api/v4/futures/usdt/orders/7001",
        {"label": "ORDER_NOT_FOUND", "message": "order not found"},
    ),
}


@pytest.mark.parametrize("cancels", CANCELS.values(), ids=CANCELS)
async def test_of_a_batch_of_cancellations_only_the_refused_is_told_and_asked_for_again(
    no_task_left: None, cancels: tuple[Place, str, Any, str, Any]
) -> None:
    place, path, answer, single, refusal = cancels
    answers = {**place.markets, path: answer, single: refusal}
    async with venue(place.id, place.nothing, answers, ["swap"]) as at:
        first, second, third = await at.batches.cancel(SYMBOL, [7000, 7001, 7002])

        assert (first, third) == (None, None)
        assert isinstance(second, OrderNotFound)
        assert len(at.asked_on(path)) == 1
        assert [asked.path for asked in at.asked if asked.path != path] == [single]


async def test_orders_of_two_symbols_go_in_two_batches_where_one_takes_one_symbol(
    no_task_left: None,
) -> None:
    def contracts(asked: Any) -> Any:
        answer = BITGET.markets["/api/v2/mix/market/contracts"](asked)
        rows = answer["data"]
        ethers = [row | {"symbol": "ETHUSDT", "baseCoin": "ETH"} for row in rows]
        return answer | {"data": [*rows, *ethers]}

    def placed(asked: Any) -> Any:
        rows = [
            {"orderId": f"{len(asked['symbol'])}{asked['symbol'][0] == 'E':d}{n}"}
            | {"clientOid": each["clientOid"]}
            for n, each in enumerate(asked["orderList"])
        ]
        return BITGET.nothing | {"data": {"successList": rows, "failureList": []}}

    path = BATCHES["bitget"].path
    answers = {**BITGET.markets, "/api/v2/mix/market/contracts": contracts, path: placed}
    async with venue("bitget", BITGET.nothing, answers, ["swap"]) as at:
        requests = [_request(f"n{n}") for n in range(4)]
        for n in (1, 2):
            requests[n] = msgspec.structs.replace(requests[n], symbol="ETH/USDT:USDT")
        outcomes = await at.batches.place(requests)

        assert [isinstance(each, Order) and each.client_order_id for each in outcomes] == [
            "n0",
            "n1",
            "n2",
            "n3",
        ]
        assert [asked["symbol"] for asked in at.asked_on(path)] == ["BTCUSDT", "ETHUSDT"]


async def test_an_order_of_an_inverse_contract_is_refused_before_anything_is_sent(
    no_task_left: None,
) -> None:
    swap = OKX.markets["/api/v5/public/instruments"]["data"][0]
    inverse = swap | {"instId": "BTC-USD-SWAP", "uly": "BTC-USD", "settleCcy": "BTC"}
    inverse |= {"ctType": "inverse", "ctVal": "100", "ctValCcy": "USD"}
    answers = {**OKX.markets, "/api/v5/public/instruments": OKX.nothing | {"data": [inverse]}}
    async with venue("okx", OKX.nothing, answers, ["swap"]) as at:
        request = msgspec.structs.replace(_request("n0"), symbol="BTC/USD:BTC")
        (together,) = await at.batches.place([request])
        with pytest.raises(Unsupported, match="inverse contract is counted in USD"):
            await at.orders.place(request)

        assert isinstance(together, Unsupported)
        assert at.asked == []
