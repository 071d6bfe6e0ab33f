import grpc.aio
from grpc_health.v1 import _async, health_pb2

class HealthStub:
    def __init__(self, channel: grpc.aio.Channel) -> None: ...
    Check: grpc.aio.UnaryUnaryMultiCallable[
        health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
    ]
    Watch: grpc.aio.UnaryStreamMultiCallable[
        health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse
    ]

def add_HealthServicer_to_server(
    servicer: _async.HealthServicer, server: grpc.aio.Server
) -> None: ...
