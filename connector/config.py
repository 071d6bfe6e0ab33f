"""What the operator may set: TOML file, environment over it, flags over both; frozen once read."""

import ipaddress
import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, cast, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from connector.domain import PriceSource
from connector.environment import ENVIRONMENT as ENVIRONMENT
from connector.environment import Tree, UnknownVariable, environment_of, keys_of, put
from connector.errors import ConnectorError
from connector.masking import masked
from connector.proxies import Proxies

EMBEDDED_IDS = ("sim", "mock")


class BadConfig(ConnectorError):
    """The configuration can't be used; the message is one line that says what is allowed."""


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.startswith("unix:")


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _not_empty(value: object) -> object:
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty")
    return value.strip() if isinstance(value, str) else value


def _not_blank(value: object) -> object:
    return value if value == "" else _not_empty(value)


def _port_or_off(value: object) -> object:
    if isinstance(value, str):
        return value.strip().lower() not in ("", "false", "off") and value
    return value


def _count_or_names(value: object) -> object:
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return int(value) if value.isdecimal() else [name.strip() for name in value.split(",")]
    names = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise ValueError('must be a count, or names such as ["BTCUSDT", "ETHUSDT"]')
    return names


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        may_be_off = value is False and Literal[False] in get_args(field.annotation)
        if isinstance(value, bool) and field.annotation is not bool and not may_be_off:
            raise ValueError("must not be true or false")
        return value


class CcxtConfig(_Section):
    """Handed to the ccxt class as it stands; secrets in it are masked when it is shown."""

    urls: dict[str, object] = Field(
        default_factory=dict[str, object], description="merged over the class's urls"
    )
    options: dict[str, object] = Field(
        default_factory=dict[str, object], description="merged over the class's options"
    )
    proxies: Proxies = Field(default_factory=Proxies)
    sandbox: bool = Field(default=False, description="use the exchange's own test environment")

    @field_serializer("urls", "options")
    def _shown(self, table: dict[str, object]) -> object:
        return masked(table)

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        yield from ((name, masked(value)) for name, value in self)


class ExchangeConfig(_Section):
    """Which exchange, as whom, and what it is called."""

    id: Annotated[str, BeforeValidator(_lower)] = Field(
        default="sim", description='"sim" (the embedded exchange) or any ccxt.pro id'
    )
    name: Annotated[str, BeforeValidator(_not_blank)] = Field(
        default="", description="what GetName says; empty: from the id"
    )
    market: Literal["auto", "spot", "swap"] = Field(
        default="auto",
        description="market type served; auto: perpetuals where the exchange has them",
    )
    fast_lane: bool = Field(
        default=True,
        description="read Binance's and Bybit's market frames past ccxt's handler",
    )
    ccxt: CcxtConfig = Field(default_factory=CcxtConfig)
    api_key: SecretStr = Field(default=SecretStr(""), description="empty: public data alone")
    api_secret: SecretStr = Field(
        default=SecretStr(""), description="signs what the account is asked"
    )
    passphrase: SecretStr = Field(
        default=SecretStr(""), description="where the exchange asks for one"
    )

    @property
    def embedded(self) -> bool:
        """Whether the exchange is the one that runs inside this process."""
        return self.id in EMBEDDED_IDS


class TlsConfig(_Section):
    """The server's certificate; with `client_ca`, clients must show one too (mutual TLS)."""

    cert: str = Field(default="", description="PEM file: the certificate and its chain")
    key: str = Field(default="", description="PEM file: its private key")
    client_ca: str = Field(default="", description="PEM file: who signs clients' certificates")

    @model_validator(mode="after")
    def _both_or_none(self) -> "TlsConfig":
        if bool(self.cert) != bool(self.key):
            raise ValueError("cert and key go together")
        if self.client_ca and not self.cert:
            raise ValueError("client_ca needs cert and key")
        return self


