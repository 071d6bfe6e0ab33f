"""Every key of the configuration, as tables."""

import types
from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from connector.config import Config
from connector.environment import BETWEEN, ENVIRONMENT, PREFIX

_SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
_VARIABLES = {key: name for name, key in ENVIRONMENT.items()}


class Key(NamedTuple):
    """A key: where it stands, what it takes, and what it is for."""

    section: str
    name: str
    kind: str
    default: str
    about: str
    variable: str


def settings() -> str:
    """Write a table for each section."""
    parts: list[str] = []
    for section, about, keys in sections(Config):
        parts += [f"## `[{section}]`", "", about, ""]
        parts += ["| key | type | default | what it does | environment |", "|---|---|---|---|---|"]
        parts += [
            f"| `{key.name}` | {_cell(key.kind)} | `{_cell(key.default)}` | {_cell(key.about)} "
            f"| <code>{key.variable.replace(BETWEEN, '<wbr>' + BETWEEN)}</code> |"
            for key in keys
        ]
        parts.append("")
    return "\n".join(parts)


def sections(model: type[BaseModel], at: str = "") -> Iterator[tuple[str, str, list[Key]]]:
    """Give each table: its dotted name, what its docstring says, its own keys; then those below."""
    below: list[tuple[str, type[BaseModel]]] = []
    keys: list[Key] = []
    for name, field in model.model_fields.items():
        path = f"{at}.{name}" if at else name
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            below.append((path, kind))
        else:
            keys.append(_key(at, name, field))
    if keys:
        about = (model.__doc__ or "").strip().split("\n")[0]
        yield at, about, keys
    for path, kind in below:
        yield from sections(kind, path)


def kind_of(field: FieldInfo) -> str:
    """Say what a field takes, with its bounds."""
    bounds = [
        f"{sign} {_number(getattr(each, name))}"
        for each in field.metadata
        for name, sign in _SIGNS.items()
        if getattr(each, name, None) is not None
    ]
    return " ".join([_kind(field.annotation), *bounds])


def default_of(field: FieldInfo) -> str:
    """Write a default as TOML would; nothing where there is none."""
    if field.is_required():
        return ""
    value: object = field.get_default(call_default_factory=True)
    match value:
        case SecretStr():
            return '""'
        case bool():
            return str(value).lower()
        case None | "":
            return "" if value is None else '""'
        case Enum():
            return f'"{value.value}"'
        case str():
            return f'"{value}"'
        case _:
            return str(value)


def _key(section: str, name: str, field: FieldInfo) -> Key:
    path = f"{section}.{name}"
    variable = _VARIABLES.get(path, PREFIX + path.upper().replace(".", BETWEEN))
    about = field.description or ""
    return Key(section, name, kind_of(field), default_of(field), about, variable)


def _kind(kind: object) -> str:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _kind(inside[0])
    if origin is Literal:
        return " · ".join(f"`{each}`" for each in inside)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(each) for each in inside if each is not types.NoneType)
    if origin is list:
        return f"list of {_kind(inside[0])}"
    if origin is dict or kind is dict:
        return "table"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " · ".join(f"`{each.value}`" for each in kind)
    names = {"str": "text", "int": "whole number", "float": "number", "Decimal": "number"}
    names |= {"bool": "true · false", "SecretStr": "secret"}
    name = kind.__name__ if isinstance(kind, type) else str(kind)
    return names.get(name, name)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
