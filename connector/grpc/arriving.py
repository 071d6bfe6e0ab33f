"""A call's request while it arrives: how long that may take, how large it is, whether it is one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import DecodeError

from connector.errors import ConnectorError, InvalidRequest, LimitReached

if TYPE_CHECKING:
    from connector.config import LimitsConfig

    Context = grpc.aio.ServicerContext[Any, Any]


class _Unusable:
    """Stands for a request that can't be served; gRPC itself would answer UNKNOWN."""

    def __init__(self, why: ConnectorError) -> None:
        self.why = why


def reading(read: Callable[[bytes], Any] | None, limits: LimitsConfig) -> Callable[[bytes], object]:
    """Give a deserialiser that raises nothing; `the_request` does."""

    def attempt(raw: bytes) -> object:
        if len(raw) > limits.request_bytes:
            told = f"server.limits.request_bytes is {limits.request_bytes}, not {len(raw)}"
            return _Unusable(LimitReached(told))
        try:
            return read(raw) if read else raw
        except DecodeError as error:
            why = str(error).rpartition(": ")[2]
            return _Unusable(InvalidRequest(f"its bytes are no such message: {why}"))

    return attempt


async def the_request(context: Context, limits: LimitsConfig) -> Any:
    """Wait for a call's one request; its half-close is not waited for.

    Errors:  LimitReached when it takes too long or is too large; InvalidRequest when it is none.
    """
    try:
        async with asyncio.timeout(limits.request_s):
            request = await context.read()
    except TimeoutError:
        told = f"server.limits.request_s is {limits.request_s:g}, and the request is not here yet"
        raise LimitReached(told) from None
    if request is grpc.aio.EOF:
        raise InvalidRequest("the call has no request")
    return _usable(request)


async def each_request(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Give the requests of a stream of them. Errors: as `the_request`."""
    async for request in requests:
        yield _usable(request)


def _usable(request: Any) -> Any:
    if isinstance(request, _Unusable):
        raise request.why
    return request
