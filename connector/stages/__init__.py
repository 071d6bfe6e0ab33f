"""Stages that a feed, or one client's stream, may be given by name."""

from connector.stages.notation import BadNotation, Use, parse
from connector.stages.pipeline import Given, Pipeline, Pipelines, configured, written
from connector.stages.registry import GROUP, BadStage, PluginFailed, Registry
from connector.stages.stage import FEEDS, VALUED, Items, Options, Stage, Step

__all__ = [
    "FEEDS",
    "GROUP",
    "VALUED",
    "BadNotation",
    "BadStage",
    "Given",
    "Items",
    "Options",
    "Pipeline",
    "Pipelines",
    "PluginFailed",
    "Registry",
    "Stage",
    "Step",
    "Use",
    "configured",
    "parse",
    "written",
]
