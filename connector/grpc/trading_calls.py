"""The unary RPCs of trading and of the account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceServicer

from connector import wire
from connector.errors import ConnectorError, InvalidRequest
from connector.exchange.client_ids import new_client_order_id
from connector.grpc.limits import within_batch
from connector.grpc.requests import asked_client_order_id
from connector.grpc.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.config import LimitsConfig
    from connector.exchange.account import AccountData
    from connector.exchange.order_batches import OrderBatches, Outcome
    from connector.exchange.orders import Orders
    from connector.exchange.symbols import Symbols
    from connector.observables import Answers
    from connector.trading import OrderRequest

    Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True)
class Trading:
    """The private half of the exchange."""

    orders: Orders
    batches: OrderBatches
    account: AccountData


class TradingCalls(ExchangeServiceServicer):
    """Orders, balances and positions; symbols answered as they were asked for."""

    def __init__(self, trading: Trading, answers: Answers, limits: LimitsConfig) -> None:
        self._orders, self._batches = trading.orders, trading.batches
        self._account = trading.account
        self._answers, self._limits = answers, limits

    @property
    def _symbols(self) -> Symbols:
        raise NotImplementedError

    async def PlaceOrder(
        self, request: resources.PlaceOrderRequest, context: Context
    ) -> resources.Order:
        decoded = self._decoded(request)
        self._hold_events([decoded], context)
        order = await self._orders.place(decoded)
        return wire.encode_order(order, request.symbol)

    async def BatchPlaceOrders(
        self, request: rpc.BatchPlaceOrdersRequest, context: Context
    ) -> rpc.BatchPlaceOrdersResponse:
        within_batch(len(request.orders), self._limits)
        outcomes: dict[int, Outcome] = {}
        decoded: dict[int, OrderRequest] = {}
        for index, each in enumerate(request.orders):
            try:
                decoded[index] = self._decoded(each)
            except ConnectorError as error:
                outcomes[index] = error
        self._hold_events(decoded.values(), context)
        placed = await self._batches.place(list(decoded.values()))
        outcomes |= zip(decoded, placed, strict=True)
        response = rpc.BatchPlaceOrdersResponse(all_success=True)
        for index, each in enumerate(request.orders):
            outcome = outcomes[index]
            if isinstance(outcome, ConnectorError):
                response.all_success = False
                response.errors.append(_batch_error(index, outcome, each.client_order_id))
            else:
                response.orders.append(wire.encode_order(outcome, each.symbol))
        return response

    async def CancelOrder(
        self, request: rpc.CancelOrderRequest, context: Context
    ) -> rpc.CancelOrderResponse:
        symbol = self._symbols.resolve(request.symbol)
        await self._orders.cancel(symbol, request.order_id)
        return rpc.CancelOrderResponse()

    async def BatchCancelOrders(
        self, request: rpc.BatchCancelOrdersRequest, context: Context
    ) -> rpc.BatchCancelOrdersResponse:
        within_batch(len(request.order_ids), self._limits)
        symbol = self._symbols.resolve(request.symbol)
        errors = await self._batches.cancel(symbol, list(request.order_ids))
        return rpc.BatchCancelOrdersResponse(
            errors=[
                _batch_error(index, error)
                for index, error in enumerate(errors)
                if error is not None
            ]
        )

    async def CancelAllOrders(
        self, request: rpc.CancelAllOrdersRequest, context: Context
    ) -> rpc.CancelAllOrdersResponse:
        await self._batches.cancel_all(self._symbols.resolve(request.symbol))
        return rpc.CancelAllOrdersResponse()

    async def GetOrder(self, request: rpc.GetOrderRequest, context: Context) -> resources.Order:
        symbol = self._symbols.resolve(request.symbol)
        if request.order_id:
            order = await self._orders.by_order_id(symbol, request.order_id)
        elif request.client_order_id:
            order = await self._orders.by_client_order_id(symbol, request.client_order_id)
        else:
            raise InvalidRequest("give order_id, or client_order_id where that is 0")
        return wire.encode_order(order, request.symbol)

    async def GetOpenOrders(
        self, request: rpc.GetOpenOrdersRequest, context: Context
    ) -> rpc.GetOpenOrdersResponse:
        symbol = self._symbols.resolve(request.symbol) if request.symbol else None
        orders = await self._orders.open_orders(symbol)
        return rpc.GetOpenOrdersResponse(
            orders=[wire.encode_order(o, self._spelled(o.symbol, request.symbol)) for o in orders]
        )

    async def GetAccount(
        self, request: rpc.GetAccountRequest, context: Context
    ) -> resources.Account:
        return wire.encode_account(await self._account.account(), self._symbols.canonical)

    async def GetPositions(
        self, request: rpc.GetPositionsRequest, context: Context
    ) -> rpc.GetPositionsResponse:
        symbol = self._symbols.resolve(request.symbol) if request.symbol else None
        positions = await self._account.positions(symbol)
        return rpc.GetPositionsResponse(
            positions=[
                wire.encode_position(p, self._spelled(p.symbol, request.symbol)) for p in positions
            ]
        )

    async def GetBalance(
        self, request: rpc.GetBalanceRequest, context: Context
    ) -> rpc.GetBalanceResponse:
        asset = request.asset or self._account.quote
        return rpc.GetBalanceResponse(
            balance=wire.encode_decimal(await self._account.balance(asset))
        )

    def _hold_events(self, requests: Iterable[OrderRequest], context: Context) -> None:
        """Let the events of these orders wait until this call's answer has gone out."""
        answered = [self._answers.begin(request.client_order_id) for request in requests]

        def out(_: Any) -> None:
            for each in answered:
                each()

        context.add_done_callback(out)  # pyright: ignore[reportArgumentType]

    def _decoded(self, request: resources.PlaceOrderRequest) -> OrderRequest:
        symbol = self._symbols.resolve(request.symbol)
        client_order_id = asked_client_order_id(request.client_order_id) or new_client_order_id()
        return wire.decode_order_request(request, symbol, client_order_id)

    def _spelled(self, symbol: str, asked: str) -> str:
        return asked or self._symbols.canonical(symbol)


def _batch_error(
    index: int, error: ConnectorError, client_order_id: str = ""
) -> rpc.BatchOrderError:
    code, message = status_of(error)
    number: Sequence[Any] = code.value
    return rpc.BatchOrderError(
        index=index, client_order_id=client_order_id, error_message=message, code=int(number[0])
    )
