"""What a stage is: a name, its options, and an operator made of them for a feed's items."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, NoReturn, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from connector.operators import Operator

T = TypeVar("T")
O_contra = TypeVar("O_contra", bound="Options", contravariant=True)
O = TypeVar("O", bound="Options")  # noqa: E741 - the options of a stage

FEEDS = ("price", "klines", "funding", "account", "positions", "orders")
"""The feeds that a stage may stand in."""
VALUED = ("price", "funding")
"""Feeds whose items are one number: a price, a rate."""


class Options(BaseModel):
    """What a stage may be told; a unit stands in each name (`_s`, `_bps`, `_per_second`, `_ratio`).

    Derive from it; give each field a default or none, its bounds, and a description. The first
    line of the docstring is what `connector pipelines` says of the stage.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _true_is_no_number(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError(f"{info.field_name} should not be true or false")
        return value


def _no_number(item: object, *_: object) -> NoReturn:
    raise TypeError(f"{type(item).__name__} is no single number")


def _timeless(_: object) -> int:
    return 0


def _never_closed(_: object) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Items(Generic[T]):
    """What a stage may ask of the items of its feed, whatever type they have.

    `value`, `with_value` and `tick` speak of the price or the rate; elsewhere they raise TypeError,
    which a stage that is declared for VALUED feeds never sees. `with_value` rounds to the tick.
    `content` is the item but for its time. `is_closed` is False of all but closed bars, `at_ms` 0
    of what has no time. `now_ms` is the exchange's clock.
    """

    feed: str
    key: Callable[[T], Hashable]
    content: Callable[[T], object]
    now_ms: Callable[[], int]
    at_ms: Callable[[T], int] = _timeless
    is_closed: Callable[[T], bool] = _never_closed
    value: Callable[[T], Decimal] = _no_number
    with_value: Callable[[T, Decimal], T] = _no_number
    tick: Callable[[T], Decimal] = _no_number
    resampled: Callable[[int, Callable[[], None]], Operator[T, T]] | None = None
    counted: Callable[[str, str], Callable[[], None]] = lambda _, __: lambda: None
    """`counted(stage, what)` gives what counts one more `what` (`dropped`, `held`, `coalesced`)."""


class Build(Protocol[O_contra]):
    """Makes the operator of a stage."""

    def __call__(self, options: O_contra, items: Items[T], /) -> Operator[T, T]:
        """Make it. Errors: ValueError that names the option and says what is allowed."""
        ...


class Make(Protocol):
    """Makes an operator for the items of a feed."""

    def __call__(self, items: Items[T], /) -> Operator[T, T]:
        """Make it. Errors: ValueError that names the option and says what is allowed."""
        ...


@dataclass(frozen=True)
class Step:
    """A stage with its options, ready to be made for a feed's items."""

    stage: "Stage"
    options: Options
    make: Make

    def __str__(self) -> str:
        told = self.options.model_dump(exclude_none=True)
        options = ", ".join(f"{name}={_shown(value)}" for name, value in told.items())
        return f"{self.stage.name}({options})"


def _shown(value: object) -> str:
    """Write an option's value as the notation reads it: 10, not 10.0."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


class Stage:
    """A stage that a feed may be given by name.

    `feeds` are those that it fits. `lossless` says that every item passes, and none twice; only
    such may stand in the orders feed. `bars` says that it knows what a closed bar is; the klines
    feed keeps closed bars out of every other stage that isn't lossless. One that isn't
    `for_clients` does more than shape a stream, so that a client's own pipeline may not name it.
    """

    def __init__(
        self,
        name: str,
        options: type[O],
        build: Build[O],
        *,
        feeds: tuple[str, ...] = FEEDS,
        lossless: bool = False,
        bars: bool = False,
        for_clients: bool = True,
    ) -> None:
        self.name, self.feeds, self.lossless, self.bars = name, feeds, lossless, bars
        self.for_clients = for_clients
        self.options: type[Options] = options

        def step(values: Mapping[str, object]) -> Step:
            told = options.model_validate(dict(values))

            def make(items: Items[T], /) -> Operator[T, T]:
                return build(told, items)

            return Step(self, told, make)

        self.step: Callable[[Mapping[str, object]], Step] = step
        """Read the options. Errors: pydantic's ValidationError."""

    @property
    def about(self) -> str:
        """What it does, in a line: the first of its options' docstring."""
        return (self.options.__doc__ or "").strip().split("\n")[0]
