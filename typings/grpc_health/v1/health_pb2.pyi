from typing import ClassVar

from google.protobuf import descriptor, message
from google.protobuf.internal import enum_type_wrapper

DESCRIPTOR: descriptor.FileDescriptor

class HealthCheckRequest(message.Message):
    service: str
    def __init__(self, service: str = ...) -> None: ...

class HealthCheckResponse(message.Message):
    class ServingStatus(int, metaclass=enum_type_wrapper.EnumTypeWrapper):
        UNKNOWN: ClassVar[HealthCheckResponse.ServingStatus]
        SERVING: ClassVar[HealthCheckResponse.ServingStatus]
        NOT_SERVING: ClassVar[HealthCheckResponse.ServingStatus]
        SERVICE_UNKNOWN: ClassVar[HealthCheckResponse.ServingStatus]

    UNKNOWN: ClassVar[HealthCheckResponse.ServingStatus]
    SERVING: ClassVar[HealthCheckResponse.ServingStatus]
    NOT_SERVING: ClassVar[HealthCheckResponse.ServingStatus]
    SERVICE_UNKNOWN: ClassVar[HealthCheckResponse.ServingStatus]
    status: HealthCheckResponse.ServingStatus
    def __init__(self, status: HealthCheckResponse.ServingStatus = ...) -> None: ...
