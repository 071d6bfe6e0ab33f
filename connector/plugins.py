"""Stages and sources of other packages, found by their entry points."""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple, cast

import structlog

from connector.config import BadConfig, Config
from connector.observables import Sources
from connector.stages import GROUP, BadStage, Pipelines, PluginFailed, Registry

log = structlog.get_logger(__name__)

SOURCES = "connector.sources"
"""The entry-point group; each entry names a SourceOf."""

SourceOf = Callable[[Sources], Sources]
"""Gives what the public streams are made of, and may build on the exchange's own, which it gets."""


class Plugins(NamedTuple):
    """What other packages add."""

    registry: Registry
    source: SourceOf


def plugins_of(config: Config, found: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load every plug-in that is installed; `found` stands in for what is.

    Errors:  BadConfig that names a plug-in which fails to load, unless `plugins.strict` is false:
             then a warning names it. BadConfig when `plugins.source` isn't among those loaded.
    """
    entries = _installed() if found is None else list(found)
    registry = Registry()
    sources: dict[str, SourceOf] = {}
    for entry in entries:
        try:
            if entry.group == GROUP:
                registry.load(entry)
            else:
                sources[entry.name] = _source(entry)
        except PluginFailed as error:
            if config.plugins.strict:
                raise BadConfig(f"{error}; plugins.strict = false goes on without it") from error
            log.warning("plug-in left out", error=str(error))
    return Plugins(registry, _chosen(config.plugins.source, sources))


def pipelines_of(config: Config, plugins: Plugins | None = None) -> Pipelines:
    """Read each feed's stages. Errors: BadConfig that names the key and says what is allowed."""
    try:
        return Pipelines(config.feeds.stages, (plugins or plugins_of(config)).registry)
    except BadStage as error:
        raise BadConfig(str(error)) from None


def _installed() -> list[EntryPoint]:
    return [*entry_points(group=GROUP), *entry_points(group=SOURCES)]


def _source(entry: EntryPoint) -> SourceOf:
    try:
        loaded = entry.load()
        if not callable(loaded):
            raise TypeError(f"a {type(loaded).__name__}, no function of the exchange's sources")
    except Exception as error:  # whatever another's code raises is told with its name
        raise PluginFailed(entry, error) from error
    return cast("SourceOf", loaded)


def _chosen(name: str, sources: dict[str, SourceOf]) -> SourceOf:
    if not name:
        return lambda exchange: exchange
    if name not in sources:
        there = ", ".join(sorted(sources)) or "none is installed"
        raise BadConfig(f"plugins.source: no source is called {name}; there are: {there}")
    return sources[name]
