"""What exchanges answer to an order, through ccxt's own handling of it, as ours."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
from typing import Any

import aiohttp
import ccxt
import ccxt.async_support
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import (
    Closing,
    ConnectorError,
    Denied,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OrderRejected,
    OutcomeUnknown,
    PostOnlyWouldTake,
    RateLimited,
    Transient,
    UnknownSymbol,
    Unsupported,
)
from connector.exchange.order_fault_rows import Lost
from connector.exchange.order_faults import (
    harmless,
    is_outcome_unknown,
    order_error,
    refusal,
)
from connector.exchange.ways import TABLE

LOOPBACK = "http://127.0.0.1:9/order"
OWN_ADDRESS = {"binanceusdm": "https://fapi.binance.com/fapi/v1/order"}


@cache
def _exchange(exchange_id: str) -> Any:
    return getattr(ccxt, exchange_id)()


def _raised(exchange_id: str, body: str, status: int = 400, url: str = LOOPBACK) -> Exception:
    """What ccxt makes of an answer, at an address that isn't the exchange's own."""
    exchange = _exchange(exchange_id)
    try:
        exchange.handle_errors(
            status, "Reason", url, "POST", {}, body, exchange.parse_json(body), {}, ""
        )
        exchange.handle_http_status_code(status, "Reason", url, "POST", body)
    except ccxt.BaseError as error:
        return error
    raise AssertionError(f"ccxt takes it for an answer: {body}")


def _binance(code: int, msg: str) -> str:
    return json.dumps({"code": code, "msg": msg}, separators=(",", ":"))


def _bybit(code: int, msg: str) -> str:
    return json.dumps({"retCode": code, "retMsg": msg, "result": {}, "retExtInfo": {}, "time": 1})


def _okx(code: str, msg: str) -> str:
    order = {"clOrdId": "a1", "ordId": "", "sCode": code, "sMsg": msg, "tag": ""}
    return json.dumps({"code": "1", "data": [order], "msg": "All operations failed"})


def _okx_whole(code: str, msg: str) -> str:
    return json.dumps({"code": code, "data": [], "msg": msg})


def _bitget(code: str, msg: str) -> str:
    return json.dumps({"code": code, "msg": msg, "requestTime": 1627293504612, "data": None})


def _gate(label: str, message: str) -> str:
    return json.dumps({"label": label, "message": message})


BINANCE_USD_M = [
    (DuplicateOrder, -4116, "ClientOrderId is duplicated."),
    (InsufficientFunds, -2019, "Margin is insufficient."),
    (InsufficientFunds, -2018, "Balance is insufficient."),
    (InsufficientFunds, -4051, "Isolated balance insufficient."),
    (
        PostOnlyWouldTake,
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
    ),
    (OrderNotFound, -2011, "Unknown order sent."),
    (OrderNotFound, -2013, "Order does not exist."),
    (UnknownSymbol, -1121, "Invalid symbol."),
    (InvalidOrder, -1111, "Precision is over the maximum defined for this asset."),
    (InvalidOrder, -1013, "Invalid quantity."),
    (
        InvalidOrder,
        -1102,
        "Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
    ),
    (InvalidOrder, -4003, "Quantity less than zero."),
    (InvalidOrder, -4014, "Price not increased by tick size."),
    (InvalidOrder, -4015, "Client order id is not valid."),
    (InvalidOrder, -4016, "Limit price can't be higher than 104025.51."),
    (
        InvalidOrder,
        -4164,
        "Order's notional must be no smaller than 100 (unless you choose reduce only).",
    ),
    (InvalidOrder, -2021, "Order would immediately trigger."),
    (InvalidOrder, -4061, "Order's position side does not match user's setting."),
    (OrderRejected, -2022, "ReduceOnly Order is rejected."),
    (OrderRejected, -2025, "Reach max open order limit."),
    (OrderRejected, -2027, "Exceeded the maximum allowable position at current leverage."),
    (
        OrderRejected,
        -5021,
        "Due to the order could not be filled immediately, the FOK order has "
        "been rejected. The order will not be recorded in the order history",
    ),
    (
        OrderRejected,
        -4131,
        "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
    ),
    (OrderRejected, -4141, "Symbol is closed."),
    (
        RateLimited,
        -1003,
        "Too many requests; current limit of IP(1.2.3.4) is 2400 requests per "
        "minute. Please use the websocket for live updates to avoid polling the API.",
    ),
    (RateLimited, -1015, "Too many new orders; current limit is 300 orders per TEN_SECONDS."),
    (
        Transient,
        -1008,
        "Server is currently overloaded with other requests. Please try again in a few minutes.",
    ),
    (
        Transient,
        -1008,
        "Request throttled by system-level protection. Reduce-only/close-position "
        "orders are exempt. Please try again.",
    ),
    (Transient, -1021, "Timestamp for this request is outside of the recvWindow."),
    (Transient, -5028, "Timestamp for this request is outside of the ME recvWindow."),
    (Denied, -2015, "Invalid API-key, IP, or permissions for action."),
    (Denied, -2014, "API-key format invalid."),
    (Denied, -1022, "Signature for this request is not valid."),
    (Lost, -1000, "An unknown error occurred while processing the request."),
    (Lost, -1000, "Unknown error, please check your request or try again later."),
    (Lost, -1001, "Internal error; unable to process your request. Please try again."),
    (
        Lost,
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
    ),
    (
        Lost,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; execution status "
        "unknown.",
    ),
]

BINANCE_SPOT = [
    (DuplicateOrder, -2010, "Duplicate order sent."),
    (InsufficientFunds, -2010, "Account has insufficient balance for requested action."),
    (PostOnlyWouldTake, -2010, "Order would immediately match and take."),
    (OrderRejected, -2010, "Market is closed."),
    (OrderRejected, -2010, "Filter failure: MAX_NUM_ORDERS"),
    (OrderRejected, -2010, "Order book liquidity is less than LOT_SIZE filter minimum quantity."),
    (Denied, -2010, "This symbol is not permitted for this account."),
    (Denied, -2010, "Rest API trading is not enabled."),
    (Denied, -2011, "This action is disabled on this account."),
    (OrderNotFound, -2011, "Unknown order sent."),
    (OrderRejected, -2011, "Order was not canceled due to cancel restrictions."),
    (OrderNotFound, -2013, "Order does not exist."),
    (InvalidOrder, -1013, "Filter failure: LOT_SIZE"),
    (InvalidOrder, -1013, "Filter failure: PRICE_FILTER"),
    (InvalidOrder, -1013, "Filter failure: NOTIONAL"),
    (InvalidOrder, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    (OrderRejected, -1013, "Filter failure: MAX_NUM_ORDERS"),
    (
        InvalidOrder,
        -1100,
        "Illegal characters found in parameter 'newClientOrderId'; legal range "
        "is '^[a-zA-Z0-9-_]{1,36}$'.",
    ),
    (
        Lost,
        -1007,
        "Timeout waiting for response from backend server. Send status unknown; "
        "execution status unknown.",
    ),
]

BYBIT = [
    (DuplicateOrder, 110072, "OrderLinkedID is duplicate"),
    (DuplicateOrder, 170141, "Duplicate clientOrderId."),
    (DuplicateOrder, 12141, "Duplicate clientOrderId."),
    (InsufficientFunds, 110007, "ab not enough for new order"),
    (InsufficientFunds, 110004, "Wallet balance is insufficient."),
    (InsufficientFunds, 110012, "Insufficient available balance."),
    (InsufficientFunds, 110045, "Wallet balance is insufficient"),
    (InsufficientFunds, 170131, "Insufficient balance."),
    (InsufficientFunds, 130021, "oc_diff[1707966351], new_oc[1707966351] with ob[....]+AB[....]"),
    (OrderNotFound, 110001, "order not exists or too late to cancel"),
    (OrderNotFound, 110008, "The order has been completed or cancelled."),
    (OrderNotFound, 110010, "The order has been cancelled"),
    (OrderNotFound, 170213, "Order does not exist."),
    (UnknownSymbol, 10001, "Not supported symbols"),
    (UnknownSymbol, 10001, "params error: symbol invalid BTCUSDTX"),
    (UnknownSymbol, 170121, "Invalid symbol."),
    (PostOnlyWouldTake, 170218, "The LIMIT-MAKER order is rejected due to invalid price."),
    (InvalidOrder, 10001, "Qty invalid"),
    (InvalidOrder, 110003, "The order price exceeds the allowable range."),
    (InvalidOrder, 110094, "Order does not meet minimum order value 5USDT"),
    (InvalidOrder, 170136, "Order quantity exceeded lower limit."),
    (InvalidOrder, 170193, "Buy order price cannot be higher than 97123.1USDT."),
    (InvalidOrder, 170134, "Order price has too many decimals."),
    (OrderRejected, 110017, "Reduce-only rule not satisfied"),
    (OrderRejected, 110020, "Not allowed to have more than 500 active orders."),
    (RateLimited, 10006, "Too many visits. Exceeded the API Rate Limit."),
    (RateLimited, 10018, "Exceeded the IP Rate Limit."),
    (
        Transient,
        10002,
        "invalid request, please check your server timestamp or recv_window param. "
        "req_timestamp[1658384431891],server_timestamp[1658384521891],recv_window[5000]",
    ),
    (Denied, 10003, "API key is invalid."),
    (Denied, 10004, "error sign! origin_string[1658384431891KEYKEY5000{}]"),
    (Denied, 10005, "Permission denied, please check your API key permissions."),
    (Denied, 10010, "Unmatched IP, please check your API key's bound IP addresses."),
    (Lost, 10000, "Server Timeout"),
    (Lost, 10016, "Internal server error."),
    (Lost, 10016, "Request timeout, please try again later"),
    (Lost, 170007, "Timeout waiting for response from backend server."),
    (Lost, 170146, "Order creation timeout."),
]

OKX = [
    (DuplicateOrder, "51016", "Client order ID already exists."),
    (InsufficientFunds, "51008", "Order failed. Insufficient USDT margin in account"),
    (InsufficientFunds, "51119", "Order placement failed due to insufficient balance. "),
    (InsufficientFunds, "51131", "Insufficient balance"),
    (
        OrderNotFound,
        "51400",
        "Cancellation failed as the order has been filled, canceled or does not exist.",
    ),
    (OrderNotFound, "51401", "Cancellation failed as the order is already canceled."),
    (OrderNotFound, "51603", "Order does not exist"),
    (UnknownSymbol, "51001", "Instrument ID doesn't exist."),
    (InvalidOrder, "51000", "Parameter clOrdId error"),
    (
        InvalidOrder,
        "51006",
        "Order price is not within the price limit (max buy price: 97,123.1 "
        "min sell price: 96,000.4)",
    ),
    (InvalidOrder, "51020", "Your order should meet or exceed the minimum order amount."),
    (InvalidOrder, "51121", "Order quantity must be a multiple of the lot size."),
    (InvalidOrder, "51201", "Value of per market order cannot exceed 1,000,000 USDT"),
    (OrderRejected, "51410", "Cancellation failed as the order is already in canceling status"),
    (OrderRejected, "51022", "Contract suspended"),
    (Denied, "51010", "You can't complete this request under your current account mode."),
    (Lost, "51149", "Order timed out. Please try again later."),
]

OKX_WHOLE = [
    (OrderNotFound, "51603", "Order does not exist"),
    (
        RateLimited,
        "50011",
        "Rate limit reached. Please refer to API documentation and throttle requests accordingly",
    ),
    (RateLimited, "50061", "You've reached the maximum order rate limit for this account."),
    (Transient, "50001", "Service temporarily unavailable. Please try again later."),
    (Transient, "50013", "Systems are busy. Please try again later."),
    (Transient, "50102", "Timestamp request expired"),
    (Denied, "50111", "Invalid OK-ACCESS-KEY"),
    (Denied, "50113", "Invalid Sign"),
    (Denied, "50105", "Request header OK-ACCESS-PASSPHRASE incorrect"),
    (InvalidOrder, "50014", "Parameter instId cannot be empty"),
    (
        Lost,
        "50004",
        "API endpoint request timeout (does not mean that the request was successful "
        "or failed, please check the request result)",
    ),
    (Lost, "50026", "System error. Try again later"),
]

BITGET = [
    (DuplicateOrder, "40786", "Duplicate clientOid"),
    (DuplicateOrder, "43118", "clientOrderId duplicate"),
    (DuplicateOrder, "40708", "client_oid duplicate"),
    (DuplicateOrder, "25212", "Duplicate clientOid"),
    (InsufficientFunds, "43012", "Insufficient balance"),
    (InsufficientFunds, "40762", "The order amount exceeds the balance"),
    (InsufficientFunds, "40754", "balance not enough"),
    (InsufficientFunds, "40712", "Insufficient margin"),
    (OrderNotFound, "43001", "The order does not exist"),
    (OrderNotFound, "40768", "Order does not exist"),
    (OrderNotFound, "43004", "There is no order to cancel"),
    (OrderNotFound, "22001", "No order to cancel"),
    (UnknownSymbol, "40034", "Parameter BTCUSDTX does not exist"),
    (UnknownSymbol, "40309", "The contract has been removed"),
    (InvalidOrder, "40017", "Parameter verification failed"),
    (
        InvalidOrder,
        "40808",
        "Parameter verification exception size checkBDScale error value=2293.577 checkScale=2",
    ),
    (InvalidOrder, "45110", "less than the minimum amount 5 USDT"),
    (
        InvalidOrder,
        "40305",
        "Client_oid length is not greater than 50, and cannot be Martian characters",
    ),
    (OrderRejected, "22002", "No position to close"),
    (
        InvalidOrder,
        "40774",
        "The order type for unilateral position must also be the unilateral position type.",
    ),
    (RateLimited, "429", "Too Many Requests"),
    (Transient, "40200", "Server upgrade, please try again later"),
    (Transient, "40604", "Server is busy, please try again later"),
    (Transient, "40008", "Request timestamp expired"),
    (Denied, "40006", "Invalid ACCESS_KEY"),
    (Denied, "40009", "sign signature error"),
    (Denied, "40012", "apikey/password is incorrect"),
    (Denied, "40018", "Invalid IP"),
    (Lost, "40010", "Request timed out"),
    (Lost, "40015", "System is abnormal, please try again later"),
    (Lost, "40725", "service return an error"),
    (Lost, "45001", "Unknown error"),
]

GATE = [
    (InsufficientFunds, "BALANCE_NOT_ENOUGH", "Not enough balance"),
    (InsufficientFunds, "INSUFFICIENT_AVAILABLE", "margin available is insufficient"),
    (
        PostOnlyWouldTake,
        "POC_FILL_IMMEDIATELY",
        "Order would match and take immediately so its cancelled",
    ),
    (PostOnlyWouldTake, "ORDER_POC_IMMEDIATE", "order price 1700 while counter price 1793.55"),
    (OrderNotFound, "ORDER_NOT_FOUND", "Order not found"),
    (OrderNotFound, "ORDER_FINISHED", "Order already finished"),
    (OrderNotFound, "ORDER_CLOSED", "Order cancelled"),
    (OrderNotFound, "CLIENT_ID_NOT_FOUND", "Order not found by client id"),
    (UnknownSymbol, "CONTRACT_NOT_FOUND", "contract not found"),
    (UnknownSymbol, "INVALID_CURRENCY_PAIR", "Invalid currency pair BTCX_USDT"),
    (DuplicateOrder, "REPEATED_CREATION", "Repeated creation"),
    (DuplicateOrder, "INVALID_PARAM_VALUE", "duplicate text t-123"),
    (
        InvalidOrder,
        "INVALID_PARAM_VALUE",
        "Your order size 0.003749448 USDT is too small. The minimum is 3 USDT",
    ),
    (InvalidOrder, "INVALID_PARAM_VALUE", "invalid argument: #3"),
    (InvalidOrder, "SIZE_TOO_SMALL", "size too small"),
    (InvalidOrder, "PRICE_TOO_DEVIATED", "Order price deviates too much from mark price"),
    (OrderRejected, "RISK_LIMIT_EXCEEDED", "risk limit exceeded"),
    (OrderRejected, "FOK_NOT_FILL", "Order cannot be filled completely"),
    (OrderRejected, "A_LABEL_OF_TOMORROW", "whatever"),
    (RateLimited, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (301008)"),
    (Transient, "REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60"),
    (Transient, "TOO_BUSY", "Server is too busy at the moment"),
    (Denied, "INVALID_KEY", "Invalid key provided"),
    (Denied, "INVALID_SIGNATURE", "Signature mismatch"),
    (Denied, "READ_ONLY", "Your key is read-only"),
    (Lost, "SERVER_ERROR", "Server error"),
    (Lost, "INTERNAL", "Internal server error"),
]

ANSWERS = [
    *(("binanceusdm", ours, _binance(code, msg), msg) for ours, code, msg in BINANCE_USD_M),
    *(("binance", ours, _binance(code, msg), msg) for ours, code, msg in BINANCE_SPOT),
    *(("bybit", ours, _bybit(code, msg), msg) for ours, code, msg in BYBIT),
    *(("okx", ours, _okx(code, msg), msg) for ours, code, msg in OKX),
    *(("okx", ours, _okx_whole(code, msg), msg) for ours, code, msg in OKX_WHOLE),
    *(("bitget", ours, _bitget(code, msg), msg) for ours, code, msg in BITGET),
    *(("gate", ours, _gate(label, msg), msg) for ours, label, msg in GATE),
]


@pytest.mark.parametrize(
    ("exchange_id", "ours", "body", "words"),
    ANSWERS,
    ids=[f"{exchange_id}-{words[:40]}" for exchange_id, _, _, words in ANSWERS],
)
def test_an_answer_is_told_by_the_exchanges_own_code_and_words(
    exchange_id: str, ours: type[ConnectorError], body: str, words: str
) -> None:
    theirs = _raised(exchange_id, body)
    error = order_error(theirs, exchange_id)

    assert type(error) is ours
    assert is_outcome_unknown(theirs) is (ours is Lost)
    said = str(error).lower().replace("'", "")
    assert said.startswith(exchange_id)
    if "origin_string" not in words:
        assert " ".join(words.lower().replace("'", "").split())[:200] in said


@pytest.mark.parametrize(("ours", "code", "msg"), BINANCE_USD_M)
def test_binance_is_told_alike_at_its_own_address_and_at_any_other(
    ours: type[ConnectorError], code: int, msg: str
) -> None:
    body = _binance(code, msg)

    told = [
        order_error(_raised("binanceusdm", body, url=url), "binanceusdm")
        for url in (LOOPBACK, OWN_ADDRESS["binanceusdm"])
    ]

    assert [type(error) for error in told] == [ours, ours]
    assert str(told[0]) == str(told[1])


def test_ccxt_alone_would_not_know_a_duplicate() -> None:
    body = _binance(-4116, "ClientOrderId is duplicated.")

    assert type(_raised("binanceusdm", body)) is ccxt.ExchangeError
    at_home = _raised("binanceusdm", body, url=OWN_ADDRESS["binanceusdm"])
    assert type(at_home) is ccxt.InvalidOrder


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (ccxt.InvalidOrder('binanceusdm {"code":-4116,"msg":"ClientOrderId is duplicated."}'),
         DuplicateOrder),
        (ccxt.ExchangeError('binanceusdm {"code":-4116,"msg":"ClientOrderId is duplicated."}'),
         DuplicateOrder),
        (ccxt.InsufficientFunds("binance Account has insufficient balance for requested action."),
         InsufficientFunds),
        (ccxt.ExchangeError("binance Duplicate order sent."), DuplicateOrder),
        (ccxt.DDoSProtection('binanceusdm 429 Too Many Requests {"code":-1003,"msg":"Too many"}'),
         RateLimited),
        (ccxt.DDoSProtection('binance {"code":-2015,"msg":"Invalid API-key, IP, or permissions"}'),
         Denied),
        (ccxt.ExchangeError('binanceusdm [{"code":-2011,"msg":"Unknown order sent."}]'),
         OrderNotFound),
    ],
)  # fmt: skip
def test_what_ccxt_raised_is_read_as_it_stands(
    theirs: Exception, ours: type[ConnectorError]
) -> None:
    assert type(order_error(theirs, str(theirs).partition(" ")[0])) is ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (ccxt.InsufficientFunds("kucoin low"), InsufficientFunds),
        (ccxt.BadSymbol("kucoin what"), UnknownSymbol),
        (ccxt.OrderImmediatelyFillable("kucoin takes"), PostOnlyWouldTake),
        (ccxt.OrderNotFound("kucoin gone"), OrderNotFound),
        (ccxt.DuplicateOrderId("kucoin twice"), DuplicateOrder),
        (ccxt.InvalidOrder("kucoin wrong"), InvalidOrder),
        (ccxt.BadRequest("kucoin wrong"), InvalidOrder),
        (ccxt.ArgumentsRequired("kucoin createOrder() requires a price"), InvalidOrder),
        (ccxt.OrderNotFillable("kucoin fok"), OrderRejected),
        (ccxt.MarketClosed("kucoin closed"), OrderRejected),
        (ccxt.ExchangeError("kucoin no"), OrderRejected),
        (ccxt.CancelPending("kucoin canceling, please wait"), OrderRejected),
        (ccxt.RateLimitExceeded("kucoin slow"), RateLimited),
        (ccxt.DDoSProtection("kucoin slow"), RateLimited),
        (ccxt.AuthenticationError("kucoin who"), Denied),
        (ccxt.PermissionDenied("kucoin who"), Denied),
        (ccxt.AccountSuspended("kucoin who"), Denied),
        (ccxt.RestrictedLocation("kucoin where"), Denied),
        (ccxt.NotSupported("kucoin never"), Unsupported),
        (ccxt.OnMaintenance("kucoin later"), Transient),
        (ccxt.InvalidNonce("kucoin clock"), Transient),
        (ccxt.ExchangeClosedByUser("kucoin bye"), Closing),
        (ccxt.RequestTimeout("kucoin POST https://api.kucoin.com/api/v1/orders"), Lost),
        (ccxt.ExchangeNotAvailable("kucoin POST https://api.kucoin.com/api/v1/orders"), Lost),
        (ccxt.NetworkError("kucoin cut"), Lost),
        (ccxt.BadResponse("kucoin gibberish"), Lost),
        (ccxt.NullResponse("kucoin nothing"), Lost),
        (ccxt.OperationFailed("kucoin failed"), Lost),
        (ccxt.ExchangeError('kucoin {"code":"500000","msg":"Internal Server Error"}'), Lost),
        (ccxt.ExchangeError('kucoin {"code":"1","msg":"Request timed out, try again"}'), Lost),
        (ccxt.ExchangeError('kucoin {"msg":"OK","data":{"orderId":"1"}}'), Lost),
        (ccxt.ExchangeError('kucoin {"code":[0],"msg":"success"}'), Lost),
        (TimeoutError(), Lost),
        (ConnectionResetError("reset by peer"), Lost),
        (ConnectionRefusedError("refused"), Transient),
    ],
)
def test_an_exchange_without_rows_is_told_by_ccxts_class(
    theirs: Exception, ours: type[ConnectorError]
) -> None:
    assert type(order_error(theirs, "kucoin")) is ours
    assert is_outcome_unknown(theirs) is (ours is Lost)


@pytest.mark.parametrize("exchange_id", ["binanceusdm", "bybit", "okx", "bitget", "gate", "kucoin"])
@pytest.mark.parametrize(
    ("status", "ours"),
    [
        (404, Transient),
        (405, Transient),
        (408, Lost),
        (500, Lost),
        (502, Lost),
        (503, Lost),
        (504, Lost),
        (520, Lost),
        (451, Transient),
        (401, Denied),
        (429, RateLimited),
    ],
)
def test_a_page_in_place_of_an_answer_is_told_by_its_status(
    exchange_id: str, status: int, ours: type[ConnectorError]
) -> None:
    theirs = _raised(exchange_id, "<html>not found</html>", status)

    assert type(order_error(theirs, exchange_id)) is ours
    assert is_outcome_unknown(theirs) is (ours is Lost)


@pytest.mark.parametrize(
    ("exchange_id", "query"),
    [("bybit", "category=linear&symbol=BTCUSDT"), ("okx", "instId=BTC-USDT-SWAP&ordId=1")],
)
def test_what_was_asked_is_not_taken_for_what_was_answered(exchange_id: str, query: str) -> None:
    theirs = _raised(exchange_id, "<html>symbol instId</html>", 503, f"{LOOPBACK}?{query}")

    assert type(order_error(theirs, exchange_id)) is Lost


def test_a_403_is_bybits_rate_limit_and_elsewhere_a_closed_door() -> None:
    told = [order_error(_raised(one, "<html>", 403), one) for one in ("bybit", "binanceusdm")]

    assert [type(error) for error in told] == [RateLimited, Transient]


def test_a_503_of_binance_with_a_body_leaves_the_outcome_unknown() -> None:
    body = _binance(-1000, "Unknown error, please check your request or try again later.")

    assert is_outcome_unknown(_raised("binanceusdm", body, 503))


def _caused(theirs: Exception, cause: Exception) -> Exception:
    theirs.__cause__ = cause
    return theirs


def _refused_connection() -> Exception:
    key: Any = None
    return aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "Connection refused"))


PLACING = "binanceusdm POST https://fapi.binance.com/fapi/v1/order"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (_caused(ccxt.ExchangeNotAvailable(PLACING), _refused_connection()), Transient),
        (_caused(ccxt.ExchangeNotAvailable(PLACING), socket.gaierror(-2, "no name")), Transient),
        (_caused(ccxt.RequestTimeout(PLACING), aiohttp.ConnectionTimeoutError()), Transient),
        (_caused(ccxt.RequestTimeout(PLACING), aiohttp.SocketTimeoutError()), Lost),
        (_caused(ccxt.RequestTimeout(PLACING), TimeoutError()), Lost),
        (_caused(ccxt.ExchangeNotAvailable(PLACING), aiohttp.ServerDisconnectedError()), Lost),
        (_caused(ccxt.ExchangeNotAvailable(PLACING), aiohttp.ClientOSError(104, "reset")), Lost),
        (_caused(ccxt.ExchangeError(PLACING), aiohttp.ClientPayloadError("incomplete")), Lost),
    ],
    ids=lambda value: repr(getattr(value, "__cause__", value))[:40],
)
def test_whether_a_connection_was_there_decides_whether_an_order_may_be(
    theirs: Exception, ours: type[ConnectorError]
) -> None:
    assert type(order_error(theirs, "binanceusdm")) is ours


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def _cut_at_once(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _cut_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"orderId":')
    assert request.transport is not None
    request.transport.close()
    return response


async def _never(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def _no_json(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503, text="upstream connect error")


@pytest.mark.parametrize("answer", [_cut_at_once, _cut_in_the_middle, _never, _no_json])
async def test_an_answer_lost_on_a_real_connection_is_lost(answer: Answer) -> None:
    application = web.Application()
    application.router.add_post("/order", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    exchange: Any = ccxt.async_support.binanceusdm({"timeout": 200})

    with pytest.raises(ccxt.BaseError) as theirs:
        await exchange.fetch(f"http://{host}:{port}/order?signature=s3cret", "POST", {}, "a=b")

    await exchange.close()
    await runner.cleanup()
    error = order_error(theirs.value, "binanceusdm")
    assert type(error) is Lost
    assert is_outcome_unknown(theirs.value)
    assert "s3cret" not in str(error)


async def test_a_connection_that_is_refused_sent_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        exchange: Any = ccxt.async_support.binanceusdm()
        with pytest.raises(ccxt.ExchangeNotAvailable) as theirs:
            await exchange.fetch(f"http://127.0.0.1:{taken.getsockname()[1]}/order", "POST", {}, "")
        await exchange.close()

    assert type(order_error(theirs.value, "binanceusdm")) is Transient


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '{"result":{"orderId":"1"}}',
        '{"retCode":["none"],"retMsg":{"no":"text"}}',
        '{"retMsg":0,"time":1}',
        '{"retCode":"0","retMsg":"--"}',
    ],
)
def test_an_answer_without_code_and_words_refuses_nothing(answer: str) -> None:
    error = order_error(ccxt.ExchangeError(f"bybit {answer}"), "bybit")

    assert isinstance(error, OutcomeUnknown)
    assert isinstance(refusal("bybit", json.loads(answer)), OutcomeUnknown)


@pytest.mark.parametrize("bug", [KeyError("id"), TypeError("None"), ZeroDivisionError()])
def test_a_bug_climbs(bug: Exception) -> None:
    assert order_error(bug, "binance") is None
    assert not is_outcome_unknown(bug)


def test_one_who_was_cancelled_while_sending_knows_nothing() -> None:
    assert is_outcome_unknown(asyncio.CancelledError())


def test_our_own_errors_pass_through() -> None:
    ours = InvalidOrder("quantity rounds to 0")

    assert order_error(ours, "binance") is ours
    assert not is_outcome_unknown(ours)
    assert is_outcome_unknown(OutcomeUnknown("nobody knows"))


def test_a_rate_limit_says_when_to_come_back() -> None:
    theirs: Any = ccxt.DDoSProtection("binanceusdm 418 I'm a teapot {}")
    theirs.retry_after = 7.0

    error = order_error(theirs, "binanceusdm")

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("exchange_id", "answer", "ours"),
    [
        ("binanceusdm", {"code": -2022, "msg": "ReduceOnly Order is rejected."}, OrderRejected),
        ("binanceusdm", {"code": "-4116", "msg": "ClientOrderId is duplicated."}, DuplicateOrder),
        (
            "okx",
            {"ordId": "", "clOrdId": "a", "sCode": "51008", "sMsg": "Insufficient USDT margin"},
            InsufficientFunds,
        ),
        ("bybit", {"code": "110001", "msg": "order not exists"}, OrderNotFound),
        ("gate", {"label": "INVALID_PARAM_VALUE", "message": "size"}, InvalidOrder),
        ("kucoin", {"code": "300003", "msg": "low"}, OrderRejected),
    ],
)
def test_an_order_of_a_batch_is_told_by_its_own_code_and_words(
    exchange_id: str, answer: dict[str, Any], ours: type[ConnectorError]
) -> None:
    error = refusal(exchange_id, answer)
    said = [
        str(answer[key])
        for key in ("sCode", "code", "label", "sMsg", "msg", "message")
        if key in answer
    ]

    assert type(error) is ours
    assert str(error) == " ".join((exchange_id, *said))


def test_the_text_is_code_and_words_without_the_json_around_them() -> None:
    theirs = _raised("okx", _okx("51119", "Order placement failed due to insufficient balance. "))

    text = "okx 51119 Order placement failed due to insufficient balance."
    assert str(order_error(theirs, "okx")) == text


def test_an_error_without_words_is_told_by_its_name() -> None:
    assert str(order_error(TimeoutError(), "okx")) == "okx TimeoutError"


SECRET = "Xy7kQ2mP9sLw4RtZ8vBn"


@pytest.mark.parametrize(
    "told",
    [
        f"binance POST https://x/order?apiKey=a&signature={SECRET} 503 Gone",
        f'bybit {{"retCode":10004,"retMsg":"error sign! origin_string[1658{SECRET}5000]"}}',
        'bybit {"retCode":10001,"retMsg":"empty value: apiTimestamp[1] '
        f'apiKey[{SECRET}] apiSignature[{SECRET}]: openapi sign params error!"}}',
        f'okx {{"code":"1","msg":"bad \\"OK-ACCESS-KEY\\": \\"{SECRET}\\""}}',
        f"gate signature={SECRET}&text=t-1",
        f"kucoin passphrase: {SECRET}",
    ],
)
def test_a_key_or_signature_never_reaches_the_text(told: str) -> None:
    error = order_error(ccxt.ExchangeError(told), told.partition(" ")[0])

    assert error is not None
    assert SECRET not in str(error)


PIECES = {
    "insufficient": InsufficientFunds,
    "margin": InsufficientFunds,
    "INVALID_SYMBOL": UnknownSymbol,
    "not found": OrderNotFound,
    "POST_ONLY": PostOnlyWouldTake,
    "would execute immediately": PostOnlyWouldTake,
    "51020": PostOnlyWouldTake,
}
CLASSES = (
    InsufficientFunds,
    UnknownSymbol,
    PostOnlyWouldTake,
    OrderNotFound,
    DuplicateOrder,
    InvalidOrder,
    OrderRejected,
    RateLimited,
    Denied,
    Transient,
    Lost,
)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("kind", CLASSES)
def test_only_the_class_that_a_piece_stands_for_says_it(
    kind: type[ConnectorError], piece: str
) -> None:
    text = harmless(kind, f"words {piece} and 38976{piece}99")

    assert (piece in text) is (PIECES[piece] is kind)
    assert len(text) - len(f"words {piece} and 38976{piece}99") in (0, 2)


def test_okxs_smallest_amount_is_not_taken_for_a_post_only_kill() -> None:
    words = "Your order should meet or exceed the minimum order amount."

    error = order_error(_raised("okx", _okx("51020", words)), "okx")

    assert str(error) == f"okx 51'020 {words}"


def test_a_refused_margin_type_is_not_taken_for_missing_funds() -> None:
    error = refusal("binanceusdm", {"code": -4046, "msg": "No need to change margin type."})

    assert str(error) == "binanceusdm -4046 No need to change Margin type."


@given(
    st.sampled_from(sorted(TABLE)),
    st.sampled_from([ccxt.ExchangeError, ccxt.InvalidOrder, ccxt.NetworkError, TimeoutError]),
    st.text(max_size=400)
    | st.recursive(
        st.none() | st.text(max_size=9) | st.integers() | st.sampled_from(["51020", "not found"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["code", "msg", "data", "sCode", "sMsg", "retMsg", "label"]), inner
            )
        ),
        max_leaves=6,
    ).map(json.dumps),
)
def test_whatever_was_raised_is_ours_short_and_harmless(
    exchange_id: str, theirs: type[Exception], body: str
) -> None:
    error = order_error(theirs(f"{exchange_id} {body}"), exchange_id)

    assert error is not None
    assert 0 < len(str(error)) <= 300
    assert all(piece not in str(error) for piece, kind in PIECES.items() if type(error) is not kind)
