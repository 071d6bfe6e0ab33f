"""What the process keeps, loads and tells of itself: state, plug-ins, metrics, traces, logs."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from connector.config.section import Section, lower, not_empty


def _port_or_off(value: object) -> object:
    if isinstance(value, str):
        return value.strip().lower() not in ("", "false", "off") and value
    return value


class StateConfig(Section):
    """What has to survive a restart: the way back from order ids to the exchange's own."""

    path: str = Field(
        default="",
        description="SQLite file; empty: in the platform's data directory; :memory: keeps nothing",
    )


class PluginsConfig(Section):
    """Stages and sources of other packages, by their entry points."""

    strict: bool = Field(
        default=True, description="false: go on without a plug-in that fails to load"
    )
    source: str = Field(
        default="", description="which of connector.sources feeds the public streams; empty: none"
    )


class MetricsConfig(Section):
    """The HTTP endpoint of `/metrics`, `/healthz` and `/readyz`."""

    host: Annotated[str, BeforeValidator(not_empty)] = Field(
        default="127.0.0.1", description="whoever reaches it may read it"
    )
    port: Annotated[
        Annotated[int, Field(ge=0, le=65535)] | Literal[False], BeforeValidator(_port_or_off)
    ] = Field(default=9464, description='0: any free one; "" or false: none')


class TracingConfig(Section):
    """Spans of unary calls, by OpenTelemetry's protocol over HTTP; wants the extra `otel`."""

    endpoint: str = Field(
        default="",
        pattern=r"^(https?://[^\s/]+\S*)?$",
        description="the collector, such as http://127.0.0.1:4318; empty: off",
    )
    sample_ratio: float = Field(
        default=1.0, ge=0, le=1, description="of the calls whose caller hasn't decided"
    )


class LogConfig(Section):
    """What is told on stderr."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = Field(
        default="info", description="the least that is told; one line a call at info"
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto: text on a terminal, else JSON lines"
    )
