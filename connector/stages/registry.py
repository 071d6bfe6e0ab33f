"""Stages by name: the project's own, and those of other packages."""

import difflib
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint

from pydantic import ValidationError

from connector.errors import InvalidRequest
from connector.stages.built_in import BUILT_IN
from connector.stages.notation import Use
from connector.stages.stage import FEEDS, Options, Stage, Step

GROUP = "connector.stages"
"""The entry-point group; each entry names a Stage."""


class BadStage(InvalidRequest):
    """A stage that isn't, doesn't fit, or was told something that it doesn't allow.

    `option` names the option that is wrong, if one is.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


class PluginFailed(Exception):
    """An entry point couldn't be loaded, or isn't what its group is for; the message names it."""

    def __init__(self, entry: EntryPoint, error: Exception) -> None:
        super().__init__(
            f"the plug-in {entry.name} ({entry.value}) failed to load: "
            f"{type(error).__name__}: {error}"
        )


class Registry:
    """The stages that may be named. Errors: BadStage for a name given twice."""

    def __init__(self, stages: Iterable[Stage] = BUILT_IN) -> None:
        self._stages: dict[str, Stage] = {}
        for stage in stages:
            self.add(stage)

    def __iter__(self) -> Iterator[Stage]:
        return iter(self._stages.values())

    def add(self, stage: Stage) -> None:
        """Take a stage in. Errors: BadStage when the name is taken or the feeds are unknown."""
        if stage.name in self._stages:
            raise BadStage(f"the stage {stage.name} is registered already")
        if unknown := [feed for feed in stage.feeds if feed not in FEEDS]:
            raise BadStage(
                f"the stage {stage.name} names feeds that are none: {', '.join(unknown)}; there "
                f"are {', '.join(FEEDS)}"
            )
        self._stages[stage.name] = stage

    def load(self, entry: EntryPoint) -> None:
        """Take in the stage that an entry point names. Errors: PluginFailed that names it."""
        try:
            loaded = entry.load()
            if not isinstance(loaded, Stage):
                raise TypeError(f"a {type(loaded).__name__}, no Stage")
            self.add(loaded)
        except Exception as error:  # whatever another's code raises is told with its name
            raise PluginFailed(entry, error) from error

    def checked(self, use: Use, feed: str) -> Step:
        """Find a stage for a feed, and read its options.

        Errors:  BadStage: which name, feed or option isn't allowed, and what is.
        """
        stage = self._stages.get(use.name)
        if stage is None:
            raise BadStage(f"no stage is called {use.name}{self._meant(use.name)}")
        if feed == "orders" and not stage.lossless:
            raise BadStage(
                f"{stage.name} may drop or repeat items, and the orders stream loses and repeats "
                f"nothing; allowed there: {self._names('orders')}"
            )
        if feed not in stage.feeds:
            raise BadStage(
                f"{stage.name} doesn't fit the {feed} feed; it fits {', '.join(stage.feeds)}; "
                f"allowed there: {self._names(feed)}"
            )
        try:
            return stage.step(use.options)
        except ValidationError as error:
            option, why = _first_of(error, stage.options)
            raise BadStage(f"{stage.name}: {why}", option) from None

    def allowed(self, feed: str) -> list[Stage]:
        """Give the stages that a feed may be given."""
        return [
            stage for stage in self if feed in stage.feeds and (stage.lossless or feed != "orders")
        ]

    def _names(self, feed: str) -> str:
        return ", ".join(stage.name for stage in self.allowed(feed))

    def _meant(self, name: str) -> str:
        near = difflib.get_close_matches(name, self._stages, 1)
        if near:
            return f"; did you mean {near[0]}?"
        return f"; there are {', '.join(self._stages)}"


def _first_of(error: ValidationError, options: type[Options]) -> tuple[str, str]:
    """Give the name of the option that is wrong, and what is allowed."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    names = ", ".join(options.model_fields) or "none"
    match first["type"]:
        case "extra_forbidden":
            return name, f"{name} is no option of it; its options: {names}"
        case "missing":
            return name, f"{name} is missing; its options: {names}"
        case "value_error":
            return name, str(first["msg"]).removeprefix("Value error, ")
        case _:
            said = str(first["msg"]).removeprefix("Input ")
            return name, f"{name} {said}, not {str(first['input'])[:40]!r}"
