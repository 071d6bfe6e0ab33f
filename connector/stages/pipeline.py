"""A feed's stages, checked and put together."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from reactivex import Observable

from connector.operators import Counts, Operator
from connector.stages.keep_closed import keep_closed
from connector.stages.notation import BadNotation, Use, parse
from connector.stages.registry import BadStage, Registry
from connector.stages.stage import FEEDS, Items, Step

T = TypeVar("T")


class Pipeline:
    """The stages of one feed, in their order: the first sees an item first."""

    def __init__(self, feed: str, steps: Sequence[Step]) -> None:
        self.feed, self.steps = feed, tuple(steps)

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __str__(self) -> str:
        return " | ".join(str(step) for step in self.steps)

    def operator(self, items: Items[T], count: Counts | None = None) -> Operator[T, T]:
        """Build it for a feed's items, which `count` counts between the stages.

        Errors:  BadStage for options that don't fit these items.
        """
        built = [_built(step, items) for step in self.steps]
        if count is not None:
            named = zip(self.steps, built, strict=True)
            built = [count.through(step.stage.name, operator) for step, operator in named]

        def apply(source: Observable[T]) -> Observable[T]:
            for operator in built:
                source = operator(source)
            return source

        return apply


Given = str | Sequence[Mapping[str, object]]
"""A feed's stages as configured: text, or tables `{ use = "coalesce", max_per_second = 10 }`."""


def configured(given: Given, feed: str, registry: Registry) -> Pipeline:
    """Read what a feed was given.

    Errors:  BadStage that names the feed and which of its stages, from 0.
    """
    key = f"feeds.{feed}.stages"
    if isinstance(given, str):
        try:
            return written(given, feed, registry) if given.strip() else Pipeline(feed, ())
        except BadNotation as error:
            raise BadStage(f"{key}: {error}") from None
    steps: list[Step] = []
    for number, table in enumerate(given):
        where = f"{key}[{number}]"
        options = dict(table)
        name = options.pop("use", None)
        if not isinstance(name, str):
            raise BadStage(f'{where}: `use` names the stage, such as {{ use = "tap_log" }}')
        try:
            steps.append(registry.checked(Use(name, options), feed))
        except BadStage as error:
            raise BadStage(f"{where}: {error}") from None
    return Pipeline(feed, steps)


def written(text: str, feed: str, registry: Registry) -> Pipeline:
    """Read `min_move(bps=5) | coalesce(max_per_second=2)`. Errors: BadNotation with the place."""
    steps: list[Step] = []
    for use in parse(text):
        try:
            steps.append(registry.checked(use, feed))
        except BadStage as error:
            raise BadNotation(text, use.places.get(error.option, use.place), str(error)) from None
    return Pipeline(feed, steps)


def _built(step: Step, items: Items[T]) -> Operator[T, T]:
    stage = step.stage
    try:
        operator = step.make(items)
    except ValueError as error:
        raise BadStage(str(error)) from None
    except Exception as error:  # whatever another's code raises is told with its name
        why = f"{type(error).__name__}: {error}"
        raise BadStage(f"{stage.name} could not be built for {items.feed}: {why}") from error
    if items.feed == "klines" and not (stage.bars or stage.lossless):
        return keep_closed(operator, items.is_closed, items.key, items.at_ms)
    return operator


class Pipelines:
    """The stages that there are, and those that each feed was given.

    Errors:  BadStage, as `configured`.
    """

    def __init__(self, given: Mapping[str, Given], registry: Registry | None = None) -> None:
        self.registry = registry or Registry()
        self._of = {feed: configured(given.get(feed, ()), feed, self.registry) for feed in FEEDS}

    def of(self, feed: str) -> Pipeline:
        """Give the stages that a feed was given."""
        return self._of[feed]

    def written(self, text: str, feed: str) -> Pipeline:
        """Read a client's own. Errors: BadNotation with the place."""
        return written(text, feed, self.registry)
