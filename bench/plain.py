"""The plain way of doing it: what the connector is compared with.

For each client a background task for each symbol awaits `watch_ticker` in a loop, puts what comes
into one shared queue, and one async generator takes it out, encodes it and yields it to gRPC. On
uvloop and with the exchange's own digits, as the connector. ccxt is as it comes: its own sockets
and its own reading of them, nothing of ours in between.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from typing import Protocol, cast

import ccxt.pro  # pyright: ignore[reportMissingTypeStubs]
import grpc
import msgspec
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.decimal_pb2 import Decimal
from opensqt.market_maker.v1.events_pb2 import PriceChange
from opensqt.market_maker.v1.exchange_pb2 import (
    DESCRIPTOR,
    GetNameRequest,
    GetNameResponse,
    SubscribePriceRequest,
)

from bench.commands import Done, Listening
from bench.programs.answering import answer_commands, run, tell

SERVICE = DESCRIPTOR.services_by_name["ExchangeService"].full_name

SAME_FRAMES = {"watchTickers": {"name": "ticker"}}
"""As the connector takes; ccxt's own choice has a fifth of the keys."""

Ticker = dict[str, str | int]


class _Exchange(Protocol):
    """As much of ccxt's class as this needs."""

    number: type
    options: object
    urls: object

    async def load_markets(self) -> object: ...
    async def watch_ticker(self, symbol: str) -> Ticker: ...
    async def close(self) -> None: ...
    def deep_extend(self, *each: object) -> object: ...
    def market(self, symbol: str) -> Mapping[str, str]: ...


class Plain:
    """Prices of an exchange by watch loops and a queue."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def name(self, _: GetNameRequest, __: object) -> GetNameResponse:
        """Answer at once."""
        return GetNameResponse(name="plain")

    async def prices(
        self, request: SubscribePriceRequest, _: object
    ) -> AsyncGenerator[PriceChange]:
        """Yield what the watching tasks put into the queue."""
        queue: asyncio.Queue[tuple[str, Ticker]] = asyncio.Queue()
        tasks = [asyncio.create_task(self._watch(each, queue)) for each in request.symbols]
        try:
            while True:
                spelling, ticker = await queue.get()
                seconds, ms = divmod(int(ticker["timestamp"]), 1000)
                yield PriceChange(
                    exchange="plain",
                    symbol=spelling,
                    price=Decimal(value=str(ticker["last"])),
                    timestamp=Timestamp(seconds=seconds, nanos=ms * 1_000_000),
                )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, spelling: str, queue: "asyncio.Queue[tuple[str, Ticker]]") -> None:
        symbol = self._exchange.market(spelling)["symbol"]
        while True:
            await queue.put((spelling, await self._exchange.watch_ticker(symbol)))


async def _main() -> None:
    exchange = cast("_Exchange", ccxt.pro.binanceusdm())
    exchange.number = str
    exchange.options = exchange.deep_extend(exchange.options, SAME_FRAMES)
    exchange.urls = exchange.deep_extend(exchange.urls, msgspec.json.decode(sys.argv[1]))
    await exchange.load_markets()
    plain, server = Plain(exchange), grpc.aio.server()
    handlers = {
        "GetName": grpc.unary_unary_rpc_method_handler(
            plain.name, GetNameRequest.FromString, GetNameResponse.SerializeToString
        ),
        "SubscribePrice": grpc.unary_stream_rpc_method_handler(
            plain.prices, SubscribePriceRequest.FromString, PriceChange.SerializeToString
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
        await exchange.close()


if __name__ == "__main__":
    run(_main, collecting=True)
