from grpc_health.v1 import _async

SERVICE_NAME: str
OVERALL_HEALTH: str
aio = _async
