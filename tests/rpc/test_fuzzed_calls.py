"""Every RPC with requests that nobody would write: an answer, or a status that says why not.

`make test` asks some hundred calls, always the same; `make fuzz COUNT=50000` asks others.
"""

import asyncio
import os
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import AsyncExitStack, nullcontext
from typing import Any

import grpc
import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opensqt.market_maker.v1 import resources_pb2 as resources
from opensqt.market_maker.v1 import types_pb2 as types

from connector import metrics
from tests.rpc.conftest import Served, serving
from tests.rpc.fuzzed import METHODS, Call, Recent, calls, varint

COUNT = int(os.environ.get("COUNT", "0"))
LONGEST = 2_000
"""Characters of a refusal."""
TOGETHER = 8
"""Calls at the same time."""
USUAL = 640
ANSWER_S = 30.0
STREAM_S = 0.02
"""So long a stream that isn't refused is left open."""
OK = grpc.StatusCode.OK
Code = grpc.StatusCode

HEADS: set[tuple[grpc.StatusCode, str]] = {
    (Code.RESOURCE_EXHAUSTED, "insufficient funds"),
    (Code.INVALID_ARGUMENT, "INVALID_SYMBOL"),
    (Code.FAILED_PRECONDITION, "POST_ONLY would execute immediately"),
    (Code.NOT_FOUND, "order not found"),
    (Code.INVALID_ARGUMENT, "invalid order"),
    (Code.INVALID_ARGUMENT, "invalid request"),
    (Code.UNAUTHENTICATED, "authentication failed"),
    (Code.RESOURCE_EXHAUSTED, "rate limit exceeded"),
    (Code.UNAVAILABLE, "exchange unavailable"),
    (Code.UNAVAILABLE, "order outcome unknown"),
    (Code.FAILED_PRECONDITION, "order rejected"),
    (Code.FAILED_PRECONDITION, "exchange refused"),
    (Code.UNIMPLEMENTED, "not supported"),
    (Code.ALREADY_EXISTS, "duplicate order"),
    (Code.RESOURCE_EXHAUSTED, "limit reached"),
}
"""What the engine reads: a code, and how its message begins."""


class Asker:
    """One connector, and what it answered."""

    def __init__(self) -> None:
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self.served: Served = self._runner.run(self._stack.enter_async_context(self._serving()))
        self.recent: deque[int] = deque(maxlen=4)
        self._runner.run(self._first_order())
        self.wrong: list[str] = []
        self.told: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()

    def _serving(self) -> Any:
        return serving({"fill_ratio": 0}, refusal_pause_ms=0)

    async def _first_order(self) -> None:
        """Place an order that rests, so that there is one to ask about."""
        order = resources.PlaceOrderRequest(symbol="BTCUSDT")
        order.side, order.type = types.ORDER_SIDE_BUY, types.ORDER_TYPE_LIMIT
        order.quantity.value, order.price.value = "0.010", "90000"
        self.recent.append((await self.served.stub.PlaceOrder(order)).order_id)

    def close(self) -> None:
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()

    def ask(self, asked: list[Call]) -> None:
        """Make the calls, all at once."""
        self._runner.run(self._together(asked))

    async def _together(self, asked: list[Call]) -> None:
        self.served.connector.session.ccxt.enableRateLimit = False
        async with asyncio.TaskGroup() as group:
            for call in asked:
                group.create_task(self._one(call))

    async def _one(self, call: Call) -> None:
        raw = b"".join(self._filled(part) for part in call.parts)
        told = f"{call.method.name} {call.metadata} {raw[:300].hex()} ({len(raw)} bytes)"
        try:
            async with asyncio.timeout(ANSWER_S):
                streamed = bool(call.method.server_streaming)  # pyright: ignore
                ask = self._stream if streamed else self._unary
                code, text = await ask(call, raw)
        except TimeoutError:
            self.wrong.append(f"no answer in {ANSWER_S} s: {told}")
            return
        except Exception as error:  # an answer that can't be read, or an error that is none
            self.wrong.append(f"{error!r}: {told}")
            return
        head = text.partition(":")[0]
        if code is not OK and ((code, head) not in HEADS or len(text) > LONGEST):
            self.wrong.append(f"{code.name} {text[:300]!r} ({len(text)} characters): {told}")
        self.told[f"{code.name} {head}".strip()] += 1
        self.answered[call.method.name] += code is OK

    def _filled(self, part: bytes | Recent) -> bytes:
        if isinstance(part, bytes):
            return part
        known = self.recent[-min(part.back, len(self.recent))]
        return part.tag + varint(known)

    async def _unary(self, call: Call, raw: bytes) -> tuple[grpc.StatusCode, str]:
        made = self.served.channel.unary_unary(_path(call))(raw, metadata=call.metadata)
        try:
            answer: Any = _answer(call, await made)
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""
        if call.method.name == "PlaceOrder":
            self.recent.append(answer.order_id)
        for error in getattr(answer, "errors", ()):
            head = error.error_message.partition(":")[0]
            if not any((code.value[0], head) == (error.code, each) for code, each in HEADS):
                self.wrong.append(f"{call.method.name}: {error}")
        return OK, ""

    async def _stream(self, call: Call, raw: bytes) -> tuple[grpc.StatusCode, str]:
        made: Any = self.served.channel.unary_stream(_path(call))(raw, metadata=call.metadata)
        try:
            async with asyncio.timeout(STREAM_S):
                first = await made.read()
                if first is grpc.aio.EOF:
                    return await made.code(), await made.details() or ""
                _answer(call, first)
        except TimeoutError:
            pass
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""
        finally:
            made.cancel()
        return OK, ""


def _path(call: Call) -> str:
    return f"/opensqt.market_maker.v1.ExchangeService/{call.method.name}"


def _answer(call: Call, raw: bytes) -> Message:
    """Read an answer; what can't be read is an error of the test."""
    kind: type[Message] = message_factory.GetMessageClass(call.method.output_type)
    return kind.FromString(raw)


@pytest.fixture(scope="module")
def asker() -> Iterator[Asker]:
    made = Asker()
    yield made
    made.close()


def _defects() -> float:
    return sum(
        sample.value
        for metric in metrics.REQUESTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["status"] in ("INTERNAL", "UNKNOWN")
    )


@pytest.mark.timeout(0 if COUNT else 60)
def test_every_call_gets_an_answer_or_a_status_that_says_why_not(
    asker: Asker, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _defects()

    @settings(
        max_examples=-(-(COUNT or USUAL) // TOGETHER),
        derandomize=not COUNT,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(calls(), min_size=TOGETHER, max_size=TOGETHER))
    def play(asked: list[Call]) -> None:
        asker.ask(asked)

    play()
    lines = [f"{asker.told.total()} fuzzed calls, {_defects() - before:g} INTERNAL or UNKNOWN"]
    lines += asker.wrong[:50]
    lines += [f"{count:8} {told}" for told, count in asker.told.most_common()]
    with capsys.disabled() if COUNT else nullcontext():
        print("", *lines, sep="\n")
    assert asker.wrong == []
    assert _defects() == before
    assert asker.told.total() >= (COUNT or USUAL)
    assert len(asker.answered) == len(METHODS)
    never = [name for name, count in asker.answered.items() if not count]
    assert len(never) <= (0 if COUNT >= 10_000 else len(METHODS) // 4), f"never answered: {never}"
