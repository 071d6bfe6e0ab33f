"""The settings as a whole: TOML file, environment over it, flags over both; frozen once read."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from connector.config.exchange import ExchangeConfig, SimulatorSettings
from connector.config.feeds import FeedsConfig
from connector.config.process import (
    LogConfig,
    MetricsConfig,
    PluginsConfig,
    StateConfig,
    TracingConfig,
)
from connector.config.section import BadConfig
from connector.config.server import ServerConfig
from connector.environment import Tree, UnknownVariable, environment_of, keys_of, put


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
