"""Ways to the exchange that ccxt can take."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from connector.masking import mask_text

REQUESTS = ("httpProxy", "httpsProxy", "socksProxy")
WEBSOCKETS = ("wsProxy", "wssProxy", "wsSocksProxy")
"""ccxt takes one of each: it goes by that whether the exchange's address is encrypted or not."""


class Proxies(BaseModel):
    """By ccxt's names; `**proxies` are those that are set. Passwords are masked when shown."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    httpProxy: str = Field(default="", description="for requests to http addresses")
    httpsProxy: str = Field(default="", description="for requests to https addresses")
    socksProxy: str = Field(default="", description="for requests, by SOCKS")
    wsProxy: str = Field(default="", description="for sockets to ws addresses")
    wssProxy: str = Field(default="", description="for sockets to wss addresses")
    wsSocksProxy: str = Field(default="", description="for sockets, by SOCKS")

    def keys(self) -> Iterable[str]:
        """Give the names that are set."""
        return [name for name, url in self if url]

    def __getitem__(self, name: str) -> str:
        if name not in self.keys():
            raise KeyError(name)
        return str(getattr(self, name))

    @field_validator("*")
    @classmethod
    def _is_address(cls, url: str, info: ValidationInfo) -> str:
        socks = info.field_name in ("socksProxy", "wsSocksProxy")
        schemes = ("socks5", "socks5h", "socks4") if socks else ("http", "https")
        url = url.strip()
        if not _leads_to_a_host(url, schemes):
            example = f"{schemes[0]}://proxy:{1080 if socks else 3128}"
            raise ValueError(f"must be a URL like {example}; schemes: {', '.join(schemes)}")
        if socks and find_spec("aiohttp_socks") is None:
            raise ValueError("needs the package aiohttp_socks, which is not installed")
        return url

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for group in (REQUESTS, WEBSOCKETS):
            given = [name for name in self.keys() if name in group]
            if len(given) > 1:
                raise ValueError(f"only one of {', '.join(group)}; given: {', '.join(given)}")
        return self

    @model_serializer
    def _shown(self) -> dict[str, str]:
        return {name: mask_text(self[name]) for name in self.keys()}

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        yield from self._shown().items()


def _leads_to_a_host(url: str, schemes: Iterable[str]) -> bool:
    try:
        address = urlsplit(url)
        sound = address.scheme in schemes and bool(address.hostname) and address.port != 0
    except ValueError:
        return False
    return sound and len(url.split()) == 1