class LimitsConfig(_Section):
    """How much one client may take, and what may wait for it; beyond, it alone is refused."""

    connections: int = Field(
        default=1_000, ge=1, le=100_000, description="of all clients; more are hung up on"
    )
    idle_connection_s: float = Field(
        default=300, ge=1, le=86_400, description="without a call, until a connection is ended"
    )
    streams_per_client: int = Field(
        default=200, ge=1, le=100_000, description="a client is a key, else a connection"
    )
    calls_per_client: int = Field(
        default=200, ge=1, le=100_000, description="unary ones under way at a time"
    )
    request_s: float = Field(
        default=10, gt=0, le=3600, description="from a call's beginning until its request is there"
    )
    request_bytes: int = Field(
        default=1_048_576, ge=1024, le=4_194_304, description="of a call's request"
    )
    symbols_per_stream: int = Field(
        default=1_000, ge=1, le=100_000, description="that one stream may name"
    )
    orders_per_batch: int = Field(
        default=500, ge=1, le=100_000, description="placed or cancelled in one call"
    )
    buffered_items: int = Field(
        default=10_000, ge=10, le=1_000_000, description="of a stream, for a slow reader"
    )
    behind_s: float = Field(
        default=30, gt=0, le=3600, description="what an order update may wait for its reader"
    )


class ServerConfig(_Section):
    """Where the engine connects, and who may."""

    host: Annotated[str, BeforeValidator(_not_empty)] = Field(
        default="127.0.0.1", description="off loopback only with keys or certificates, and TLS"
    )
    port: int = Field(default=50051, ge=0, le=65535, description="0: any free one")
    keys_file: str = Field(default="", description="keys of clients, made by `connector keys new`")
    calls_per_second: float = Field(
        default=100, ge=0, le=1_000_000, description="of each key; 0: no limit"
    )
    read_only: bool = Field(default=False, description="refuse every order and cancellation")
    insecure: bool = Field(default=False, description="off loopback without TLS; also --insecure")
    tls: TlsConfig = Field(default_factory=TlsConfig)
    limits: LimitsConfig = Field(default_factory=LimitsConfig)
    refusal_pause_ms: int = Field(
        default=1000, ge=0, le=60_000, description="wait before a refused stream is told so"
    )
    stop_grace_ms: int = Field(
        default=3000, ge=0, le=5000, description="for calls under way at shutdown"
    )

    def check_exposure(self) -> None:
        """Refuse to listen where strangers are, unless keys or certificates and TLS stand there.

        Errors:  BadConfig that says what to set.
        """
        if _is_loopback(self.host):
            return
        if not self.keys_file and not self.tls.client_ca:
            raise BadConfig(
                f"server.host {self.host} is not loopback: set server.keys_file or "
                "server.tls.client_ca, so that not everyone who reaches it may trade"
            )
        if not self.tls.cert and not self.insecure:
            raise BadConfig(
                f"server.host {self.host} is not loopback: set server.tls.cert and server.tls.key, "
                "or --insecure where something else encrypts"
            )


class _Feed(_Section):
    stages: str | list[dict[str, object]] = Field(
        default_factory=list[dict[str, object]],
        description="what its items pass, in order: see docs/pipelines.md",
    )


class PriceFeed(_Feed):
    """The price stream."""

    max_per_second: float = Field(
        default=20, ge=0, le=1000, description="per symbol; 0: every update"
    )
    source: PriceSource = Field(
        default=PriceSource.TICKER, description="ticker | bidask | trades | mark"
    )
    heartbeat_s: float = Field(default=10, gt=0, le=3600, description="a quiet symbol is repeated")


class KlinesFeed(_Feed):
    """The kline stream."""

    grace_ms: int = Field(
        default=2000, ge=100, le=60_000, description="after a bar's end until it is asked for"
    )


class FundingFeed(_Feed):
    """The funding stream."""

    heartbeat_s: float = Field(default=3, gt=0, le=3600, description="a quiet symbol is repeated")
    poll_s: float = Field(default=5, gt=0, le=3600, description="where the exchange has no stream")


