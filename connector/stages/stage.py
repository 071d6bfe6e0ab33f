"""What a stage is: a name, its options, and an operator made of them for a feed's items."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

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

    Derive from it; give each field a default or none, its bounds, and a description.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True, kw_only=True)
class Items(Generic[T]):
    """What a stage may ask of the items of its feed, whatever type they have.

    `value`, `with_value` and `tick` speak of the price or the rate; elsewhere they raise TypeError,
    which a stage that is declared for VALUED feeds never sees. `content` is the item but for its
    time. `is_closed` is False of all but closed bars.
    """

    feed: str
    key: Callable[[T], Hashable]
    at_ms: Callable[[T], int]
    content: Callable[[T], object]
    is_closed: Callable[[T], bool]
    value: Callable[[T], Decimal]
    with_value: Callable[[T, Decimal], T]
    tick: Callable[[T], Decimal]
    now_ms: Callable[[], int]
    interval_ms: int | None = None
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
        told = self.options.model_dump(mode="json", exclude_none=True)
        return f"{self.stage.name}({', '.join(f'{name}={told[name]}' for name in told)})"


class Stage:
    """A stage that a feed may be given by name.

    `feeds` are those that it fits. `lossless` says that every item passes, and none twice; only
    such may stand in the orders feed. `bars` says that it knows what a closed bar is; the klines
    feed keeps closed bars out of every other stage that isn't lossless.
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
    ) -> None:
        self.name, self.feeds, self.lossless, self.bars = name, feeds, lossless, bars
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
