"""What a connector says of its health."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from connector.terminal.client import Target, refusal

SERVING = "SERVING"


async def asked_health(target: Target, timeout_s: float) -> str:
    """Ask for the server's status: `SERVING`, `NOT_SERVING` or another.

    Errors:  Refused when nothing that knows gRPC's health service answers in time.
    """
    async with target.channel() as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=timeout_s
            )
        except grpc.aio.AioRpcError as error:
            raise refusal(target, error, timeout_s) from None
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