class OrdersFeed(_Feed):
    """The order stream."""

    silence_s: float = Field(
        default=60, gt=0, le=3600, description="without news, until open orders are asked for"
    )


class PositionsFeed(_Feed):
    """The position stream."""

    refresh_s: float = Field(
        default=10, gt=0, le=3600, description="asked at least so often, for profit and margins"
    )
    poll_s: float = Field(default=5, gt=0, le=3600, description="where the exchange has no stream")


class AccountFeed(PositionsFeed):
    """The account stream."""

    heartbeat_s: float = Field(default=10, gt=0, le=3600, description="a quiet account is repeated")


class FeedsConfig(_Section):
    """How each stream is shaped before it is shared."""

    price: PriceFeed = Field(default_factory=PriceFeed)
    klines: KlinesFeed = Field(default_factory=KlinesFeed)
    funding: FundingFeed = Field(default_factory=FundingFeed)
    orders: OrdersFeed = Field(default_factory=OrdersFeed)
    positions: PositionsFeed = Field(default_factory=PositionsFeed)
    account: AccountFeed = Field(default_factory=AccountFeed)
    linger_s: float = Field(
        default=5, ge=0, le=30, description="an upstream is kept this long after its last client"
    )
    stale_s: float = Field(
        default=10,
        ge=0.1,
        le=600,
        description="prices, klines and funding of a symbol that are silent for so long, and for "
        "five times their median gap, are subscribed anew",
    )

    @property
    def stages(self) -> dict[str, str | list[dict[str, object]]]:
        """What each feed's items pass, as it is written."""
        return {
            "price": self.price.stages,
            "klines": self.klines.stages,
            "funding": self.funding.stages,
            "account": self.account.stages,
            "positions": self.positions.stages,
            "orders": self.orders.stages,
        }

    @property
    def linger(self) -> timedelta:
        """How long an upstream subscription outlives its last client."""
        return timedelta(seconds=self.linger_s)

    @property
    def stale(self) -> timedelta:
        """Silence that may mean that the exchange forgot a subscription."""
        return timedelta(seconds=self.stale_s)


class SimulatorSettings(_Section):
    """The embedded exchange, when exchange.id is "sim"; it knows itself what is allowed."""

    symbols: Annotated[int | list[str], BeforeValidator(_count_or_names)] = Field(
        default=20, description="how many (1 to 500), or their names"
    )
    dialect: Annotated[Literal["binance", "bybit"], BeforeValidator(_lower)] = Field(
        default="binance", description="whose protocol it speaks"
    )
    seed: int = Field(default=7, description="the same seed gives the same market")
    speed: float = Field(default=1.0, description="60: a 1m bar lasts a second")
    updates_per_second: float = Field(default=5.0, description="trades per symbol")
    faults: list[str] = Field(
        default_factory=list[str],
        description="what goes wrong from the start; `connector simulate --faults` lists them",
    )


class StateConfig(_Section):
    """What has to survive a restart: the way back from order ids to the exchange's own."""

    path: str = Field(
        default="",
        description="SQLite file; empty: in the platform's data directory; :memory: keeps nothing",
    )


class PluginsConfig(_Section):
    """Stages and sources of other packages, by their entry points."""

    strict: bool = Field(
        default=True, description="false: go on without a plug-in that fails to load"
    )
    source: str = Field(
        default="", description="which of connector.sources feeds the public streams; empty: none"
    )


class MetricsConfig(_Section):
    """The HTTP endpoint of `/metrics`, `/healthz` and `/readyz`."""

    host: Annotated[str, BeforeValidator(_not_empty)] = Field(
        default="127.0.0.1", description="whoever reaches it may read it"
    )
    port: Annotated[
        Annotated[int, Field(ge=0, le=65535)] | Literal[False], BeforeValidator(_port_or_off)
    ] = Field(default=9464, description='0: any free one; "" or false: none')


