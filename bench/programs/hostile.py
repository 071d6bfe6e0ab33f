"""A client that takes more than its share, in one way at a time."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine

import grpc
import msgspec
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from opensqt.market_maker.v1 import exchange_pb2 as rpc
from opensqt.market_maker.v1.exchange_pb2_grpc import ExchangeServiceStub

from bench.commands import Attack, Attacked, Done, Listening, Relent, ToHostile
from bench.programs import http2
from bench.programs.answering import answer_commands, run, tell

SERVICE = rpc.DESCRIPTOR.services_by_name["ExchangeService"].full_name
REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
WATCH = "/grpc.health.v1.Health/Watch"
AT_ONCE = 1_000
"""Streams, calls, connections: no more are tried in an attack."""
READ_UP_S = 1.0
"""For what the server has to say to one who has stopped reading."""
SMALL_WINDOW, SMALL_BUFFER = 16_384, 4_096
REFLECTED = ("opensqt/market_maker/v1/exchange.proto", "opensqt/market_maker/v1/resources.proto")
OWN_CONNECTION = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 4 << 20),
)


class Attacker:
    """Tries, and notes what it is told."""

    def __init__(self, asked: Attack) -> None:
        self._asked = asked
        self._lines: list[http2.Line] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.tried = 0
        self.told: Counter[str] = Counter()
        ways: dict[str, Callable[[], Coroutine[None, None, None]]] = {
            "stops": self._stops,
            "byte": self._reads_a_byte_a_second,
            "streams": self._opens_streams,
            "cancels": self._cancels_at_once,
            "half": self._never_sends_its_request,
            "symbols": self._asks_for_many_symbols,
            "large": self._sends_large_messages,
            "connections": self._connects,
            "metadata": self._sends_large_metadata,
            "slow": self._sends_slowly,
            "unread": self._leaves_answers_unread,
            "watches": self._watches_health,
            "reflects": self._asks_for_reflection,
            "pipeline": self._lets_its_pipeline_hold,
            "pings": self._pings,
            "names": self._calls_what_is_no_name,
        }
        self._start(ways[asked.kind]())

    async def relent(self) -> Attacked:
        """End it all; what was said on raw connections is added up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._lines:
            self.told.update(line.said)
            line.close()
        return Attacked(self.tried, dict(self.told))

    # who doesn't read

    async def _stops(self) -> None:
        line = await self._line(http2.PREFACE + http2.settings(window=0), listens=False)
        self._subscribe(line, self._asked.symbols)
        await self._read_up_at_the_end(line, asyncio.Event().wait())

    async def _reads_a_byte_a_second(self) -> None:
        first = http2.PREFACE + http2.settings(window=SMALL_WINDOW)
        line = await self._line(first, listens=False, receive_bytes=SMALL_BUFFER)
        self._subscribe(line, self._asked.symbols)
        read = bytearray()

        async def slowly() -> None:
            while True:
                read.extend(await line.reader.readexactly(1))
                await asyncio.sleep(1)

        await self._read_up_at_the_end(line, slowly(), read)

    async def _read_up_at_the_end(
        self, line: http2.Line, until: Awaitable[object], read: bytearray | None = None
    ) -> None:
        """Stay until cancelled; then read everything, to hear what the server had to say."""
        try:
            await until
        finally:
            line.send(http2.grant(http2.CONNECTION) + http2.grant(1))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READ_UP_S):
                    await line.listen(bytes(read or b""))

    async def _leaves_answers_unread(self) -> None:
        line = await self._line(http2.PREFACE + http2.settings(window=0))
        async for _ in self._paced(AT_ONCE):
            number = line.stream()
            line.send(http2.call(number, f"/{SERVICE}/GetSymbols") + http2.message(number, b""))

    # who asks for much

    async def _opens_streams(self) -> None:
        line = await self._line()
        async for _ in self._paced(AT_ONCE):
            self._subscribe(line, self._asked.symbols[:1])

    async def _cancels_at_once(self) -> None:
        line = await self._line()
        async for _ in self._paced():
            line.send(http2.reset(self._subscribe(line, self._asked.symbols)))

    async def _asks_for_many_symbols(self) -> None:
        asked = rpc.SubscribePriceRequest(symbols=[f"MANY{n}USDT" for n in range(5_000)])
        async with self._stub() as stub:
            async for _ in self._paced():
                self._start(self._until_told(stub.SubscribePrice(asked)))

    async def _sends_large_messages(self) -> None:
        asked = rpc.GetLatestPriceRequest(symbol="X" * (4 * 1024 * 1024))
        async with self._stub() as stub:
            async for _ in self._paced():
                self._start(self._until_told(stub.GetLatestPrice(asked)))

    async def _sends_large_metadata(self) -> None:
        large = (("x-large", "X" * (1 << 20)),)
        async with self._stub() as stub:
            async for _ in self._paced():
                call = stub.GetName(rpc.GetNameRequest(), metadata=large)
                self._start(self._until_told(call))

    async def _lets_its_pipeline_hold(self) -> None:
        own = (("x-pipeline", " | ".join(["delay(by_s=60)"] * 8)),)
        async with self._stub() as stub:
            asked = rpc.SubscribePriceRequest(symbols=self._asked.symbols)
            self.tried += 1
            await self._until_told(stub.SubscribePrice(asked, metadata=own))
            await asyncio.Event().wait()

    async def _watches_health(self) -> None:
        line = await self._line()
        async for _ in self._paced(AT_ONCE):
            number = line.stream()
            line.send(http2.call(number, WATCH) + http2.message(number, b""))

    async def _asks_for_reflection(self) -> None:
        line = await self._line()
        number = line.stream()
        line.send(http2.call(number, REFLECTION) + http2.grant(http2.CONNECTION))
        line.send(http2.grant(number))
        async for turn in self._paced():
            name = REFLECTED[turn % len(REFLECTED)]
            asked = ServerReflectionRequest(file_by_filename=name).SerializeToString()
            line.send(http2.message(number, asked, ends=False))

    # who breaks off

    async def _never_sends_its_request(self) -> None:
        line = await self._line()
        async for turn in self._paced(AT_ONCE):
            method = "GetName" if turn % 2 else "SubscribePrice"
            line.send(http2.call(line.stream(), f"/{SERVICE}/{method}"))

    async def _sends_slowly(self) -> None:
        line = await self._line()
        async for _ in self._paced(AT_ONCE):
            number = line.stream()
            call = http2.call(number, f"/{SERVICE}/GetLatestPrice")
            line.send(call + http2.beginning(number, 1 << 20))
            self._start(self._a_byte_a_second(line, number))

    async def _a_byte_a_second(self, line: http2.Line, number: int) -> None:
        while True:
            await asyncio.sleep(1)
            line.send(http2.frame(http2.DATA, 0, number, b"X"))

    async def _connects(self) -> None:
        async for turn in self._paced(AT_ONCE):
            await self._line(http2.SMALL if turn % 2 else b"")

    async def _pings(self) -> None:
        line = await self._line()
        async for _ in self._paced():
            line.send(http2.frame(http2.PING, 0, http2.CONNECTION, b"hostile!"))

    async def _calls_what_is_no_name(self) -> None:
        line = await self._line()
        async for _ in self._paced():
            line.send(http2.call(line.stream(), b"/\xff\xfe/\xc3("))

    # what they share

    async def _line(
        self, first: bytes = http2.SMALL, *, listens: bool = True, receive_bytes: int = 0
    ) -> http2.Line:
        line = await http2.Line.open(self._asked.address, first, receive_bytes)
        self._lines.append(line)
        if listens:
            line.send(http2.grant(http2.CONNECTION))
            self._start(line.listen())
        return line

    @contextlib.asynccontextmanager
    async def _stub(self) -> AsyncGenerator[ExchangeServiceStub]:
        channel = grpc.aio.insecure_channel(self._asked.address, options=OWN_CONNECTION)
        async with channel:
            yield ExchangeServiceStub(channel)

    def _subscribe(self, line: http2.Line, symbols: list[str]) -> int:
        if not self._asked.per_second:
            self.tried += 1
        number = line.stream()
        asked = rpc.SubscribePriceRequest(symbols=symbols).SerializeToString()
        line.send(http2.call(number, f"/{SERVICE}/SubscribePrice") + http2.message(number, asked))
        return number

    async def _until_told(self, call: grpc.aio.Call) -> None:
        try:
            code, details = await call.code(), await call.details()
            self.told[f"{code.value[0]} {details}"] += 1  # pyright: ignore
        finally:
            call.cancel()

    async def _paced(self, most: int | None = None) -> AsyncIterator[int]:
        """Count attempts at the asked rate, and stay once all were made."""
        began, turn = time.monotonic(), 0
        while most is None or turn < most:
            self.tried += 1
            yield turn
            turn += 1
            await asyncio.sleep(began + turn / self._asked.per_second - time.monotonic())
        await asyncio.Event().wait()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))


async def _main() -> None:
    attackers: list[Attacker] = []

    async def answer(command: ToHostile) -> msgspec.Struct:
        match command:
            case Attack():
                attackers.append(Attacker(command))
                return Done()
            case Relent():
                return await attackers.pop().relent()

    tell(Listening())
    await answer_commands(msgspec.json.Decoder(ToHostile), answer)


if __name__ == "__main__":
    run(_main)
