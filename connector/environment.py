"""The environment: which variable stands for which key."""

import json
import re
import types
from collections.abc import Mapping, Sequence
from typing import Union, cast, get_origin

from pydantic import BaseModel

from connector.errors import ConnectorError

ENVIRONMENT = {
    "EXCHANGE": "exchange.id",
    "API_KEY": "exchange.api_key",
    "API_SECRET": "exchange.api_secret",
    "PASSPHRASE": "exchange.passphrase",
    "PORT": "server.port",
    "LOG_LEVEL": "log.level",
}
"""Environment variable → dotted key: the names an existing deployment of the engine uses."""

PREFIX, BETWEEN = "CONNECTOR_", "__"

OF_CLIENTS = (
    "CONNECTOR_API_KEY",
    "CONNECTOR_API_KEY_FILE",
    "CONNECTOR_CA_FILE",
    "CONNECTOR_CLIENT_CERT_FILE",
    "CONNECTOR_CLIENT_KEY_FILE",
)
"""Read by the commands that call a running connector; no key of the configuration."""

_OF_KUBERNETES = re.compile(
    r"CONNECTOR_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)"
    r"|CONNECTOR_(\w+_)?PORT=(tcp|udp|sctp)://.*"
)
"""What a pod is told of services whose names begin with "connector"; none of it is meant for us."""

Tree = dict[str, object]


class UnknownVariable(ConnectorError):
    """A variable with our prefix names no key; the message is one line that says which exist."""


def environment_of(model: type[BaseModel], variables: Mapping[str, str]) -> Tree:
    """Give the tables that the variables set, as a TOML file would.

    Guarantee:  `ENVIRONMENT` wins over the prefix, a single key over its whole table. A variable
                that is empty or blank sets nothing. Tables and lists are JSON.
    Errors:     UnknownVariable.
    """
    told: Tree = {}
    for name in sorted(variables, key=len):
        if not name.startswith(PREFIX) or name in OF_CLIENTS:
            continue
        if not _is_of_kubernetes(name, variables[name]):
            path, plain = _key(model, name)
            if text := variables[name].strip():
                put(told, path, text if plain else _decoded(text))
    for name, key in ENVIRONMENT.items():
        if text := variables.get(name, "").strip():
            put(told, key.split("."), text)
    return told


def put(tree: Tree, path: Sequence[str], value: object) -> None:
    """Set the value at the path, making the tables on the way."""
    for section in path[:-1]:
        below = tree.get(section)
        if not isinstance(below, dict):
            below = tree[section] = {}
        tree = cast("Tree", below)
    tree[path[-1]] = value


def keys_of(kind: object) -> dict[str, object] | None:
    """Give the keys of a table, each with its type; None for a table whose keys are free."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {name: field.annotation for name, field in kind.model_fields.items()}
    return None if get_origin(kind) is dict else {}


def _key(model: type[BaseModel], name: str) -> tuple[list[str], bool]:
    """Find what a variable means: the key's path, and whether its text is the value itself."""
    path: list[str] = []
    before, kind = PREFIX, cast("object", model)
    parts = name.removeprefix(PREFIX).split(BETWEEN)
    for part in parts:
        keys = keys_of(kind)
        if keys is None:  # ccxt's own, in the case they are written in
            return path + parts[len(path) :], False
        known = {key.lower(): key for key in keys}
        if part.lower() not in known:
            allowed = [before + key.upper() for key in sorted(keys)] or [before[: -len(BETWEEN)]]
            raise UnknownVariable(
                f"unknown environment variable {name}; allowed here: {', '.join(allowed)}"
            )
        path.append(known[part.lower()])
        before += part.upper() + BETWEEN
        kind = keys[path[-1]]
    return path, keys_of(kind) == {} and get_origin(kind) not in (Union, types.UnionType)


def _decoded(text: str) -> object:
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return text


def _is_of_kubernetes(name: str, value: str) -> bool:
    return bool(_OF_KUBERNETES.fullmatch(name) or _OF_KUBERNETES.fullmatch(f"{name}={value}"))
