"""A bare grpc.aio server of the same proto: what the library and the wire cost without us."""

import asyncio
import itertools
import sys
import time

import aiohttp
import grpc
import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1.events_pb2 import PriceChange
from opensqt.market_maker.v1.exchange_pb2 import (
    DESCRIPTOR,
    GetAccountRequest,
    GetNameRequest,
    GetNameResponse,
    SubscribePriceRequest,
)
from opensqt.market_maker.v1.resources_pb2 import Account, Order, PlaceOrderRequest, Position
from opensqt.market_maker.v1.types_pb2 import MARGIN_MODE_REGULAR, ORDER_STATUS_NEW

from bench.commands import Done, Listening
from bench.programs.answering import answer_commands, run, tell
from bench.programs.asking import Asking

SERVICE = DESCRIPTOR.services_by_name["ExchangeService"].full_name

AMOUNT = Decimal(value="100000.00000000")
ACCOUNT = Account(
    total_wallet_balance=AMOUNT,
    total_margin_balance=AMOUNT,
    available_balance=AMOUNT,
    positions=[
        Position(
            symbol=symbol,
            size=Decimal(value="0.010"),
            entry_price=AMOUNT,
            mark_price=AMOUNT,
            unrealized_pnl=AMOUNT,
            leverage=20,
            margin_type="cross",
            liquidation_price=AMOUNT,
        )
        for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    ],
    account_leverage=20,
    health_score=Decimal(value="0.99"),
    margin_mode=MARGIN_MODE_REGULAR,
    adjusted_equity=AMOUNT,
    total_maintenance_margin=AMOUNT,
)


class Bare:
    """Answers a name, and streams one constant message, stamped, at a steady rate.

    `turns`: a stream's messages fall due together with those of every so-many-th other, as the
    clients of one symbol are written to in one turn.
    """

    def __init__(self, per_second: float, turns: int, exchange: Asking | None) -> None:
        self._exchange = exchange
        """Asked before an order or an account is answered, and its answer not looked into."""
        self._pause_ns = round(1_000_000_000 / per_second)
        self._turns, self._streams = turns, itertools.count()

    async def name(self, _: GetNameRequest, __: object) -> GetNameResponse:
        """Answer at once."""
        return GetNameResponse(name="bare")

    async def order(self, asked: PlaceOrderRequest, _: object) -> Order:
        """Answer what was asked for, as if it stood."""
        if self._exchange is not None:
            await self._exchange.order(asked.symbol, asked.price.value, asked.quantity.value)
        now = Timestamp()
        now.GetCurrentTime()
        return Order(
            order_id=8_389_179_537_908_289_200,
            client_order_id=asked.client_order_id,
            symbol=asked.symbol,
            side=asked.side,
            type=asked.type,
            price=asked.price,
            quantity=asked.quantity,
            executed_qty=Decimal(value="0.000"),
            status=ORDER_STATUS_NEW,
            created_at=now,
            update_time=now.seconds * 1000,
        )

    async def account(self, _: GetAccountRequest, __: object) -> Account:
        """Answer a constant account with three positions."""
        if self._exchange is not None:
            await self._exchange.account()
        return ACCOUNT

    async def prices(
        self, _: SubscribePriceRequest, context: "grpc.aio.ServicerContext[object, PriceChange]"
    ) -> None:
        """Write message after message, in the way of the connector's handlers."""
        turn = next(self._streams) % self._turns
        due_ns = time.monotonic_ns() // self._pause_ns * self._pause_ns
        due_ns += self._pause_ns + self._pause_ns * turn // self._turns
        while True:
            now_ns = time.monotonic_ns()
            if due_ns > now_ns:
                await asyncio.sleep((due_ns - now_ns) / 1e9)
            due_ns += self._pause_ns
            seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
            message = PriceChange(
                exchange="bare",
                symbol="BTCUSDT",
                price=Decimal(value="97123.10"),
                timestamp=Timestamp(seconds=seconds, nanos=nanos),
            )
            await context.write(message)


async def _main() -> None:
    per_second, turns = float(sys.argv[1]), int(sys.argv[2])
    rest_url = sys.argv[3] if len(sys.argv) > 3 else None
    async with aiohttp.ClientSession(rest_url) as session:
        await _serve(Bare(per_second, turns, Asking(session) if rest_url else None))


async def _serve(bare: Bare) -> None:
    server = grpc.aio.server()
    handlers = {
        "GetName": grpc.unary_unary_rpc_method_handler(
            bare.name, GetNameRequest.FromString, GetNameResponse.SerializeToString
        ),
        "PlaceOrder": grpc.unary_unary_rpc_method_handler(
            bare.order, PlaceOrderRequest.FromString, Order.SerializeToString
        ),
        "GetAccount": grpc.unary_unary_rpc_method_handler(
            bare.account, GetAccountRequest.FromString, Account.SerializeToString
        ),
        "SubscribePrice": grpc.unary_stream_rpc_method_handler(
            bare.prices, SubscribePriceRequest.FromString, PriceChange.SerializeToString
        ),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async def answer(_: Done) -> Done:
        return Done()

    try:
        tell(Listening(port))
        await answer_commands(msgspec.json.Decoder(Done), answer)
    finally:
        await server.stop(0)


if __name__ == "__main__":
    run(_main, collecting=True)
