"""Orders sent through a connector: what stands behind it, placing, finding, cancelling."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1.resources_pb2 import Order, PlaceOrderRequest

from connector.errors import OrderNotFound, OutcomeUnknown
from connector.terminal.client import CALL_S, NOT_THERE, Client, Target, connected, refusal

EXCHANGE_HEADER, EMBEDDED = "x-exchange", "embedded"
"""What GetName's trailing metadata tells: the ccxt id, or that it is the embedded exchange."""

_NOT_PLACED = (
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNIMPLEMENTED,
    grpc.StatusCode.UNAUTHENTICATED,
)
_NEVER_SENT = ("exchange unavailable", NOT_THERE)
"""Heads of UNAVAILABLE that leave no doubt either."""


@dataclass(frozen=True)
class Behind:
    """The exchange behind a connector: its name, and its id where the connector tells it."""

    name: str
    exchange: str

    @property
    def embedded(self) -> bool:
        """Whether nothing real can happen; False for a connector that doesn't tell."""
        return self.exchange == EMBEDDED

    def __str__(self) -> str:
        told = self.exchange or "which exchange that is, it doesn't tell"
        return f"{self.name} ({told})"


async def exchange_behind(target: Target) -> Behind:
    """Ask a connector what it is connected to."""
    async with _told_in_our_words(target) as client:
        call = client.stub.GetName(rpc.GetNameRequest(), timeout=CALL_S, metadata=client.metadata)
        name = (await call).name
        metadata = {str(key): value for key, value in await call.trailing_metadata()}
        return Behind(name, str(metadata.get(EXCHANGE_HEADER, "")))


async def place(target: Target, request: PlaceOrderRequest) -> Order:
    """Place an order.

    Errors:  OutcomeUnknown unless the answer leaves no doubt, with how to ask again: the same
             client order id never makes a second order. Refused for an order that isn't placed.
    """
    async with connected(target) as client:
        try:
            return await client.stub.PlaceOrder(request, timeout=CALL_S, metadata=client.metadata)
        except grpc.aio.AioRpcError as error:
            told, text = refusal(target, error), error.details() or ""
            unavailable = error.code() is grpc.StatusCode.UNAVAILABLE
            if error.code() in _NOT_PLACED or (unavailable and text.startswith(_NEVER_SENT)):
                raise told from None
            raise OutcomeUnknown(f"{told}; {how_to_ask_again(request)}") from None


def how_to_ask_again(request: PlaceOrderRequest) -> str:
    """Give what to do about an order that may have been placed, or not."""
    return (
        "the order may have been placed: the same command with "
        f"--client-id {request.client_order_id} tells, and never places a second one"
    )


async def find(target: Target, symbol: str, order_id: int, client_order_id: str) -> Order:
    """Find an order by one of its ids; without a symbol among the open ones.

    Errors:  Refused; OrderNotFound where no open order has that id.
    """
    if symbol:
        request = rpc.GetOrderRequest(
            symbol=symbol, order_id=order_id, client_order_id=client_order_id
        )
        async with _told_in_our_words(target) as client:
            return await client.stub.GetOrder(request, timeout=CALL_S, metadata=client.metadata)
    for order in await open_orders(target, ""):
        if order.order_id == order_id or (
            client_order_id and order.client_order_id == client_order_id
        ):
            return order
    named = f"id {order_id}" if order_id else f"client order id {client_order_id!r}"
    raise OrderNotFound(f"order not found: no open order has the {named}")


async def cancel(target: Target, order: Order) -> None:
    """Cancel an order."""
    request = rpc.CancelOrderRequest(symbol=order.symbol, order_id=order.order_id)
    async with _told_in_our_words(target) as client:
        await client.stub.CancelOrder(request, timeout=CALL_S, metadata=client.metadata)


async def open_orders(target: Target, symbol: str) -> list[Order]:
    """Ask for the open orders of a symbol; empty: of all."""
    request = rpc.GetOpenOrdersRequest(symbol=symbol)
    async with _told_in_our_words(target) as client:
        answer = await client.stub.GetOpenOrders(request, timeout=CALL_S, metadata=client.metadata)
        return list(answer.orders)


@asynccontextmanager
async def _told_in_our_words(target: Target) -> AsyncGenerator[Client]:
    async with connected(target) as client:
        try:
            yield client
        except grpc.aio.AioRpcError as error:
            raise refusal(target, error) from None
