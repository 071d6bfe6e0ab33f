"""What every table of the settings is: frozen, without unknown keys; and how text in it is read."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from connector.errors import ConnectorError


class BadConfig(ConnectorError):
    """The configuration can't be used; the message is one line that says what is allowed."""


class Section(BaseModel):
    """A table of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        may_be_off = value is False and Literal[False] in get_args(field.annotation)
        if isinstance(value, bool) and field.annotation is not bool and not may_be_off:
            raise ValueError("must not be true or false")
        return value


def lower(value: object) -> object:
    """Read text in any case."""
    return value.strip().lower() if isinstance(value, str) else value


def not_empty(value: object) -> object:
    """Refuse text in which nothing stands."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("must not be empty")
    return value.strip() if isinstance(value, str) else value


def not_blank(value: object) -> object:
    """Refuse text of blanks alone; none at all is allowed."""
    return value if value == "" else not_empty(value)
