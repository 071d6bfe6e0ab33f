"""Which exchange is spoken to, as whom, by which way; and the embedded one."""

from collections.abc import Iterator
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field, SecretStr, field_serializer

from connector.config.section import Section, lower, not_blank
from connector.masking import masked
from connector.proxies import Proxies

EMBEDDED_IDS = ("sim", "mock")


class CcxtConfig(Section):
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


class ExchangeConfig(Section):
    """Which exchange, as whom, and what it is called."""

    id: Annotated[str, BeforeValidator(lower)] = Field(
        default="sim", description='"sim" (the embedded exchange) or any ccxt.pro id'
    )
    name: Annotated[str, BeforeValidator(not_blank)] = Field(
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

    @property
    def has_credentials(self) -> bool:
        """Whether any part of an account's credentials is given; a part alone is refused later."""
        parts = (self.api_key, self.api_secret, self.passphrase)
        return any(part.get_secret_value() for part in parts)


def _count_or_names(value: object) -> object:
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return int(value) if value.isdecimal() else [name.strip() for name in value.split(",")]
    names = cast("list[object]", value) if isinstance(value, list) else [value]
    if not all(isinstance(name, str) for name in names):
        raise ValueError('must be a count, or names such as ["BTCUSDT", "ETHUSDT"]')
    return names


class SimulatorSettings(Section):
    """The embedded exchange, when exchange.id is "sim"; it knows itself what is allowed."""

    symbols: Annotated[int | list[str], BeforeValidator(_count_or_names)] = Field(
        default=20, description="how many (1 to 500), or their names"
    )
    dialect: Annotated[Literal["binance", "bybit"], BeforeValidator(lower)] = Field(
        default="binance", description="whose protocol it speaks"
    )
    seed: int = Field(default=7, description="the same seed gives the same market")
    speed: float = Field(default=1.0, description="60: a 1m bar lasts a second")
    updates_per_second: float = Field(default=5.0, description="trades per symbol")
    faults: list[str] = Field(
        default_factory=list[str],
        description="what goes wrong from the start; `connector simulate --faults` lists them",
    )
