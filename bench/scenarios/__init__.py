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
    ladder,
    many,
    memory,
    orders,
    stages,
    start,
    trading,
    unary,
)

SCENARIOS: dict[str, Scenario] = {
    module.SCENARIO.name: module.SCENARIO
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
        stages,
        counting,
        start,
    )
}
QUICK = ("ladder", "blast", "trading")
"""Run by `quick`."""