class TracingConfig(_Section):
    """Spans of unary calls, by OpenTelemetry's protocol over HTTP; wants the extra `otel`."""

    endpoint: str = Field(
        default="",
        pattern=r"^(https?://[^\s/]+\S*)?$",
        description="the collector, such as http://127.0.0.1:4318; empty: off",
    )
    sample_ratio: float = Field(
        default=1.0, ge=0, le=1, description="of the calls whose caller hasn't decided"
    )


class LogConfig(_Section):
    """What is told on stderr."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        default="info", description="the least that is told; one line a call at info"
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto: text on a terminal, else JSON lines"
    )


class Config(BaseSettings):
    """All of it. `Config.read` reads it; `Config(...)` takes what it is given and nothing else.

    Environment: the names of an existing deployment (`ENVIRONMENT`), and for every other key
    `CONNECTOR_` with `__` between sections: `CONNECTOR_FEEDS__PRICE__MAX_PER_SECOND=5`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    exchange: ExchangeConfig = Field(default_factory=ExchangeConfig)
    server: ServerConfig = Field(default_factory=ServerConfig)
    feeds: FeedsConfig = Field(default_factory=FeedsConfig)
    simulator: SimulatorSettings = Field(default_factory=SimulatorSettings)
    state: StateConfig = Field(default_factory=StateConfig)
    plugins: PluginsConfig = Field(default_factory=PluginsConfig)
    metrics: MetricsConfig = Field(default_factory=MetricsConfig)
    tracing: TracingConfig = Field(default_factory=TracingConfig)
    log: LogConfig = Field(default_factory=LogConfig)

    @property
    def shown_name(self) -> str:
        """What GetName and every event say: the configured name, else the exchange's usual one."""
        exchange = self.exchange
        if exchange.name:
            return exchange.name
        if exchange.embedded:
            return self.simulator.dialect
        return "binance" if exchange.id.startswith("binance") else exchange.id

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the constructor is given."""
        return (init_settings,)

    @classmethod
    def read(cls, file: Path | None = None, flags: Mapping[str, object] | None = None) -> "Config":
        """Merge the TOML file, the environment over it, flags over both.

        Shapes:  flags are dotted keys, `{"server.port": 50051}`; None values are passed over.
        Errors:  BadConfig, one line that names the key and what is allowed.
        Source:  `CONFIG_FILE` names the file where `file` is None.
        """
        named = os.environ.get("CONFIG_FILE", "").strip()
        path = file if file is not None else Path(named) if named else None
        try:
            layers = (
                _given(flags or {}),
                environment_of(cls, os.environ),
                _written(path) if path is not None else {},
            )
        except UnknownVariable as error:
            raise BadConfig(str(error)) from None

        class Layered(cls):
            @classmethod
            def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], *_: object, **__: object
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                return tuple(InitSettingsSource(settings_cls, layer) for layer in layers)

        try:
            return cls(**dict(Layered()))
        except ValidationError as error:
            raise BadConfig(_one_line(error)) from None


def _given(flags: Mapping[str, object]) -> Tree:
    given: Tree = {}
    for key, value in flags.items():
        if value is not None:
            put(given, key.split("."), value)
    return given


def _written(path: Path) -> Tree:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        why = "there is no such file"
    except IsADirectoryError:
        why = "it is a directory, not a file"
    except OSError as error:
        why = f"it can't be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        why = f"it is not TOML: not UTF-8 at byte {error.start}"
    except tomllib.TOMLDecodeError as error:
        why = f"it is not TOML: {error}"
    raise BadConfig(f"config file {path}: {why}")


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        allowed = ", ".join(_keys_at(first["loc"][:-1]))
        line = f"unknown key {place}; allowed here: {allowed}"
    elif first["type"] in ("model_type", "dict_type"):
        allowed = ", ".join(_keys_at(first["loc"]))
        line = f"{place} must be a table" + (f" with some of the keys {allowed}" if allowed else "")
    else:
        line = f"{place}: {first['msg'].removeprefix('Value error, ')}"
    return " ".join(line.split())


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    kind: object = Config
    for part in place:
        kind = (keys_of(kind) or {}).get(str(part))
    return sorted(keys_of(kind) or {})
