"""All scenarios, in the order in which they are run."""

from bench.run import Scenario
from bench.scenarios import (
    alone,
    blast,
    bursts,
    closes,
    counting,
    cycles,
    default,
    gap,
    hostile,
    ladder,
    many,
    memory,
    orders,
    reload,
    share,
    stages,
    start,
    trading,
    unary,
)

_SCENARIOS = [
    module.SCENARIO
    for module in (
        ladder,
        bursts,
        blast,
        many,
        alone,
        memory,
        trading,
        orders,
        gap,
        unary,
        default,
        closes,
        cycles,
        reload,
        share,
        stages,
        counting,
        start,
        hostile,
    )
]
SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario for scenario in (*_SCENARIOS, hostile.ON_THE_WIRE)
}
QUICK = ("ladder", "blast", "trading", "share")
"""Run by `quick`."""
