"""What the operator may set: TOML file, environment over it, flags over both; frozen once read."""

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from connector.domain import PriceSource
from connector.errors import ConnectorError

EMBEDDED_IDS = ("sim", "mock")


class BadConfig(ConnectorError):
    """The configuration can't be used; the message is one line that says what is allowed."""


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_enum_values=False)


class CcxtConfig(_Section):
    """Handed to the ccxt class as it stands."""

    urls: dict[str, object] = Field(
        default_factory=dict[str, object], description="merged over the class's urls"
    )
    options: dict[str, object] = Field(
        default_factory=dict[str, object], description="merged over the class's options"
    )
    proxies: dict[str, str] = Field(
        default_factory=dict[str, str],
        description="httpProxy, httpsProxy, socksProxy, wsProxy, wssProxy, wsSocksProxy",
    )
    sandbox: bool = Field(default=False, description="use the exchange's own test environment")


class ExchangeConfig(_Section):
    """Which exchange, as whom, and what it is called."""

    id: Annotated[str, BeforeValidator(_lower)] = Field(
        default="sim", description='"sim" (the embedded exchange) or any ccxt.pro id'
    )
    name: str = Field(default="", description="what GetName says; empty: from the id")
    market: Literal["auto", "spot", "swap"] = Field(
        default="auto",
        description="market type served; auto: perpetuals where the exchange has them",
    )
    ccxt: CcxtConfig = Field(default_factory=CcxtConfig)
    api_key: SecretStr = Field(default=SecretStr(""), description="environment: API_KEY")
    api_secret: SecretStr = Field(default=SecretStr(""), description="environment: API_SECRET")
    passphrase: SecretStr = Field(default=SecretStr(""), description="environment: PASSPHRASE")

    @property
    def embedded(self) -> bool:
        """Whether the exchange is the one that runs inside this process."""
        return self.id in EMBEDDED_IDS

    @property
    def shown_name(self) -> str:
        """What GetName and every event say: the configured name, else the id's first word."""
        if self.name:
            return self.name
        if self.embedded or self.id.startswith("binance"):
            return "binance"
        return self.id


class ServerConfig(_Section):
    """Where the engine connects."""

    host: str = "127.0.0.1"
    port: int = Field(default=50051, ge=0, le=65535, description="0: any free one")
    refusal_pause_ms: int = Field(
        default=1000, ge=0, le=60_000, description="wait before a refused stream is told so"
    )
    stop_grace_ms: int = Field(
        default=3000, ge=0, le=5000, description="for calls under way at shutdown"
    )


class PriceFeed(_Section):
    """The price stream."""

    max_per_second: float = Field(
        default=20, ge=0, le=1000, description="per symbol; 0: every update"
    )
    source: PriceSource = Field(
        default=PriceSource.TICKER, description="ticker | bidask | trades | mark"
    )
    heartbeat_s: float = Field(default=10, gt=0, le=3600, description="a quiet symbol is repeated")


class KlinesFeed(_Section):
    """The kline stream."""

    grace_ms: int = Field(
        default=2000, ge=100, le=60_000, description="after a bar's end until it is asked for"
    )


class FundingFeed(_Section):
    """The funding stream."""

    heartbeat_s: float = Field(default=3, gt=0, le=3600, description="a quiet symbol is repeated")
    poll_s: float = Field(default=5, gt=0, le=3600, description="where the exchange has no stream")


class FeedsConfig(_Section):
    """How each stream is shaped before it is shared."""

    price: PriceFeed = Field(default_factory=PriceFeed)
    klines: KlinesFeed = Field(default_factory=KlinesFeed)
    funding: FundingFeed = Field(default_factory=FundingFeed)
    linger_s: float = Field(
        default=5, ge=0, le=30, description="an upstream is kept this long after its last client"
    )

    @property
    def linger(self) -> timedelta:
        """How long an upstream subscription outlives its last client."""
        return timedelta(seconds=self.linger_s)


class SimulatorSettings(_Section):
    """The embedded exchange, when exchange.id is "sim"."""

    symbols: int | list[str] = Field(default=20, description="how many (1 to 500), or their names")
    seed: int = 7
    speed: float = Field(default=1.0, gt=0, le=3600, description="60: a 1m bar lasts a second")
    updates_per_second: float = Field(default=5.0, ge=0, le=1000, description="trades per symbol")


class StateConfig(_Section):
    """What has to survive a restart: the way back from order ids to the exchange's own."""

    path: str = Field(
        default="",
        description="SQLite file; empty: in the platform's data directory; :memory: keeps nothing",
    )


class LogConfig(_Section):
    """What is told on stderr."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto: text on a terminal, else JSON lines"
    )


class Config(BaseSettings):
    """All of it. `Config.read` reads it; `Config(...)` takes what it is given and nothing else.

    Environment: the names of an existing deployment (`ENVIRONMENT`), and for every other key
    `CONNECTOR_` with `__` between sections: `CONNECTOR_FEEDS__PRICE__MAX_PER_SECOND=5`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    exchange: ExchangeConfig = Field(default_factory=ExchangeConfig)
    server: ServerConfig = Field(default_factory=ServerConfig)
    feeds: FeedsConfig = Field(default_factory=FeedsConfig)
    simulator: SimulatorSettings = Field(default_factory=SimulatorSettings)
    state: StateConfig = Field(default_factory=StateConfig)
    log: LogConfig = Field(default_factory=LogConfig)

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
        if path is not None and not path.is_file():
            raise BadConfig(f"config file {path}: there is no such file")

        class Sources(cls):
            @classmethod
            def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], *_: object, **__: object
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                prefixed = EnvSettingsSource(
                    settings_cls, env_prefix="CONNECTOR_", env_nested_delimiter="__"
                )
                given = {key: value for key, value in (flags or {}).items() if value is not None}
                return (
                    InitSettingsSource(settings_cls, _nested(given)),
                    InitSettingsSource(settings_cls, _nested(_named_variables())),
                    prefixed,
                    TomlConfigSettingsSource(settings_cls, toml_file=path),
                )

        try:
            return cls.model_validate(Sources().model_dump())
        except ValidationError as error:
            raise BadConfig(_one_line(error)) from None
        except SettingsError as error:
            raise BadConfig(str(error)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadConfig(f"config file {path} is not TOML: {error}") from None


ENVIRONMENT = {
    "EXCHANGE": "exchange.id",
    "API_KEY": "exchange.api_key",
    "API_SECRET": "exchange.api_secret",
    "PASSPHRASE": "exchange.passphrase",
    "PORT": "server.port",
    "LOG_LEVEL": "log.level",
}
"""Environment variable → dotted key: the names an existing deployment of the engine uses."""


def _named_variables() -> dict[str, object]:
    told = {key: os.environ.get(name, "").strip() for name, key in ENVIRONMENT.items()}
    return {key: value for key, value in told.items() if value}


def _nested(dotted: Mapping[str, object]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for key, value in dotted.items():
        *sections, last = key.split(".")
        place = nested
        for section in sections:
            place = cast("dict[str, object]", place.setdefault(section, {}))
        place[last] = value
    return nested


def _one_line(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"unknown key {place}; allowed here: {', '.join(_allowed_beside(first['loc']))}"
    return f"{place}: {first['msg']}"


def _allowed_beside(location: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Config
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return sorted(model.model_fields)
